"""``ml.log`` and its kin: they speak to the run that is open here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_lite import workspace
from mlops_lite.tracking.begin import newest
from mlops_lite.tracking.inherit import attached
from mlops_lite.tracking.recorder import Recorder
from mlops_lite.tracking.run import Run
from mlops_lite.tracking.warning import warn

__all__ = ["current_run", "last_run", "log", "log_artifact", "log_params"]

_opened = workspace.opened
_current = workspace.current_run
_told: set[str] = set()


def log(values: Mapping[str, Any] | None = None, /, *, step: Any = None, **metrics: Any) -> None:
    """Log metrics of the run that is open here; outside a run warn once.

    Parameters
    ----------
    values : mapping, optional
        Metrics whose names are no Python names (slashes and emoji are welcome).
    step : int or array of int, optional
        Without it each name counts by itself, from 0.
    **metrics
        Numbers of Python, numpy or torch (NaN and infinities are kept), or whole arrays of them.

    Examples
    --------
    >>> import mlops_lite as ml
    >>> with ml.Store("memory://log-metrics-example"), ml.start_run() as run:
    ...     ml.log(loss=0.5)
    ...     ml.log({"valid/loss": 0.6}, step=10)
    ...     ml.log(curve=[0.3, 0.2, 0.1])
    >>> dict(run.metrics)
    {'loss': 0.5, 'valid/loss': 0.6, 'curve': 0.1}
    """
    run: Any = _opened() or _current() or attached()
    if run is None:
        _outside("log")
    else:
        run.record(values, step, metrics)


def log_params(values: Mapping[str, Any] | None = None, /, **params: Any) -> None:
    """Log parameters of the run that is open here, besides the arguments of its function.

    Parameters
    ----------
    values : mapping, optional
    **params
        Anything; what is large is kept by digest, what is secret by ``***``.

    Examples
    --------
    >>> import mlops_lite as ml
    >>> with ml.Store("memory://log-params-example"), ml.start_run() as run:
    ...     ml.log_params(optimizer="adam", password="abc")
    >>> dict(run.params)
    {'optimizer': 'adam', 'password': '***'}
    """
    run: Any = _current() or attached()
    if run is None:
        _outside("log_params")
    else:
        run.log_params(values, **params)


def log_artifact(name: str, value: Any) -> None:
    """Keep something of the run that is open here under a name.

    Parameters
    ----------
    name : str
        A name used again keeps every version.
    value : path, bytes, figure, frame or any object
        A ``str`` is a path; give text as bytes.

    Examples
    --------
    >>> import mlops_lite as ml
    >>> with ml.Store("memory://log-artifact-example"), ml.start_run() as run:
    ...     ml.log_artifact("notes.txt", b"all well")
    >>> run.artifacts["notes.txt"].load()
    b'all well'
    """
    run: Any = _current() or attached()
    if run is None:
        _outside("log_artifact")
    else:
        run.log_artifact(name, value)


def current_run() -> Recorder | None:
    """Give the run that is open here, or that this process works for; None outside.

    Returns
    -------
    Recorder or None

    Examples
    --------
    >>> import mlops_lite as ml
    >>> with ml.Store("memory://current-run-example"), ml.start_run(experiment="churn") as run:
    ...     ml.current_run() is run
    True
    >>> ml.current_run() is None
    True
    """
    run = workspace.current_run()
    return run if isinstance(run, Recorder) else attached()


def last_run() -> Run | None:
    """Give the run that began last in this process; None where there was none.

    Returns
    -------
    Run or None

    Examples
    --------
    >>> import mlops_lite as ml
    >>> @ml.track_run
    ... def train(depth=6):
    ...     ml.log(auc=0.9)
    >>> with ml.Store("memory://last-run-example"):
    ...     train(depth=8)
    >>> ml.last_run().params["depth"], ml.last_run().metrics["auc"]
    (8, 0.9)
    """
    return newest()


def _outside(what: str) -> None:
    if what not in _told:
        _told.add(what)
        several = len(workspace.active_runs())
        reason = (
            f"{several} runs are open, and this thread belongs to none of them: pass one in and call run.{what}(…)"
            if several
            else "no run is open here: decorate the function with @ml.track_run, or write with ml.start_run():"
        )
        warn(f"ml.{what} recorded nothing, for {reason}. This is said once.")
