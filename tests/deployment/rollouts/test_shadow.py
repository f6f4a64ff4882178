"""A shadow answers beside the one that serves; neither its time nor its errors reach the caller."""

import time

import numpy as np
import pytest

import mlops_lite as ml
from mlops_lite.errors import InvalidInputError
from tests.deployment.conftest import Constant


class Slow(Constant):
    def predict(self, X):
        time.sleep(0.2)
        return super().predict(X)


class Same(Constant):
    def predict(self, X):
        return np.full(len(X), 1.0 + 1e-12)


@pytest.fixture
def live(store, open_handles):
    registry = ml.Registry(store)
    for model in (Constant(1), Constant(2), Same(1), Constant(3, failing=1.0), Slow(4)):
        registry.register("churn", model)
    ml.deploy("churn@1", to="prod", store=store)
    return lambda version, **options: _shadowed(version, store, open_handles, options)


def _shadowed(version, store, open_handles, options):
    ml.deploy(f"churn@{version}", to="prod", shadow=options.pop("shadow", True), store=store)
    return open_handles("prod", store=store, **options)


def test_its_answers_are_compared_and_never_returned(live, row):
    handle = live(2)
    assert [handle.predict(row)[0] for _ in range(10)] == [1] * 10
    handle._wiring.drain()
    assert handle.shadow == {"compared": 10, "differed": 10, "failed": 0, "dropped": 0}
    assert handle.version == 1


def test_equal_up_to_rounding_is_equal(live, row):
    handle = live(3)
    handle.predict(row)
    handle._wiring.drain()
    assert handle.shadow["differed"] == 0


def test_its_errors_do_not_reach_the_caller(live, row):
    handle = live(4)
    assert handle.predict(row) == [1]
    handle._wiring.drain()
    assert handle.shadow["failed"] == 1


def test_its_time_does_not_reach_the_caller_and_the_queue_is_bounded(live, row, monkeypatch):
    monkeypatch.setattr("mlops_lite.deployment.wiring._MOST_WAITING", 2)
    handle = live(5)
    handle.predict(row)
    begin = time.monotonic()
    for _ in range(20):
        handle.predict(row)
    assert time.monotonic() - begin < 1  # in the way it would take 4 s
    assert handle.shadow["dropped"] >= 17


def test_it_answers_what_was_given_then(live, row):
    handle = live(2, log={"flush_s": 3600})
    array = np.zeros((1, 3))
    handle.predict(array, request_id="a")
    array[:] = 9
    handle._wiring.drain()
    shadow = handle.predictions(shadow=True)
    assert shadow["request_id"].tolist() == ["a"]
    assert shadow["prediction"].tolist() == [2]
    assert shadow["0"].tolist() == [0]
    assert handle.predictions()["prediction"].tolist() == [1]
    assert handle.predictions(shadow=True, version="churn@2")["model"].tolist() == ["model/churn@2"]


def test_it_can_answer_a_part(live, row):
    handle = live(2, shadow=0.3)
    for _ in range(300):
        handle.predict(row)
    handle._wiring.drain()
    assert 40 < handle.shadow["compared"] < 150


def test_it_ends_by_a_rollback_or_by_a_deployment(live, row, store):
    handle = live(2)
    handle.rollback("enough seen")
    assert handle.state.trial is None
    ml.deploy("churn@2", to="prod", shadow=True, store=store)
    ml.deploy("churn@2", to="prod", store=store)
    assert handle.refresh().predict(row) == [2]


@pytest.mark.parametrize("shadow", [1.5, -1, float("nan")])
def test_a_shadow_of_no_part_is_refused(live, store, shadow):
    with pytest.raises(InvalidInputError, match="of the calls is none"):
        ml.deploy("churn@2", to="prod", shadow=shadow, store=store)


def test_it_advances_to_all_or_not_at_all(live, row):
    """No key falls to it, so it cannot answer a part of them."""
    handle = live(2)
    with pytest.raises(InvalidInputError, match=r"cannot have a share of 0\.5.*canary"):
        handle.advance(0.5)
    assert handle.state.trial.share == 0
    handle.advance()
    assert handle.predict(row) == [2]
