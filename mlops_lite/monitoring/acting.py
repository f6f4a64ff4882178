"""Acting on alerts: once across processes, and each outcome is a record."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite.base.extension import Extensions
from mlops_lite.base.record import Record
from mlops_lite.monitoring.report import Report
from mlops_lite.monitoring.state import Act, State
from mlops_lite.store.log import Log

if TYPE_CHECKING:
    from mlops_lite.monitoring.monitor import Monitor

__all__ = ["act", "remember"]

ACTIONS = Extensions("mlops_lite.actions", group="mlops_lite.actions")
_logger = logging.getLogger("mlops_lite.monitoring")
_MOST = 2000  # characters of an outcome


def remember(log: Log, action: Any, severity: str) -> bool:
    """Store an action that can be stored; False where it is of this process only.

    An action that can be stored has a name (its file in ``actions/``) as ``action`` and settings by ``describe()``.
    """
    if not (hasattr(action, "describe") and hasattr(action, "action")):
        return False
    wanted = Act(action.action, action.describe(), severity)

    def body(head: Record | None) -> dict[str, Any] | None:
        assert head is not None
        state = State.of(head)
        if wanted in state.actions:
            return None
        return {"state": attrs.evolve(state, actions=(*state.actions, wanted)).describe()}

    log.append(body, action="on_alert", message=f"{wanted.action} at {severity}")
    return True


def act(monitor: Monitor, report: Report, local: Iterable[tuple[Callable[[Report], Any], str]]) -> None:
    """Do what an alert asks for: what is stored by whoever claims it first, what is of this process if it opened here.

    Whoever claimed an action before he died is not replaced: an action happens at most once. One that nobody claimed is
    done at the next check, by any process.
    """
    for due in monitor.pending():
        if _claim(monitor._log, due):
            about = report if due.opened == report.ref.version else _report(monitor, due.opened, report)
            _perform(monitor, ACTIONS.load(due.action).build(due.settings), due.action, about, due.opened)
    if not report.opened:
        return
    severities = {finding.key: finding.severity for finding in report.findings}
    opened = {severities.get(key) for key in report.opened}
    for function, severity in local:
        if severity in opened or (severity == "warning" and "alert" in opened):
            name = getattr(function, "__name__", type(function).__name__)
            _perform(monitor, function, name, report, int(report.ref.version or 0))


def _report(monitor: Monitor, number: int, newest: Report) -> Report:
    """Find the report that opened an alert; labels open alerts by a record that is no check."""
    for report in monitor.history():
        if report.ref.version == number:
            return report
    return newest


def _claim(log: Log, due: Act) -> bool:
    """Take an action out of what is to be done; False where another process was faster."""
    mine = False

    def body(head: Record | None) -> dict[str, Any] | None:
        nonlocal mine
        assert head is not None
        state = State.of(head)
        mine = due in state.pending
        if not mine:
            return None
        left = list(state.pending)
        left.remove(due)
        return {"state": attrs.evolve(state, pending=tuple(left)).describe(), "claimed": due.action, "for": due.opened}

    log.append(body, action="act")
    return mine


def _perform(monitor: Monitor, action: Callable[[Report], Any], name: str, report: Report, opened: int) -> None:
    """Act, and record what came of it: an action that fails does not hide the alert."""
    try:
        said = action(report) if not hasattr(action, "act") else action.act(report, monitor.store)
        status = "skipped" if isinstance(said, Skipped) else "done"
        detail = "" if said is None else str(said)
    except Exception as error:
        status, detail = "failed", f"{type(error).__name__}: {error}"
        _logger.warning("The action %s of monitor/%s failed: %s", name, monitor.name, detail)

    def body(head: Record | None) -> dict[str, Any]:
        assert head is not None
        facts = {"did": name, "for": opened, "status": status, "detail": detail[:_MOST]}
        return {"state": State.of(head).describe(), **facts}

    monitor._log.append(body, action="outcome", parents=[monitor._log.ref(opened)])


class Skipped(str):
    """Why an action was not done."""

    __slots__ = ()
