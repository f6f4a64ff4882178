"""Runs in a bucket: written on this machine first, there within a second, and lost by no kill."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest

import mlops_lite as ml
from mlops_lite.store import Store
from mlops_lite.tracking import RunWarning
from tests.store.backends.test_buckets import count_requests

PROGRAM = """
import json, os, sys, time
import mlops_lite as ml
url, options = json.loads(sys.argv[1])
with ml.Store(url, **options), ml.start_run("train") as run:
    ml.log_params(depth=3)
    ml.log_artifact("notes", b"all well")
    for step in range(1000):
        ml.log(loss=1.0 / (step + 1))
    print(run.id, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def bucket(s3):
    url, options = s3
    return Store(url, **options)


def until(condition, seconds=20):
    """Wait for something that another process or thread does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(LookupError):
            if condition():
                return True
        time.sleep(0.05)
    return False


def test_what_is_recorded_in_a_bucket_is_read_from_another_machine(bucket, monkeypatch, tmp_path):
    with ml.start_run("train", store=bucket) as run:
        ml.log_params(depth=3)
        ml.log(loss=[0.5, 0.25])
        ml.log_artifact("notes", b"all well")
    run.sync()
    monkeypatch.setenv("MLOPS_LITE_CACHE", str(tmp_path / "elsewhere"))
    found = ml.get(run.ref, Store(bucket.url, **bucket._options))
    assert (found.status, found.params["depth"], found.metrics["loss"]) == ("finished", 3, 0.25)
    assert found.history("loss").value.tolist() == [0.5, 0.25]
    assert found.artifacts["notes"].load() == b"all well"
    assert [one.id for one in ml.runs(store=bucket, where="depth == 3")] == [run.id]


def test_points_arrive_while_the_run_goes_on(bucket):
    with ml.start_run(store=bucket) as run:
        for step in range(100):
            ml.log(loss=1.0, step=step)
        other = Store(bucket.url, **bucket._options)
        assert until(lambda: len(ml.get(run.ref, other).history("loss")) == 100)
        assert other.runs.state(run.id)["status"] == "running"


def test_a_killed_run_loses_no_point_that_was_acknowledged(bucket, s3):
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, json.dumps(s3)], stdout=subprocess.PIPE, text=True)
    run = process.stdout.readline().strip()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert bucket.runs.carry() == 1  # the next process on this machine carries it over
    found = ml.get(f"run/{run}", bucket)
    assert found.status == "killed" and len(found.history("loss")) == 1000
    assert found.artifacts["notes"].load() == b"all well"


def test_a_bucket_that_goes_away_costs_one_warning_and_nothing_else(s3, monkeypatch):
    url, options = s3
    away = Store(url, **options)

    @ml.track_run(store=away)
    def train(number):
        ml.log(loss=float(number))
        ml.log_artifact("notes", b"all well")
        return "done"

    with monkeypatch.context() as patch, pytest.warns(RunWarning, match="carried over when it answers") as told:
        patch.setattr(away.backend, "replace", refuse)
        patch.setattr(away.backend, "batch", refuse)
        assert [train(number) for number in range(3)] == ["done"] * 3
        for _ in range(3):
            away.runs._carried = 0.0
            away.runs.settle()
    assert len(told) <= 4  # one for each run, and one of who carries
    assert len(ml.runs(store=Store(url, **options))) == 0
    away.runs.carry()
    found = ml.runs(store=Store(url, **options))
    assert sorted(run.metrics["loss"] for run in found) == [0.0, 1.0, 2.0]
    assert {run.artifacts["notes"].load() for run in found} == {b"all well"}
    assert not away.runs.courier.waiting


def refuse(*arguments, **options):
    raise OSError("the network is down")


def test_a_listing_costs_few_requests_once_compacted(bucket, monkeypatch):
    for number in range(30):
        with ml.start_run(store=bucket) as run:
            run.log_params(number=number)
    run.sync()
    bucket.runs.compact()
    other = Store(bucket.url, **bucket._options)
    requests = count_requests(other, monkeypatch)
    frame = ml.runs(where="number >= 10", store=other).to_frame()
    assert len(frame) == 20 and len(requests) <= 20, requests
    again = count_requests(other, monkeypatch)
    ml.runs(where="number >= 10", store=other).to_frame()
    assert len(again) <= 8, again


def test_a_run_of_another_machine_that_fell_silent_is_out_of_reach_not_killed(bucket, monkeypatch):
    from mlops_lite.store import run_lock

    elsewhere = {
        "host": "elsewhere",
        "boot": "other",
        "machine": "other",
        "namespace": "pid:[1]",
        "pid": 1,
        "locked": "",
    }
    monkeypatch.setattr(run_lock, "whereabouts", lambda: dict(elsewhere))
    run = ml.start_run(store=bucket)
    bucket.runs.flush()
    monkeypatch.undo()
    other = Store(bucket.url, **bucket._options)
    assert other.runs.state(run.id)["status"] == "running"
    monkeypatch.setattr(run_lock, "SILENCE_S", -1.0)
    assert other.runs.state(run.id)["status"] == "lost contact"
    run.end()
    run.sync()
    assert other.runs.state(run.id)["status"] == "finished"
