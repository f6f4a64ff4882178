"""Workers find the run that they work for, and no other."""

import multiprocessing
import os
import subprocess
import sys

import pytest

import mlops_lite as ml
from mlops_lite.tracking import RunWarning, inherit
from tests.tracking import workers

SPAWN = multiprocessing.get_context("spawn")
FORK = multiprocessing.get_context("fork")


@pytest.mark.parametrize("context", [FORK, SPAWN], ids=["fork", "spawn"])
def test_workers_of_a_pool_log_into_the_run_that_is_open(context, store):
    with ml.start_run() as run, context.Pool(2) as pool:
        pids = pool.map(workers.log_number, range(4))
    assert os.getpid() not in pids
    found = ml.get(run.ref)
    assert sorted(found.history("number").value.tolist()) == [0, 1, 2, 3]
    assert {f"p{number}" for number in range(4)} <= set(found.params)


def test_tracked_functions_in_spawned_workers_are_children(store):
    with ml.start_run() as run, SPAWN.Pool(1) as pool:
        child = pool.apply(workers.tracked, (3,))
    assert ml.get(f"run/{child}").parent == run
    assert ml.get(f"run/{child}").metrics == {"own": 3} and "own" not in run.metrics


def test_a_reused_worker_follows_to_the_next_run(store):
    with SPAWN.Pool(1) as early:
        with ml.start_run() as first, SPAWN.Pool(1) as pool:
            assert pool.apply(workers.current) == first.id
            pool.apply(workers.log_number, (1,))
            first.leave()
            first.end()
            assert pool.apply(workers.current) is None
            with ml.start_run() as second:
                assert pool.apply(workers.current) == second.id
                pool.apply(workers.log_number, (2,))
        assert early.apply(workers.current) is None
    assert ml.get(first.ref).metrics["number"] == 1 and ml.get(second.ref).metrics["number"] == 2


def test_workers_of_joblib_log_into_the_run_that_is_open(store):
    joblib = pytest.importorskip("joblib")
    for _ in range(2):  # the second time with the workers of the first
        with ml.start_run() as run:
            joblib.Parallel(n_jobs=2)(joblib.delayed(workers.log_number)(number) for number in range(4))
        assert sorted(ml.get(run.ref).history("number").value.tolist()) == [0, 1, 2, 3]
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True)


def test_every_run_of_a_worker_is_kept_where_the_run_above_is(store):
    joblib = pytest.importorskip("joblib")
    for _ in range(2):
        with ml.start_run() as run:
            ids = joblib.Parallel(n_jobs=2)(joblib.delayed(workers.tracked)(number) for number in range(8))
        assert len(set(ids)) == 8
        assert {child.id for child in ml.get(run.ref).children} == set(ids)
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True)


def test_every_run_of_a_spawned_process_is_kept_where_the_run_above_is(store):
    with ml.start_run() as run, SPAWN.Pool(1) as pool:
        ids = pool.map(workers.tracked, range(4))
    assert {child.id for child in ml.get(run.ref).children} == set(ids)


def test_an_open_run_can_be_handed_to_a_worker(store):
    with ml.start_run() as run, ml.start_run() as other, SPAWN.Pool(1) as pool:
        pool.apply(workers.log_into, (run, 5))
        pool.apply(workers.log_into, (other, 6))
    assert ml.get(run.ref).metrics["number"] == 5 and ml.get(other.ref).metrics["number"] == 6


def test_a_program_started_inside_a_run_logs_into_it(store):
    with ml.start_run() as run:
        subprocess.run([sys.executable, "-c", "import mlops_lite as ml; ml.log(outer=1)"], check=True)
    assert ml.get(run.ref).metrics["outer"] == 1
    assert inherit.VARIABLE not in os.environ


def test_a_parent_can_be_named_by_the_environment(store, monkeypatch):
    with ml.start_run() as first:
        pass
    monkeypatch.setenv("MLOPS_LITE_PARENT", first.ref)
    with ml.start_run() as second:
        pass
    assert second.parent == first


def test_two_runs_that_know_nothing_of_each_other_are_not_passed_on(store):
    first, second = ml.start_run(), ml.start_run()
    first.enter()
    assert first.id in os.environ[inherit.VARIABLE]
    second.enter()
    assert inherit.VARIABLE not in os.environ
    second.leave()
    assert first.id in os.environ[inherit.VARIABLE]
    first.leave()
    second.end()
    first.end()


def test_rubbish_in_the_environment_is_passed_over(monkeypatch):
    monkeypatch.setenv(inherit.VARIABLE, "[]")
    with pytest.warns(RunWarning, match="no run is open"):
        ml.log(a=1)


def test_a_worker_that_outlives_its_parent_does_not_hold_the_run_open(store):
    code = (
        "import os, sys, time, subprocess\nimport mlops_lite as ml\n"
        f"ml.use({store.url!r})\nrun = ml.start_run().enter()\nprint(run.id, flush=True)\n"
        "worker = 'import time; import mlops_lite as ml; ml.log(a=1); print(1, flush=True); time.sleep(5)'\n"
        "worker = subprocess.Popen([sys.executable, '-c', worker], stdout=subprocess.PIPE)\n"
        "worker.stdout.readline()\nos.kill(os.getpid(), 9)"
    )
    run = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=False).stdout.strip()
    assert ml.get(f"run/{run}").status == "killed" and ml.get(f"run/{run}").metrics["a"] == 1
