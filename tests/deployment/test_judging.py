"""A canary is judged from the prediction log, by any process; the promise on false returns holds."""

import numpy as np
import pytest

import mlops_lite as ml
from mlops_lite.deployment.judging import Judge, _Pair
from mlops_lite.deployment.labelled import Labelled, Loss
from mlops_lite.deployment.place import Place
from mlops_lite.deployment.rollouts.canary import Canary
from mlops_lite.errors import ConflictError
from tests.deployment.conftest import Constant


def serve(store, open_handles, *models, **canary):
    """Serve the first model, try the second one on half of the keys, and keep predictions."""
    for model in models:
        ml.Registry(store).register("churn", model)
    ml.deploy("churn@1", to="prod", store=store)
    ml.deploy("churn@2", to="prod", canary={"steps": 0.5, **canary}, store=store)
    return open_handles("prod", store=store, follow=None, log={"flush_s": 3600, "inputs": False})


def call(live, times, label=None):
    row = np.zeros((1, 2))
    for key in range(times):
        request = f"{id(live)}-{key}-{len(live.history())}"
        try:
            said = live.predict(row, key=key, request_id=request)
        except RuntimeError:
            continue
        if label is not None:
            live.label(request, label(said[0]))


def test_one_that_fails_goes_back(memory, open_handles):
    live = serve(memory, open_handles, Constant(1), Constant(2, failing=0.3))
    assert live.judge() is None
    call(live, 400)
    change = live.judge()
    assert change.action == "verdict"
    assert change.state.trial is None
    assert change.serving == "model/churn@1"
    assert change.facts["verdict"] == "worse"
    assert change.facts["p_value"] <= 0.05
    assert "churn@2 is worse on errors" in change.message
    with pytest.raises(ConflictError):
        live.judge()


def test_one_that_does_not_fail_advances_and_serves(memory, open_handles):
    live = serve(memory, open_handles, Constant(1), Constant(2), steps=[0.5, 0.7], margin=0.05)
    call(live, 600)
    first = live.judge()
    assert first.state.trial.share == 0.7
    assert live.judge() is None  # the next step asks for new data
    call(live, 600)
    second = live.judge()
    assert second.serving == "model/churn@2"
    assert "serves" in second.message


def test_a_canary_by_hand_is_not_judged(memory, open_handles):
    live = serve(memory, open_handles, Constant(1), Constant(2, failing=0.5), automatic=False)
    call(live, 300)
    assert live.judge() is None
    assert live.state.trial is not None


def test_any_process_may_judge_and_one_verdict_counts(memory, open_handles):
    live = serve(memory, open_handles, Constant(1), Constant(2, failing=0.3))
    call(live, 400)
    live._wiring.log.flush()
    judges = [Judge(Place(memory, "prod")) for _ in range(3)]
    verdicts = [judge.decide() for judge in judges]
    assert [verdict is not None for verdict in verdicts] == [True, False, False]
    assert [change.action for change in live.history()] == ["deploy", "begin", "verdict"]


def test_judges_that_look_at_other_times_come_to_the_same_numbers(memory, open_handles):
    live = serve(memory, open_handles, Constant(1, failing=0.05), Constant(2, failing=0.1), automatic=False)
    often = Judge(Place(memory, "prod"))
    for _ in range(5):
        call(live, 50)
        live._wiring.log.flush()
        often.decide()
    once = Judge(Place(memory, "prod"))
    once.decide()
    for name in ("worse", "fine"):
        a, b = (getattr(judge._tests.pairs[0], name) for judge in (often, once))
        assert a.state() == b.state()


def test_calls_before_the_trial_do_not_count(memory, open_handles):
    ml.Registry(memory).register("churn", Constant(1))
    ml.Registry(memory).register("churn", Constant(2, failing=1.0))
    ml.deploy("churn@2", to="prod", store=memory)
    live = open_handles("prod", store=memory, follow=None, log={"flush_s": 3600})
    call(live, 100)
    ml.deploy("churn@1", to="prod", store=memory)
    ml.deploy("churn@2", to="prod", canary=0.01, store=memory)
    live.refresh()
    call(live, 20)
    assert live.judge() is None


@pytest.mark.parametrize("metric", ["accuracy", "roc_auc", "mean_absolute_error"])
def test_labels_judge_too(memory, open_handles, metric):
    class Rated:
        classes_ = np.array([0, 1])

        def __init__(self, right):
            self.right = right

        def predict(self, X):
            truth = X[:, 0]
            return np.where(np.random.random(len(X)) < self.right, truth, 1 - truth).astype(int)

        def predict_proba(self, X):
            p = np.where(self.predict(X) == 1, 0.9, 0.1)
            return np.column_stack([1 - p, p])

    np.random.seed(0)
    live = serve(memory, open_handles, Rated(0.95), Rated(0.6), metric=metric, margin=0.2)
    X = np.random.default_rng(0).integers(0, 2, (3000, 1)).astype(float)
    ask = live.predict_proba if metric == "roc_auc" else live.predict
    for place in range(0, len(X), 10):
        ids = [f"r{place + row}" for row in range(10)]
        ask(X[place : place + 10], key=place, request_id=ids)
        live.label(ids, X[place : place + 10, 0].astype(int))
        if place % 1000 == 0:
            live._wiring.log.flush()
    change = live.judge()
    assert change.facts["verdict"] == "worse"
    assert change.facts["on"] == metric
    assert change.serving == "model/churn@1"


