"""What the workers of other tests do: importable, so that spawned processes find it."""

import os

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
