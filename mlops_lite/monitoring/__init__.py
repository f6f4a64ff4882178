"""Monitoring: whether the data is sound, has moved, and whether the model is still right, with labels and without."""

from __future__ import annotations

from mlops_lite.base.ref import Ref
from mlops_lite.monitoring.finding import Finding
from mlops_lite.monitoring.monitor import Monitor
from mlops_lite.monitoring.report import Report, Reports
from mlops_lite.store import Store

__all__ = ["Finding", "Monitor", "Report", "Reports", "open"]


def open(ref: Ref, store: Store) -> Monitor | Report:
    """Open what a ref names.

    Parameters
    ----------
    ref : Ref
        ``monitor/churn`` is the monitor, ``monitor/churn@7`` the report of that record.
    store : Store

    Returns
    -------
    Monitor or Report
    """
    monitor = Monitor(ref.name, store=store)
    if ref.version is None:
        return monitor
    return monitor.report(store.log(ref.kind, ref.name).resolve(ref.version))
