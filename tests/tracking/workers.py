"""What the workers of other tests do: importable, so that spawned processes find it."""

import os
import subprocess
import sys

import mlops_lite as ml


def log_number(number):
    ml.log(number=number)
    ml.log_params({f"p{number}": os.getpid()})
    return os.getpid()


def log_into(run, number):
    run.log(number=number)


@ml.track_run
def tracked(number):
    ml.log(own=number)
    return ml.current_run().id


def current():
    run = ml.current_run()
    return run.id if run else None


def tracked_in(store):
    with store:
        tracked(1)


def tracked_where(number):
    tracked(number)
    return tracked.last_run.store.url


def default_store():
    from mlops_lite import workspace

    return workspace.store().url


def default_store_of_a_child():
    """Ask a program that a worker starts."""
    code = "from tests.tracking.workers import default_store; print(default_store())"
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def use(url):
    ml.use(url)
    return default_store_of_a_child()
