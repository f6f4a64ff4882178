"""Every record of a monitor can be opened by its ref."""

import pytest

import mlops_lite as ml
from mlops_lite.errors import NotFoundError
from mlops_lite.monitoring import Event, Report


def test_every_ref_opens(store, draw, watch):
    monitor = ml.Monitor("churn", reference=draw(3000, 0), store=store, **watch)
    monitor.on_alert(len)  # fails, and the failure is on record
    rows = draw(1000, 1, shift=9)
    monitor.check(rows.drop(columns="churned"))
    monitor.label(rows["id"], rows["churned"])
    with store:
        found = [ml.get(f"monitor/churn@{record.number}") for record in store.log("monitor", "churn").history()]
        with pytest.raises(NotFoundError):
            ml.get("monitor/churn@99")
    assert [getattr(each, "action", "check") for each in found] == ["define", "check", "outcome", "label"]
    assert [type(each) for each in found] == [Event, Report, Event, Event]
    outcome = found[2]
    assert outcome.facts["status"] == "failed"
    assert outcome.facts["for"] == 2
    assert repr(outcome) == "<Event monitor/churn@3: outcome>"
    assert "failed" in str(outcome)
    shown = str(Event(outcome.ref, "define", outcome.time, "Ada", facts={"reference": "ab" * 32}))
    assert "abababab" in shown and "ab" * 32 not in shown
    assert "<table" in outcome._repr_html_()
