"""The errors of the first ten minutes: each says what happened, to which thing, and what to write instead."""

import os
import subprocess
import sys

import pytest

import mlops_lite as ml
from mlops_lite.errors import (
    FilterError,
    InvalidInputError,
    InvalidTypeError,
    MissingLibraryError,
    MlopsLiteError,
    NotFoundError,
    StoreUnavailableError,
    UnsupportedStoreError,
)


def advice(error, action):
    """Give what somebody reads."""
    with pytest.raises(error) as caught:
        action()
    assert isinstance(caught.value, MlopsLiteError)
    return str(caught.value)


def write(store):
    store.log("dataset", "flights").append({}, action="snapshot")


@pytest.mark.parametrize(
    ("url", "error", "said"),
    [
        ("s4://bucket/prefix", UnsupportedStoreError, "Known: "),
        ("", InvalidInputError, "write '.'"),
        ("s3:/bucket/prefix", InvalidInputError, "Write 's3://bucket/prefix'"),
        (None, InvalidTypeError, "ml.use('./folder')"),
        (3, InvalidTypeError, "ml.use('./folder')"),
    ],
)
def test_a_wrong_url(url, error, said):
    assert said in advice(error, lambda: ml.use(url))


@pytest.mark.parametrize(
    ("scheme", "module", "extra"), [("s3", "s3fs", "s3"), ("gs", "gcsfs", "gcs"), ("az", "adlfs", "azure")]
)
def test_a_missing_extra(scheme, module, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(
        sys.modules, f"mlops_lite.store.backends.{ {'gs': 'gcs', 'az': 'azure'}.get(scheme, scheme) }", False
    )
    said = advice(MissingLibraryError, lambda: write(ml.Store(f"{scheme}://bucket/prefix")))
    assert f"pip install 'mlops_lite[{extra}]'" in said


def test_a_file_where_the_store_should_be(tmp_path):
    (tmp_path / "store").write_text("not a folder")
    assert "Name a folder." in advice(UnsupportedStoreError, lambda: write(ml.Store(tmp_path / "store")))


def test_no_permission_to_write(tmp_path):
    """As another user than root, whom nothing is forbidden; after a first write, for which all modules are loaded."""
    code = (
        "import os, sys; import mlops_lite as ml\n"
        "ml.Store(sys.argv[1]).log('dataset', 'x').append({}, action='snapshot')\n"
        "if os.getuid() == 0: os.seteuid(65534)\n"
        "try: ml.Store(sys.argv[2]).log('dataset', 'x').append({}, action='snapshot')\n"
        "except ml.errors.StoreUnavailableError as error: print(error)\n"
    )
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        os.chmod(folder, 0o755)
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "open"), str(closed / "store")], capture_output=True, text=True
    )
    assert str(closed / "store") in done.stdout, done.stderr
    assert "ermission" in done.stdout


def test_a_server_that_does_not_answer(monkeypatch):
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    store = ml.Store("s3://bucket/prefix", endpoint_url="http://127.0.0.1:9")
    with pytest.raises(StoreUnavailableError, match=r"127\.0\.0\.1:9"):
        write(store)


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("flights@3", "kind/name@version"),
        ("datset/flights@3", "Did you mean 'dataset'?"),
        ("run/01J", "ml.runs() lists them"),
    ],
)
def test_an_unknown_reference(ref, said, store):
    with store:
        assert said in advice((NotFoundError, InvalidInputError), lambda: ml.get(ref))


def test_logging_outside_a_run(store):
    from mlops_lite.tracking import warning

    said = getattr(warning, "_said", None)
    if said is not None:
        said.clear()
    with store, pytest.warns(UserWarning, match=r"decorate the function with @ml\.track_run"):
        ml.log(loss=1)


def test_a_misspelt_option_of_the_decorator():
    assert "Did you mean 'experiment'?" in advice(InvalidTypeError, lambda: ml.track_run(experment="churn"))


def test_decorating_what_is_no_function():
    assert "with ml.start_run" in advice(InvalidTypeError, lambda: ml.track_run(int))


def test_a_filter_with_a_slip(store):
    with store:
        with ml.start_run():
            ml.log(auc=0.9)
        assert "Did you mean 'auc'?" in advice(FilterError, lambda: ml.runs(where="auk > 0.9"))


def plain():
    """Nobody tracks it."""


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (lambda: ml.deploy("churn@1", to="prod"), "ml.Registry().register('churn', model)"),
        (lambda: ml.Registry().load("churn@champion"), "ml.Registry().register('churn', model)"),
        (lambda: ml.Deployment("prod"), "ml.deploy('model@1', to='prod')"),
        (lambda: ml.Monitor("churn").check({"age": [1.0]}), "ml.Monitor('churn', reference=snapshot)"),
        (lambda: ml.Dataset("flights").load(), "ml.Dataset('flights').snapshot(table)"),
        (lambda: ml.deploy(plain, to="prod"), "ml.Registry().register('name', model)"),
        (lambda: ml.reproduce(plain), "decorated with @ml.track_run; its .last_run is the run"),
        (lambda: ml.get(plain), "Write 'kind/name@version'"),
    ],
)
def test_a_step_before_the_one_that_it_needs(action, said, store):
    with store:
        assert said in advice((NotFoundError, InvalidInputError), action)


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (lambda: ml.Registry().get("chrun@1"), "Did you mean 'churn'?"),
        (lambda: ml.Registry().get("churn@champion"), "There is only version 1"),
        (lambda: ml.Dataset("flihgts").load(), "Did you mean 'flights'?"),
        (lambda: ml.Dataset("flights").load(7), "There is only version 1"),
    ],
)
def test_a_name_or_version_that_is_not_there(action, said, store):
    with store:
        ml.Registry().register("churn", {"weight": 1.0})
        ml.Dataset("flights").snapshot({"late": [True]})
        assert said in advice(NotFoundError, action)


def test_a_monitor_that_is_told_what_it_cannot_know(store):
    with store:
        monitor = ml.Monitor("ages", reference={"age": [1.0, 2.0, 3.0] * 50})
        for action, said in (
            (lambda: ml.Monitor("aegs").check({"age": [1.0]}), "Did you mean 'ages'?"),
            (lambda: ml.Monitor("new", reference={"age": [1.0]}, checks=["kss"]), "Did you mean 'ks'?"),
            (lambda: monitor.on_alert("rollback"), "Give one of ml.actions"),
            (lambda: monitor.label(["a"], [1]), "Define it with id="),
            (lambda: monitor.check("ages"), "kind/name@version"),
        ):
            assert said in advice(MlopsLiteError, action)
