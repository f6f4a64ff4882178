"""Deploying: all gates are asked, every number is kept, one record switches."""

import itertools
import os
import subprocess
import sys
import threading

import pytest

import mlops_lite as ml
from mlops_lite.deployment import Place, Verdict
from mlops_lite.errors import ConflictError, GateError, InvalidInputError, InvalidTypeError
from tests.deployment.conftest import register


def no(candidate):
    return False, "it is too small"


def yes(candidate):
    return True, "it is large enough"


def test_all_gates_are_asked_and_a_refusal_changes_nothing(served, open_handles, row):
    ml.deploy("churn@1", to="prod", store=served)
    live = open_handles("prod", store=served)
    live.predict(row)
    with pytest.raises(GateError) as caught:
        ml.deploy("churn@2", to="prod", gates=[no, yes, lambda candidate: 1 / 0], store=served)
    message = str(caught.value)
    assert "refused at 'prod' by 2 of 3 gates; model/churn@1 goes on serving" in message
    for said in ("it is too small", "it is large enough", "ZeroDivisionError"):
        assert said in message
    assert [outcome.ok for outcome in caught.value.outcomes] == [False, True, False]
    assert live.predict(row) == [1]
    kept = live.history()[-1]
    assert (kept.action, kept.model, kept.serving) == ("judge", "model/churn@2", "model/churn@1")
    assert [outcome.sentence for outcome in kept.gates][:2] == ["it is too small", "it is large enough"]
    assert kept.ref == caught.value.ref


@pytest.mark.parametrize(
    "gates",
    ["Smoke", 3.5, [3], [yes, "Smoke"], [ml.gates.Smoke], ml.gates.Smoke],
    ids=["text", "a number", "numbers", "one of two", "classes", "a class"],
)
def test_what_is_no_gate_is_refused_before_any_is_asked(served, gates):
    with pytest.raises(InvalidTypeError, match="is no gate"):
        ml.deploy("churn@1", to="prod", gates=gates, store=served)
    assert served.names("deployment") == []


def test_one_gate_need_not_be_in_a_list(served):
    assert ml.deploy("churn@1", to="prod", gates=yes, store=served).ok
    with pytest.raises(GateError):
        ml.deploy("churn@2", to="prod", gates=no, store=served)


@pytest.mark.parametrize("canary", ["x", ["a"], [None], [], [0.5, 0.1], float("nan"), 1.1, 0], ids=repr)
def test_a_canary_is_made_of_rising_parts(served, canary):
    with pytest.raises(InvalidInputError, match=r"canary=0\.1"):
        ml.deploy("churn@1", to="prod", canary=canary, store=served)
    assert served.names("deployment") == []


def test_what_was_measured_is_kept_before_the_record_that_switches(served):
    change = ml.deploy("churn@1", to="prod", gates=[yes], message="why not", store=served)
    history = Place(served, "prod").history()
    assert [one.action for one in history] == ["judge", "deploy"]
    assert change.facts["judged"] == 1
    assert history[0].gates == history[1].gates
    assert history[1].message == "why not"


def test_a_dry_run_writes_nothing(served):
    verdict = ml.deploy("churn@1", to="prod", gates=[yes, no], dry_run=True, store=served)
    assert isinstance(verdict, Verdict)
    assert not verdict.ok
    assert [outcome.ok for outcome in verdict] == [True, False]
    assert verdict.to_frame()["sentence"].tolist() == ["it is large enough", "it is too small"]
    assert "too small" in str(verdict)
    assert "too small" in verdict._repr_html_()
    assert served.names("deployment") == []


def test_long_tables_stand_in_an_object(served):
    def talkative(candidate):
        return True, "x" * 3000

    change = ml.deploy("churn@1", to="prod", gates=[talkative] * 30, store=served)
    assert len(change.gates) == 30
    assert served.verify().ok
    assert served.gc(dry_run=False, grace_s=0).removed == ()
    assert len(Place(served, "prod").history()[-1].gates) == 30


def test_another_champion_while_the_gates_are_asked_is_a_conflict(served):
    ml.deploy("churn@1", to="prod", store=served)

    def slow(candidate):
        ml.deploy("churn@3", to="prod", store=served)
        return True

    with pytest.raises(ConflictError, match="While the gates judged model/churn@2, model/churn@3 came to serve"):
        ml.deploy("churn@2", to="prod", gates=[slow], store=served)
    assert Place(served, "prod").state.model == "model/churn@3"


