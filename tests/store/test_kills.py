"""Killed writers lose nothing that was acknowledged, and leave nothing that cannot be read."""

import os
import random
import signal
import subprocess
import sys
import time

from mlops_lite.store import Store

WRITERS = 4


def start(url, writer, most=100_000):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.store.writer", str(url), str(writer), str(most)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )


def check(url, acknowledged):
    store = Store(url)
    found = store.verify()
    assert found.ok, str(found)
    names = [record.body["name"] for log in logs(store) for record in log.history()]
    assert len(names) == len(set(names)), "a record was written twice"
    for line in acknowledged:
        kind, name, number, said = line.split()
        assert store.log(kind, name).read(int(number)).body["name"] == said


def logs(store):
    return [store.log(kind, name) for kind in store.kinds() for name in store.names(kind)]


def kill_at_random(url, kills):
    """Kill writers one after the other: some as they begin, some after their first acknowledged record or later."""
    dice = random.Random(7)
    acknowledged = []
    processes = [start(url, writer) for writer in range(WRITERS)]
    for number in range(kills):
        victim = processes[number % WRITERS]
        if number % 3:
            acknowledged.append(victim.stdout.readline().strip())
        time.sleep(dice.uniform(0, 0.2))
        victim.send_signal(signal.SIGKILL)
        acknowledged += whole_lines(victim)
        processes[number % WRITERS] = start(url, number % WRITERS)
    for process in processes:
        process.kill()
        acknowledged += whole_lines(process)
    return acknowledged


def whole_lines(process):
    return [line for line in process.communicate()[0].split("\n")[:-1] if line]


def test_of_writers_killed_at_random_nothing_acknowledged_is_lost(tmp_path):
    """A few; ``python -m tests.bench store.kills`` kills two hundred."""
    acknowledged = kill_at_random(tmp_path / "s", kills=24)
    assert len(acknowledged) > 12
    check(tmp_path / "s", acknowledged)
