"""Actions happen once across processes, and what came of them is on record."""

import subprocess
import sys

import numpy as np
import pytest

import mlops_lite as ml
from mlops_lite.errors import InvalidInputError


@pytest.fixture
def monitor(store):
    return ml.Monitor("m", reference={"x": np.random.default_rng(0).normal(size=2000)}, store=store)


def rows(mean, seed=1):
    return {"x": np.random.default_rng(seed).normal(mean, 1, 1000)}


def outcomes(store):
    return [record.body for record in store.log("monitor", "m").history() if record.action == "outcome"]


def test_an_action_is_done_when_an_alert_opens_and_not_while_it_stands(monitor, store):
    seen = []
    monitor.on_alert(lambda report: seen.append(report.ref))
    monitor.check(rows(0))
    opened = monitor.check(rows(3))
    monitor.check(rows(3, 2))
    assert seen == [opened.ref]
    assert set(monitor.alerts) == set(opened.opened)
    closed = monitor.check(rows(0, 3))
    assert set(closed.closed) == set(opened.opened)
    assert monitor.alerts == {}
    monitor.check(rows(3, 4))
    assert len(seen) == 2
    assert [body["status"] for body in outcomes(store)] == ["done", "done"]


def test_an_action_that_fails_does_not_hide_the_alert(monitor, store):
    def broken(report):
        raise RuntimeError("no connection")

    monitor.on_alert(broken)
    report = monitor.check(rows(3))
    assert not report.ok
    assert outcomes(store)[0]["status"] == "failed"
    assert outcomes(store)[0]["detail"] == "RuntimeError: no connection"


def test_warnings_act_only_where_they_were_asked_to(store):
    rules = {"x": ml.rules.between(-1, 1, severity="warning")}
    monitor = ml.Monitor("m", reference=rows(0), rules=rules, store=store)
    alerts, warnings = [], []
    monitor.on_alert(alerts.append).on_alert(warnings.append, severity="warning")
    monitor.check(rows(0, 2))
    assert (len(alerts), len(warnings)) == (0, 1)


def test_what_cannot_be_called_is_refused(monitor):
    with pytest.raises(InvalidInputError, match="cannot be called"):
        monitor.on_alert("prod")
    with pytest.raises(InvalidInputError, match="severity"):
        monitor.on_alert(print, severity="info")


def test_stored_actions_are_stored_once(monitor, store):
    for _ in range(2):
        monitor.on_alert(ml.actions.notify("http://127.0.0.1:9/x", tries=1))
    assert [act.action for act in ml.Monitor("m", store=store).state.actions] == ["notify"]


JOB = """
import sys, numpy as np, mlops_lite as ml
m = ml.Monitor("m", store=sys.argv[1])
m.check({"x": np.random.default_rng(1).normal(3, 1, 1000)})
"""


def test_a_stored_action_is_done_once_across_processes(monitor, store):
    monitor.on_alert(ml.actions.notify("http://127.0.0.1:9/x", tries=1))
    running = [subprocess.Popen([sys.executable, "-c", JOB, store.url]) for _ in range(4)]
    assert [process.wait() for process in running] == [0] * 4
    assert [body["did"] for body in outcomes(store)] == ["notify"]


def test_what_nobody_began_is_done_at_the_next_check(monitor, store, monkeypatch):
    monitor.on_alert(ml.actions.notify("http://127.0.0.1:9/x", tries=1))
    with monkeypatch.context() as patch:
        patch.setattr("mlops_lite.monitoring.monitor.Monitor._act", lambda self, report: None)  # died before it began
        monitor.check(rows(3))
    assert len(monitor.pending()) == 1
    monitor.check(rows(3, 2))
    assert monitor.pending() == ()
    assert [body["did"] for body in outcomes(store)] == ["notify"]
