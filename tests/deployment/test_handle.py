"""A handle follows its log, swaps without a failed call, and goes on serving whatever happens."""

import gc
import os
import pickle
import threading
import time

import numpy as np
import pytest

import mlops_lite as ml
from mlops_lite.errors import (
    ConflictError,
    DamagedError,
    InvalidInputError,
    InvalidTypeError,
    NotFoundError,
    SignatureError,
    StoreUnavailableError,
    UntrustedError,
)
from tests.deployment.conftest import register


def until(condition, seconds=10.0):
    """Wait for something that another thread does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


@pytest.fixture
def live(served, open_handles):
    ml.deploy("churn@1", to="prod", store=served)
    return open_handles("prod", store=served)


def test_it_serves_what_was_deployed(live, row):
    assert live.predict(row) == [1]
    assert (live.version, live.model.ref, live.ref) == (1, "model/churn@1", "deployment/prod@1")
    assert live.predict_proba(row).shape == (1, 2)
    assert live.native.number == 1
    assert live(row) == [1]


def test_a_deployment_of_this_process_is_served_at_once(live, served, row):
    live.predict(row)
    ml.deploy("churn@2", to="prod", store=served)
    assert live.predict(row) == [2]


def test_another_process_follows_within_a_poll(live, served, row, monkeypatch):
    live.predict(row)
    monkeypatch.setattr("mlops_lite.deployment.deploying.poke", lambda place: None)
    ml.deploy("churn@2", to="prod", store=served)
    until(lambda: live.predict(row) == [2])
    assert live.version == 2


def test_nothing_is_loaded_to_look_back_or_to_roll_back(served, open_handles, monkeypatch):
    ml.deploy("churn@1", to="prod", store=served)
    ml.deploy("churn@2", to="prod", store=served)
    monkeypatch.setattr("mlops_lite.deployment.following.load", lambda *_: pytest.fail("a model was loaded"))
    live = open_handles("prod", store=served)
    assert len(live.history()) == 2
    assert live.version == 2
    assert live.rollback("it cannot be opened").serving == "model/churn@1"
    assert live.version == 1


def test_there_is_no_place_that_was_never_deployed_to(served):
    ml.deploy("churn@1", to="production", store=served)
    with pytest.raises(NotFoundError, match="Did you mean 'production'"):
        ml.Deployment("producton", store=served)


def test_a_place_whose_first_deployment_was_refused_serves_nothing(served, open_handles, row):
    with pytest.raises(ml.errors.GateError):
        ml.deploy("churn@1", to="prod", gates=[lambda candidate: False], store=served)
    live = open_handles("prod", store=served)
    with pytest.raises(NotFoundError, match="Nothing serves at 'prod' yet"):
        live.predict(row)
    ml.deploy("churn@1", to="prod", store=served)
    assert live.predict(row) == [1]


def test_a_model_without_a_method_says_which_it_has(store, open_handles):
    ml.Registry(store).register("double", np.negative)
    ml.deploy("double@1", to="prod", store=store)
    live = open_handles("prod", store=store)
    assert live.predict(2) == -2
    assert live(2) == -2
    with pytest.raises(InvalidTypeError, match=r"double@1 is a ufunc and has no predict_proba. It has __call__"):
        live.predict_proba(2)


def test_every_method_of_the_model_stays_reachable(live, row):
    assert live.native.predict_proba(row)[0, 1] == pytest.approx(0.1)


@pytest.mark.parametrize("options", [{"follow": "often"}, {"poll_s": 0}, {"poll_s": -1}, {"log": 3}])
def test_options_that_mean_nothing_are_refused(served, options):
    ml.deploy("churn@1", to="prod", store=served)
    with pytest.raises(InvalidInputError):
        ml.Deployment("prod", store=served, **options)


# ── going on whatever happens ────────────────────────────────────────────────────────────────────────────────────


def damage(store, version):
    """Change a byte of each object that only this version has."""
    ref = store.log("model", "churn").read(version)
    others = {digest for number in (1, 2, 3) if number != version for digest in _objects(store, number)}
    for digest in set(ref.objects) - others:
        path = store.objects.path(digest)
        path.chmod(0o644)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0xFF
        path.write_bytes(data)


def _objects(store, number):
    return store.log("model", "churn").read(number).objects


def test_a_damaged_version_changes_nothing(live, served, row):
    live.predict(row)
    damage(served, 2)
    ml.deploy("churn@2", to="prod", store=served)
    assert isinstance(live.problem, DamagedError)
    assert live.predict(row) == [1]
    with pytest.raises(DamagedError):
        live.refresh()
    assert live.predict(row) == [1]
    live.rollback("it is damaged", leaving="churn@2")
    live.refresh()
    assert live.problem is None


def test_an_untrusted_version_changes_nothing(served, open_handles, row):
    ml.Registry(served).register("churn", {"not": "code"})
    ml.deploy("churn@4", to="prod", store=served)
    careful = open_handles("prod", store=served, trusted="arrays", follow=None)
    assert careful.native == {"not": "code"}
    ml.deploy("churn@1", to="prod", store=served)
    with pytest.raises(UntrustedError):
        careful.refresh()
    assert careful.native == {"not": "code"}


def test_an_unknown_version_is_refused_before_anything_is_written(live, served, row):
    with pytest.raises(NotFoundError, match=r"has no version 9. There are versions 1 to 3"):
        ml.deploy("churn@9", to="prod", store=served)
    with pytest.raises(NotFoundError, match="no alias 'champion'"):
        ml.deploy("churn@champion", to="prod", store=served)
    with pytest.raises(NotFoundError, match="no model 'chrun'"):
        ml.deploy("chrun@1", to="prod", store=served)
    assert len(live.history()) == 1
    assert live.predict(row) == [1]


def test_a_store_that_vanishes_is_served_through(live, served, row, tmp_path):
    live.predict(row)
    (tmp_path / "store").rename(tmp_path / "gone")
    time.sleep(0.3)
    assert live.predict(row) == [1]
    assert live.stale_s > 0.1
    assert live.problem is not None
    (tmp_path / "gone").rename(tmp_path / "store")
    until(lambda: live.problem is None)
    ml.deploy("churn@2", to="prod", store=served)
    assert live.predict(row) == [2]
    assert live.problem is None
    assert live.stale_s < 5


def test_a_record_of_a_newer_format_changes_nothing(live, served, row):
    live.predict(row)
    folder = next(p for p in served.objects.path(next(iter(served.objects))).parents if p.name == "objects").parent
    path = folder / "logs/deployment/prod/000000000002.json"
    path.write_bytes(b'{"format":99}')
    until(lambda: live.problem is not None)
    assert "format 99" in str(live.problem)
    assert live.predict(row) == [1]


def test_a_rollout_that_this_process_does_not_know_changes_nothing(live, served, row):
    from mlops_lite.deployment.place import Place
    from mlops_lite.deployment.state import Trial

    live.predict(row)
    place = Place(served, "prod")
    place.append("begin", "model/churn@2", lambda state: state.on_trial(Trial("model/churn@2", "moonphase", 0.5)))
    with pytest.raises(NotFoundError, match="moonphase"):
        live.refresh()
    assert live.predict(row) == [1]


def test_input_of_the_wrong_shape_names_every_mismatch(store, open_handles):
    import pandas as pd

    example = pd.DataFrame({"age": [1.0], "city": ["Rome"]})
    register(store, 1, example=example)
    ml.deploy("churn@1", to="prod", store=store)
    live = open_handles("prod", store=store)
    assert live.predict(example) == [1]
    with pytest.raises(SignatureError) as caught:
        live.predict(pd.DataFrame({"age": ["old"], "town": ["Rome"]}))
    assert "age" in str(caught.value)
    assert "city" in str(caught.value)
    unchecked = open_handles("prod", store=store, check=False)
    assert unchecked.predict(pd.DataFrame({"town": ["Rome"]})) == [1]


# ── swapping ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_call_fails_and_none_sees_two_versions(served, open_handles, row, monkeypatch):
    """Four threads call while a fifth deploys; what a call returns is of one version."""
    ml.deploy("churn@1", to="prod", store=served)
    live = open_handles("prod", store=served, poll_s=0.002)
    live.predict(row)
    monkeypatch.setattr("mlops_lite.deployment.deploying.poke", lambda place: None)
    answers, failures, stop = set(), [], threading.Event()
    rows = np.zeros((50, 3))

    def call():
        while not stop.is_set():
            try:
                answers.add(tuple(set(live.predict(rows).tolist())))
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for version in (2, 3, 1, 2, 3):
        ml.deploy(f"churn@{version}", to="prod", store=served)
        until(lambda version=version: live.version == version)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert answers == {(1,), (2,), (3,)}


def test_the_old_version_is_let_go(served, open_handles, row):
    import gc
    import weakref

    ml.deploy("churn@1", to="prod", store=served)
    live = open_handles("prod", store=served)
    old = weakref.ref(live.native)
    ml.deploy("churn@2", to="prod", store=served)
    live.predict(row)
    gc.collect()
    assert old() is None


def test_without_threads_the_clock_is_looked_at_in_calls(served, open_handles, row, monkeypatch):
    monkeypatch.setattr("mlops_lite.deployment.deploying.poke", lambda place: None)
    ml.deploy("churn@1", to="prod", store=served)
    before = threading.active_count()
    live = open_handles("prod", store=served, follow="call", poll_s=0.05)
    assert live.predict(row) == [1]
    assert threading.active_count() == before
    ml.deploy("churn@2", to="prod", store=served)
    time.sleep(0.06)
    assert live.predict(row) == [2]


def test_without_following_only_refresh_changes_it(served, open_handles, row, monkeypatch):
    monkeypatch.setattr("mlops_lite.deployment.deploying.poke", lambda place: None)
    ml.deploy("churn@1", to="prod", store=served)
    live = open_handles("prod", store=served, follow=None)
    assert live.predict(row) == [1]
    ml.deploy("churn@2", to="prod", store=served)
    assert live.predict(row) == [1]
    assert live.refresh().predict(row) == [2]


def test_a_handle_pickles(live, row):
    copy = pickle.loads(pickle.dumps(live))
    assert copy.predict(row) == [1]
    copy.close()


def test_a_closed_handle_goes_on_answering(live, row):
    live.predict(row)
    live.close()
    assert live.predict(row) == [1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_follows_by_itself(live, served, row):
    live.predict(row)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            live.predict(row)
            end = time.monotonic() + 10
            while live.predict(row)[0] != 2 and time.monotonic() < end:
                time.sleep(0.01)
            os.write(write, b"%d" % live.predict(row)[0])
        finally:
            os._exit(0)
    ml.deploy("churn@2", to="prod", store=served)
    os.waitpid(child, 0)
    assert os.read(read, 10) == b"2"
    os.close(read), os.close(write)


# ── going back ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_goes_back_step_by_step_and_no_further(served, open_handles, row):
    for version in (1, 2, 3):
        ml.deploy(f"churn@{version}", to="prod", store=served)
    live = open_handles("prod", store=served)
    assert live.predict(row) == [3]
    live.rollback("3 is worse")
    assert live.predict(row) == [2]
    live.rollback("2 too")
    assert live.predict(row) == [1]
    with pytest.raises(NotFoundError, match="not rolled back from"):
        live.rollback("1 too")
    assert [change.action for change in live.history()] == ["deploy"] * 3 + ["rollback"] * 2


def test_it_goes_back_to_a_named_version(served, open_handles):
    for version in (1, 2, 3):
        ml.deploy(f"churn@{version}", to="prod", store=served)
    live = open_handles("prod", store=served)
    assert live.rollback("far back", to=1).serving == "model/churn@1"
    with pytest.raises(NotFoundError, match=r"ml\.deploy"):
        live.rollback("forward?", to=3)


@pytest.mark.parametrize("reason", [2, "", "  ", None])
def test_a_rollback_needs_words(live, reason):
    hint = r"to=2\)\?" if reason == 2 else "in words"
    with pytest.raises(InvalidInputError, match=hint):
        live.rollback(reason)


def test_a_rollback_that_was_overtaken_changes_nothing(served, open_handles, row, monkeypatch):
    for version in (1, 2):
        ml.deploy(f"churn@{version}", to="prod", store=served)
    monkeypatch.setattr("mlops_lite.deployment.deploying.poke", lambda place: None)
    live = open_handles("prod", store=served, follow=None)
    assert live.predict(row) == [2]
    monkeypatch.setenv("MLOPS_LITE_AUTHOR", "ann")
    ml.deploy("churn@3", to="prod", store=served)
    with pytest.raises(ConflictError, match=r"churn@2 does not serve here: .*churn@3 came after.*ann.*changed nothing"):
        live.rollback("2 is worse")
    assert len(live.history()) == 3


def test_two_rollbacks_of_one_version_go_back_once(served, open_handles, row, monkeypatch):
    for version in (1, 2, 3):
        ml.deploy(f"churn@{version}", to="prod", store=served)
    monkeypatch.setattr("mlops_lite.deployment.handle.poke", lambda place: None)
    one, two = (open_handles("prod", store=served, follow=None) for _ in range(2))
    one.predict(row), two.predict(row)
    one.rollback("alarm")
    with pytest.raises(ConflictError, match="changed nothing"):
        two.rollback("alarm")
    assert two.refresh().version == 2


def test_deploying_what_serves_changes_nothing(live, served):
    assert ml.deploy("churn@1", to="prod", store=served).number == 1
    assert len(live.history()) == 1


def test_the_past_can_be_asked(served, open_handles, monkeypatch):
    monkeypatch.setenv("MLOPS_LITE_AUTHOR", "ann")
    first = ml.deploy("churn@1", to="prod", message="first", store=served)
    second = ml.deploy("churn@2", to="prod", store=served)
    live = open_handles("prod", store=served)
    live.rollback("it is worse")
    assert live.at(first.since).serving == "model/churn@1"
    assert live.at(second.since.isoformat()).model == "model/churn@2"
    assert live.at("2999-01-01").serving == "model/churn@1"
    with pytest.raises(NotFoundError, match="Nothing served at 'prod' at 2001"):
        live.at("2001-01-01T00:00Z")
    with pytest.raises(InvalidInputError, match="'yesterday' is no time"):
        live.at("yesterday")
    history = live.history()
    assert [change.until for change in history] == [second.since, history[2].since, None]
    assert [change.message for change in history] == ["first", None, "it is worse"]
    frame = history.to_frame()
    assert frame["author"].tolist() == ["ann"] * 3
    assert frame["serving"].tolist() == ["model/churn@1", "model/churn@2", "model/churn@1"]
    assert served.verify().ok


def test_it_draws_itself(live):
    assert "churn@1" in live._repr_html_()
    assert "churn@1" in str(live)
    assert str(live.history())
    assert "deploy" in str(live.history()[0])
    assert repr(live) == "<Deployment prod: model/churn@1>"


def test_a_ref_opens_it(live, served):
    assert ml.get("deployment/prod@1", served).action == "deploy"
    opened = ml.get("deployment/prod", served)
    assert opened.version == 1
    opened.close()


def test_the_store_may_refuse_the_first_read(served, monkeypatch):
    ml.deploy("churn@1", to="prod", store=served)
    monkeypatch.setattr(type(served.backend), "read", lambda *args: (_ for _ in ()).throw(OSError("away")))
    with pytest.raises(StoreUnavailableError):
        ml.Deployment("prod", store=ml.Store(served.url))


def test_models_are_refused_before_a_place_is_made(served):
    with pytest.raises(ml.errors.InvalidNameError):
        ml.deploy("churn@1", to="../prod", store=served)
    with pytest.raises(InvalidInputError, match="here a model is expected"):
        ml.deploy("dataset/flights@1", to="prod", store=served)
    assert served.names("deployment") == []


def test_a_module_of_torch_serves_without_gradients(store, open_handles):
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.Dropout(0.5))
    ml.Registry(store).register("net", module)
    ml.deploy("net@1", to="prod", store=store)
    live = open_handles("prod", store=store, trusted="code")
    X = np.ones((2, 3), dtype=np.float32)
    first = live.predict(X)
    assert isinstance(first, np.ndarray)
    assert (first == live.predict(X)).all()  # nothing is dropped out
    assert not live(torch.ones(2, 3)).requires_grad


@pytest.mark.parametrize("collects", [True, False])
def test_the_collector_of_garbage_is_left_as_it_was(live, row, collects):
    before = gc.isenabled()
    (gc.enable if collects else gc.disable)()
    try:
        live.predict(row)
        assert gc.isenabled() == collects
    finally:
        (gc.enable if before else gc.disable)()
