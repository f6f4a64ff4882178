"""Runs: what was executed, with which arguments, code, data and surroundings, and what came of it."""

from __future__ import annotations

from mlops_lite.tracking.active import ActiveRun
from mlops_lite.tracking.artifact import Artifact, Artifacts
from mlops_lite.tracking.begin import start_run
from mlops_lite.tracking.decorator import Tracked, track_run
from mlops_lite.tracking.logging import current_run, last_run, log, log_artifact, log_params
from mlops_lite.tracking.run import Failure, Note, Run
from mlops_lite.tracking.runs import Runs, open, runs
from mlops_lite.tracking.warning import RunWarning

__all__ = [
    "ActiveRun",
    "Artifact",
    "Artifacts",
    "Failure",
    "Note",
    "Run",
    "RunWarning",
    "Runs",
    "Tracked",
    "current_run",
    "last_run",
    "log",
    "log_artifact",
    "log_params",
    "open",
    "runs",
    "start_run",
    "track_run",
]
