"""A process that serves is killed while it swaps: nothing is lost, and the next one serves what the log says."""

import os
import random
import subprocess
import sys
import time

import numpy as np
import pytest

import mlops_lite as ml
from tests.deployment.conftest import register

# it answers and keeps what it answered, tells what was stored, and kills itself where it is told to
SERVER = """
import importlib, os, signal, sys, threading
import numpy as np
import mlops_lite as ml

store, module, name = ml.Store(sys.argv[1]), *sys.argv[2:]
live = ml.Deployment("prod", store=store, poll_s=0.01, log={"flush_s": 3600})
row = np.zeros((1, 3))
live.predict(row)

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

if module:
    owner = importlib.import_module(module)
    *path, last = name.split(".")
    for one in path:
        owner = getattr(owner, one)
    setattr(owner, last, die)
print("ready", flush=True)
number = 0
while True:
    number += 1
    if name == "swapped" and live.version == 2:
        die()
    live.predict(row, request_id=f"{os.getpid()}-{number}")
    live._wiring.log.flush()
    print(f"{os.getpid()}-{number}", flush=True)
"""

POINTS = {
    "before it loads": ("mlops_lite.deployment.following", "load"),
    "while it reads": ("mlops_lite.registry.version", "ModelVersion.load"),
    "while it hashes": ("mlops_lite.formats.container.reader", "sha256"),
    "while it warms": ("mlops_lite.deployment.loaded", "Loaded.asked"),
    "before it swaps": ("mlops_lite.deployment.serving", "built"),
    "after it swapped": ("", "swapped"),
}


def serve(store, module="", name=""):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, store.url, module, name], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout.readline() == "ready\n"
    return process


def ended(process):
    """Wait for the end of a killed process, and give the names of the calls that it had kept for sure."""
    kept = process.stdout.read().split()
    process.stdout.close()
    assert process.wait(20) == -9
    return kept


def whole(store, kept, version):
    """Check that nothing is lost, and that a new process serves the version."""
    with ml.Deployment("prod", store=ml.Store(store.url)) as live:
        assert live.predict(np.zeros((1, 3))) == [version]
        history = live.history()
        assert [change.number for change in history] == list(range(1, len(history) + 1))
        assert {*kept} <= {*live.predictions()["request_id"]}
    assert store.verify().ok


@pytest.fixture
def deployed(store):
    """A place where the first of two versions serves, each with an example."""
    register(store, 1, 2, example=np.zeros((1, 3)))
    ml.deploy("churn@1", to="prod", store=store)
    return store


@pytest.mark.parametrize("point", POINTS)
def test_a_process_killed_in_a_swap_loses_nothing(deployed, point):
    process = serve(deployed, *POINTS[point])
    ml.deploy("churn@2", to="prod", store=deployed)
    whole(deployed, ended(process), 2)


@pytest.mark.slow
def test_processes_killed_at_any_time_lose_nothing(deployed):
    dice, version = random.Random(7), 1
    for _ in range(6):
        process = serve(deployed)
        end = time.monotonic() + dice.uniform(0, 0.2)
        while time.monotonic() < end:
            version = 3 - version
            ml.deploy(f"churn@{version}", to="prod", store=deployed)
        process.kill()
        whole(deployed, ended(process), version)