def test_labels_may_come_before_the_segment_and_count_once(memory, open_handles):
    live = serve(memory, open_handles, Constant(1), Constant(1), metric="accuracy")
    call(live, 40, label=lambda said: said)
    live._wiring.log.flush()
    labelled = Labelled("accuracy", 2)
    losses = [loss for record in memory.log("prediction", "prod").history() for loss in labelled.add(record, memory)]
    assert len(losses) == 40
    assert {loss.value for loss in losses} == {-1.0}
    assert {loss.model for loss in losses} == {"model/churn@1", "model/churn@2"}


def test_the_follower_judges_by_itself(memory, open_handles, row):
    import time

    for model in (Constant(1), Constant(2, failing=0.5)):
        ml.Registry(memory).register("churn", model)
    ml.deploy("churn@1", to="prod", store=memory)
    ml.deploy("churn@2", to="prod", canary=0.5, store=memory)
    live = open_handles("prod", store=memory, poll_s=0.02, log={"flush_s": 0.02})
    end = time.monotonic() + 20
    key = 0
    while live.state.trial is not None:
        assert time.monotonic() < end
        key += 1
        try:
            live.predict(row, key=key)
        except RuntimeError:
            continue
    assert live.history()[-1].action == "verdict"
    assert live.predict(row) == [1]


def test_whoever_cannot_judge_follows_all_the_same(memory, open_handles, row, monkeypatch):
    for number in (1, 2, 3):
        ml.Registry(memory).register("churn", Constant(number))
    ml.deploy("churn@1", to="prod", store=memory)
    ml.deploy("churn@2", to="prod", canary=0.5, store=memory)
    live = open_handles("prod", store=memory, follow=None, log={"flush_s": 0.01})
    live.predict(row, key=1)
    monkeypatch.setattr(Judge, "decide", lambda self: 1 / 0)
    live._following.look()
    ml.deploy("churn@3", to="prod", store=memory)
    live._following.look()
    assert live.predict(row) == [3]
    assert live.problem is None


# ── the promise ──────────────────────────────────────────────────────────────────────────────────────────────────


def false_returns(streams, rate, alpha, share, records, calls, seed):
    """Count the trials of a version that is no worse that are taken back at any of the looks."""
    dice = np.random.default_rng(seed)
    refuted = 0
    for _ in range(streams):
        pair = _Pair("errors", Canary(share, alpha=alpha), (0.0, 1.0))
        for _ in range(records):
            failed = dice.random(calls) < rate
            mine = dice.random(calls) < share
            losses = [Loss("b" if own else "a", 1, float(one)) for own, one in zip(mine, failed, strict=True)]
            pair.update([one for one in losses if one.model == "b"], [one for one in losses if one.model == "a"], 1)
            if pair.worse.refuted:
                refuted += 1
                break
    return refuted / streams


@pytest.mark.parametrize(("rate", "share"), [(0.02, 0.1), (0.3, 0.5)])
def test_a_version_that_is_no_worse_is_seldom_taken_back(rate, share):
    """At every look together at most alpha: here 400 trials with 40 looks each, so four standard errors are 4.4 %."""
    assert false_returns(400, rate, 0.05, share, 40, 60, seed=1) <= 0.05 + 0.044


def test_one_that_is_worse_is_taken_back():
    dice = np.random.default_rng(3)
    found = 0
    for _ in range(20):
        pair = _Pair("errors", Canary(0.1), (0.0, 1.0))
        for _ in range(60):
            mine = [Loss("b", 1, float(one)) for one in dice.random(10) < 0.15]
            theirs = [Loss("a", 1, float(one)) for one in dice.random(90) < 0.01]
            pair.update(mine, theirs, 1)
        found += pair.worse.refuted
    assert found >= 18


def test_a_loss_without_an_end_sets_its_range_by_what_is_not_tested():
    pair = _Pair("mean_absolute_error", Canary(0.5, metric="mae"), None)
    early = [Loss("a", 1, float(one)) for one in range(200)]
    pair.update([], early, 1)
    assert pair.span == (0.0, pytest.approx(197.01))
    assert pair.worse is None
    pair.update([Loss("b", 1, 5.0)], [Loss("a", 1, 5.0)], 1)
    assert (pair.worse.candidates, pair.worse.references) == (1, 1)
