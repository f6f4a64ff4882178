"""Which store is meant, which run is open, what a ref stands for: here the features meet without knowing each other."""

from mlops_lite.workspace.current import OpenRun, active_runs, current_run, enter_run, leave_run, made, opened, uses
from mlops_lite.workspace.default import store, use
from mlops_lite.workspace.opener import get, open
from mlops_lite.workspace.origins import origin, remember, was_changed

__all__ = [
    "OpenRun",
    "active_runs",
    "current_run",
    "enter_run",
    "get",
    "leave_run",
    "made",
    "open",
    "opened",
    "origin",
    "remember",
    "store",
    "use",
    "uses",
    "was_changed",
]
