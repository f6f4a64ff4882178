"""A canary answers its share of the keys, and only that."""

import numpy as np
import pandas as pd
import pytest

import mlops_lite as ml
from mlops_lite.deployment.rollouts._sticky import falls
from mlops_lite.errors import ConflictError, InvalidInputError
from tests.deployment.conftest import Constant, register


@pytest.fixture
def live(served, open_handles):
    ml.deploy("churn@1", to="prod", store=served)
    ml.deploy("churn@2", to="prod", canary=[0.3, 0.6], key="customer", store=served)
    return open_handles("prod", store=served)


def table(*customers):
    return pd.DataFrame({"customer": customers})


def answered(live):
    return np.array([live.predict(table(key))[0] for key in range(300)])


def test_it_answers_its_share_sticky_in_every_handle(live, served, open_handles):
    first = answered(live)
    assert abs((first == 2).mean() - 0.3) < 0.11
    assert (answered(live) == first).all()
    assert (answered(open_handles("prod", store=served)) == first).all()
    trial = live.state.trial
    assert [falls(key, trial.share, trial.salt) for key in range(300)] == (first == 2).tolist()


def test_it_advances_by_its_steps_and_keeps_its_keys(live):
    first = answered(live)
    live.advance()
    second = answered(live)
    assert live.state.trial.share == 0.6
    assert ((first == 2) <= (second == 2)).all()
    assert abs((second == 2).mean() - 0.6) < 0.12
    live.advance(0.8)
    live.advance()
    assert (answered(live) == 2).all()
    assert live.version == 2
    with pytest.raises(ConflictError, match="serves alone"):
        live.advance()
    assert [change.action for change in live.history()] == ["deploy", "begin", "advance", "advance", "advance"]


def test_it_goes_back(live):
    live.rollback("complaints")
    assert (answered(live) == 1).all()
    assert live.state.trial is None
    assert live.version == 1


def test_the_one_that_serves_can_be_left_while_another_is_on_trial(served, open_handles):
    ml.deploy("churn@1", to="prod", store=served)
    ml.deploy("churn@2", to="prod", store=served)
    ml.deploy("churn@3", to="prod", canary=0.3, store=served)
    live = open_handles("prod", store=served)
    change = live.rollback("an alarm about 2", leaving="churn@2")
    assert (change.serving, change.state.trial) == ("model/churn@1", None)


def test_a_call_with_several_keys_sees_one_version(live):
    trial = live.state.trial
    inside = [key for key in range(300) if falls(key, trial.share, trial.salt)]
    outside = [key for key in range(300) if key not in inside]
    assert set(live.predict(table(*inside[:5]))) == {2}
    with pytest.warns(UserWarning, match="though 5 of its 6 keys fall to it") as caught:
        assert set(live.predict(table(*inside[:5], outside[0]))) == {1}
    assert caught[0].filename == __file__


def test_a_call_whose_keys_fall_to_both_versions_warns_once(live, recwarn):
    trial = live.state.trial
    inside = [key for key in range(300) if falls(key, trial.share, trial.salt)]
    outside = [key for key in range(300) if key not in inside]
    live.predict(table(*outside[:5]))
    live.predict(table(outside[0], outside[0]))
    live.predict(table(*inside[:5]))
    assert not recwarn.list
    for _ in range(3):
        live.predict(table(inside[0], outside[0]))
        live.predict(np.zeros((2, 3)), key=[inside[0], outside[0]])
    assert len(recwarn.list) == 1
    assert (live.predict(table(inside[0], outside[0]), key=inside[0]) == 2).all()


def test_keys_can_be_passed(live):
    X = np.zeros((1, 3))
    trial = live.state.trial
    for key in range(50):
        assert live.predict(X, key=key)[0] == (2 if falls(key, trial.share, trial.salt) else 1)


def test_without_keys_calls_are_drawn(live):
    answers = [live.predict(np.zeros((1, 3)))[0] for _ in range(400)]
    assert 60 < answers.count(2) < 190
    assert len({live.predict(np.zeros((1, 3)), request_id="one request")[0] for _ in range(50)}) == 1


def test_the_first_version_of_a_place_serves_at_once(served, open_handles):
    change = ml.deploy("churn@1", to="new", canary=0.1, store=served)
    assert (change.action, change.serving, change.state.trial) == ("deploy", "model/churn@1", None)


def test_another_deployment_ends_a_trial(live, served):
    ml.deploy("churn@3", to="prod", store=served)
    assert (answered(live) == 3).all()
    assert live.rollback("back").serving == "model/churn@1"


def test_a_canary_of_what_serves_changes_nothing(live, served):
    assert ml.deploy("churn@1", to="prod", canary=0.5, store=served).number == 2
    assert live.state.trial.model == "model/churn@2"


def test_a_version_on_trial_that_cannot_be_loaded_leaves_the_other_alone(served, open_handles):
    ml.Registry(served).register("other", Constant(7))
    ml.deploy("churn@1", to="prod", store=served)
    for digest in served.log("model", "other").read(1).objects:
        if digest not in served.log("model", "churn").read(1).objects:
            path = served.objects.path(digest)
            path.chmod(0o644)
            path.write_bytes(b"damaged" + path.read_bytes()[7:])
    ml.deploy("other@1", to="prod", canary=0.5, store=served)
    live = open_handles("prod", store=served)
    assert {live.predict(np.zeros((1, 3)), key=key)[0] for key in range(20)} == {1}
    assert live.problem is not None


@pytest.mark.parametrize(
    "canary", [1.1, 0, 1, -0.1, [], [0.5, 0.2], [0.2, 0.2], True, float("nan"), {"steps": 0.1, "alpha": 2}]
)
def test_a_canary_that_is_none_is_refused_before_anything_is_written(served, canary):
    ml.deploy("churn@1", to="prod", store=served)
    with pytest.raises((InvalidInputError, ValueError)):
        ml.deploy("churn@2", to="prod", canary=canary, store=served)
    assert len(served.log("deployment", "prod")) == 1


def test_one_way_in_at_a_time(served):
    with pytest.raises(InvalidInputError, match="comes in one way"):
        ml.deploy("churn@2", to="prod", canary=0.1, shadow=True, store=served)


def test_register_gives_versions(memory):
    assert [version.version for version in register(memory, 1, 2)] == [1, 2]