def test_aliases_are_pinned_to_numbers(served):
    ml.Registry(served).promote("churn@2", "champion")
    assert ml.deploy("churn@champion", to="prod", store=served).serving == "model/churn@2"
    ml.Registry(served).promote("churn@3", "champion")
    assert Place(served, "prod").state.model == "model/churn@2"
    assert ml.deploy("churn", to="prod", store=served).serving == "model/churn@3"
    assert ml.deploy(ml.Registry(served).get("churn@1"), to="prod", store=served).serving == "model/churn@1"


def test_a_deployment_is_made_by_the_run_that_is_open(served):
    with served, ml.start_run() as run:
        change = ml.deploy("churn@1", to="prod")
    assert "model/churn@1" in run.inputs
    assert change.ref in run.outputs


def test_writers_lose_nothing_and_leave_no_gap(served):
    """Four threads promote at once: each promotion is in the log, and each undoes what was there."""

    def promote(start):
        for number in range(6):
            ml.deploy(f"churn@{1 + (start + number) % 3}", to="prod", store=ml.Store(served.url))

    threads = [threading.Thread(target=promote, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    history = Place(ml.Store(served.url), "prod").history()
    assert [change.number for change in history] == list(range(1, len(history) + 1))
    for before, after in itertools.pairwise(history):
        assert after.state == before.state.entered(after.model)
    assert served.verify().ok


PROMOTER = """
import sys
import mlops_lite as ml
store = ml.Store(sys.argv[1])
print("ready", flush=True)
number = 0
while True:
    number += 1
    print(ml.deploy(f"churn@{1 + number % 3}", to="prod", store=store).number, flush=True)
"""


def test_a_process_killed_in_the_middle_leaves_a_place_that_serves(served, open_handles, row):
    """What was acknowledged is there, the log has no gap, and a handle goes on serving whole versions."""
    ml.deploy("churn@1", to="prod", store=served)
    live = open_handles("prod", store=served, poll_s=0.005)
    live.predict(row)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", PROMOTER, served.url], stdout=subprocess.PIPE, text=True, env=environment
        )
        for _ in range(12):
            acknowledged = process.stdout.readline()
        process.kill()
        acknowledged = [line for line in [acknowledged, *process.stdout.read().splitlines()] if line.strip().isdigit()]
        process.wait()
        process.stdout.close()
        history = live.history()
        assert [change.number for change in history] == list(range(1, len(history) + 1))
        assert len(history) >= int(acknowledged[-1])
        assert live.predict(row)[0] in (1, 2, 3)
    assert served.verify().ok
    assert live.refresh().predict(row) == [live.history()[-1].version]


def test_every_process_of_a_fleet_follows(served, row):
    """Four processes serve; a deployment and a rollback here reach each of them."""
    code = """
import sys, time, numpy as np
import mlops_lite as ml
live = ml.Deployment("prod", store=ml.Store(sys.argv[1]))
print(live.predict(np.zeros((1, 3)))[0], flush=True)
for wanted in (2, 1):
    end = time.monotonic() + 20
    while live.predict(np.zeros((1, 3)))[0] != wanted:
        assert time.monotonic() < end
        time.sleep(0.01)
    print(wanted, flush=True)
"""
    ml.deploy("churn@1", to="prod", store=served)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    fleet = [
        subprocess.Popen([sys.executable, "-c", code, served.url], stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(4)
    ]
    try:
        assert [process.stdout.readline().strip() for process in fleet] == ["1"] * 4
        ml.deploy("churn@2", to="prod", store=served)
        assert [process.stdout.readline().strip() for process in fleet] == ["2"] * 4
        Place(served, "prod").rollback("an alarm")
        assert [process.stdout.readline().strip() for process in fleet] == ["1"] * 4
    finally:
        for process in fleet:
            process.wait(30)
            process.stdout.close()
    assert [process.returncode for process in fleet] == [0] * 4


def test_models_of_other_names_can_take_the_place(served):
    register(served, 9, name="other")
    ml.deploy("churn@1", to="prod", store=served)
    ml.deploy("other@1", to="prod", store=served)
    assert Place(served, "prod").rollback("back to the roots").serving == "model/churn@1"
