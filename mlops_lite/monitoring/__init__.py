"""Monitoring: whether the data is sound, has moved, and whether the model is still right, with labels and without."""

from __future__ import annotations

from mlops_lite.base.ref import Ref
from mlops_lite.monitoring.event import Event
from mlops_lite.monitoring.finding import Finding
from mlops_lite.monitoring.monitor import Monitor
from mlops_lite.monitoring.report import Report, Reports
from mlops_lite.store import Store

__all__ = ["Event", "Finding", "Monitor", "Report", "Reports", "open"]


def open(ref: Ref, store: Store) -> Monitor | Report | Event:
    """Open what a ref names.

    Parameters
    ----------
    ref : Ref
        ``monitor/churn`` is the monitor, ``monitor/churn@7`` the report of that record, or what else happened then:
        the outcome of an action, a revision by labels.
    store : Store

    Returns
    -------
    Monitor, Report or Event
    """
    monitor = Monitor(ref.name, store=store)
    if ref.version is None:
        return monitor
    log = store.log(ref.kind, ref.name)
    number = log.resolve(ref.version)
    record = log.read(number)
    return monitor.report(number) if record.action == "check" else Event.of(record)
