"""The audit says who did what, when, on which data."""

from datetime import timedelta

import pandas as pd
import pytest

import mlops_lite as ml
from mlops_lite.errors import InvalidInputError


@pytest.fixture
def told(store, monkeypatch):
    monkeypatch.setenv("MLOPS_LITE_AUTHOR", "ann")
    snapshot = ml.Dataset("flights", store=store).snapshot(pd.DataFrame({"x": [1.0, 2.0]}), message="january")
    ml.Dataset("other", store=store).snapshot(pd.DataFrame({"y": [1.0]}))
    registry = ml.Registry(store)
    registry.register("churn", {"w": [1.0]}, dataset=snapshot)
    registry.register("churn", {"w": [2.0]})
    monkeypatch.setenv("MLOPS_LITE_AUTHOR", "bob")
    registry.approve("churn@1", "looked at")
    registry.promote("churn@1", "champion")
    ml.deploy("churn@1", to="prod", message="first", store=store)
    ml.deploy("churn@2", to="prod", store=store)
    live = ml.Deployment("prod", store=store)
    live.rollback("it is worse")
    live.close()
    with store, ml.start_run(experiment="e"):
        snapshot.load()
    return store


def test_everything_is_there_in_order(told):
    found = ml.audit(store=told)
    assert found["time"].is_monotonic_increasing
    assert found["action"].tolist()[:9] == [
        "snapshot", "snapshot", "register", "register", "approve", "label", "deploy", "deploy", "rollback",
    ]  # fmt: skip
    assert found["author"].tolist()[:9] == ["ann"] * 4 + ["bob"] * 5
    assert found["message"].tolist()[0] == "january"
    assert found["message"].tolist()[8] == "it is worse"
    assert found["digest"].tolist()[0] == told.log("dataset", "flights").read(1).digest


def test_it_says_what_an_entry_is_about_and_on_which_data(told):
    found = ml.audit(store=told).set_index("action")
    assert found.loc["approve", "about"] == "model/churn@1"
    assert found.loc["label", "about"] == "model/churn@1"
    assert found.loc["rollback", "about"] == "model/churn@1"
    assert found.loc["rollback", "data"] == ["dataset/flights@1"]
    assert found["data"].iloc[3] == []
    assert found.iloc[-1]["data"] == ["dataset/flights@1"]


def test_it_can_be_asked_of_one_thing(told):
    found = ml.audit("model/churn@1", store=told)
    assert "dataset/other@1" not in found["ref"].tolist()
    assert "model/churn@2" not in found["ref"].tolist()
    assert found["action"].tolist() == ["snapshot", "register", "approve", "label", "deploy", "rollback"]


def test_it_can_be_asked_by_person_action_and_time(told):
    assert set(ml.audit(author="ann", store=told)["action"]) == {"snapshot", "register"}
    assert ml.audit(action="rollback", store=told)["author"].tolist() == ["bob"]
    assert len(ml.audit(until="2001-01-01", store=told)) == 0
    assert len(ml.audit(since=timedelta(hours=1), store=told)) == len(ml.audit(store=told))
    middle = ml.audit(store=told)["time"].iloc[4]
    parts = ml.audit(until=middle, store=told), ml.audit(since=middle, store=told)
    assert [len(part) for part in parts] == [4, len(ml.audit(store=told)) - 4]
    with pytest.raises(InvalidInputError, match="'soon' is no time"):
        ml.audit(since="soon", store=told)


def test_predictions_are_not_acts(told):
    live = ml.Deployment("prod", store=told, follow=None, log={"flush_s": 3600})
    live.label("a", 1)
    live.close()
    assert "label" not in ml.audit(store=told).iloc[9:]["action"].tolist()


def test_an_empty_store_has_nothing_to_tell(store):
    found = ml.audit(store=store)
    assert len(found) == 0
    assert {"time", "author", "action", "ref", "data"} <= set(found.columns)
