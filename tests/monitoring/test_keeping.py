"""Rows and labels are kept for labels to come, and then forgotten."""

import datetime as dt
import os
import time

import pytest

import mlops_lite as ml
from mlops_lite.base import clock
from mlops_lite.errors import NotFoundError


@pytest.fixture
def later(monkeypatch):
    """Let days pass."""
    now = clock.now

    def pass_by(days):
        monkeypatch.setattr(clock, "now", lambda: now() + dt.timedelta(days=days))

    return pass_by


@pytest.fixture
def monitor(store, draw, watch):
    return ml.Monitor("churn", reference=draw(3000, 0), store=store, keep_days=30, **watch)


def kept(store):
    """The objects of rows and labels that records name."""
    bodies = [record.body for record in store.log("monitor", "churn").history() if record.action in ("check", "label")]
    return [body.get("rows") or body["labels"] for body in bodies]


def age(store):
    then = time.time() - 30 * 86_400
    for digest in store.objects:
        os.utime(store.objects.path(digest), (then, then))


def test_rows_and_labels_go_when_their_time_is_over(store, monitor, draw, later):
    rows = draw(500, 1)
    monitor.check(rows.drop(columns="churned"))
    monitor.label(rows["id"], rows["churned"])
    before = monitor.history()[0].metrics
    old = kept(store)
    later(20)
    monitor.check(draw(500, 2).drop(columns="churned"))
    age(store)
    store.gc(dry_run=False)
    assert all(digest in store.objects for digest in kept(store))
    later(40)
    monitor.check(draw(500, 3).drop(columns="churned"))
    store.gc(dry_run=False)
    assert [digest in store.objects for digest in kept(store)] == [False, False, True, True]
    assert kept(store)[:2] == old
    assert store.verify().ok
    assert store.verify(refs=["monitor/churn@2"]).ok
    assert monitor.history()[0].metrics == before
    assert len(monitor.label(rows["id"], rows["churned"])) == 0
    again = draw(500, 2)
    assert len(monitor.label(again["id"], again["churned"])) == 1


def test_what_others_keep_stays(store, monitor, draw, watch):
    rows = draw(500, 1)
    other = ml.Monitor("other", reference=draw(3000, 0), store=store, **watch)
    monitor.check(rows)
    other.check(rows)
    assert monitor.forget(0) == 1
    age(store)
    store.gc(dry_run=False)
    assert store.verify().ok
    assert len(other.label(rows["id"], rows["churned"])) == 1


def test_forget_all_at_once(store, monitor, draw):
    for seed in range(3):
        monitor.check(draw(100, seed))
    assert monitor.forget() == 0
    assert monitor.forget(0) == 3
    assert monitor.forget(0) == 0
    assert monitor.state.kept == len(store.log("monitor", "churn"))
    age(store)
    store.gc(dry_run=False)
    assert len(monitor.label(draw(100, 1)["id"], draw(100, 1)["churned"])) == 0
    assert f"since monitor/churn@{monitor.state.kept}" in str(monitor)


def test_a_copy_of_the_store_needs_nothing_that_was_forgotten(store, monitor, draw, tmp_path):
    for seed in range(3):
        monitor.check(draw(100, seed))
    monitor.forget(0)
    age(store)
    store.gc(dry_run=False)
    copy = ml.Store(tmp_path / "copy")
    store.sync(to=copy)
    assert copy.verify().ok
    assert len(ml.Monitor("churn", store=copy).history()) == 3


def test_what_is_missing_and_was_not_forgotten_is_missing(store, monitor, draw):
    monitor.check(draw(100, 1))
    monitor.check(draw(100, 2))
    digest = kept(store)[0]
    os.remove(store.objects.path(digest))
    assert [fault.refs for fault in store.verify().missing] == [("monitor/churn@2",)]
    with pytest.raises(NotFoundError):
        ml.Monitor("nobody", store=store)
