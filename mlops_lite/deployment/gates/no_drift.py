"""NoDrift: a monitor has nothing to say against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite import workspace
from mlops_lite.base.ref import Ref
from mlops_lite.deployment.outcome import Outcome

if TYPE_CHECKING:
    from mlops_lite.deployment.candidate import Candidate

__all__ = ["NoDrift"]


@attrs.frozen
class NoDrift:
    """Ask that the newest report of a monitor is clean.

    Parameters
    ----------
    monitor : Monitor or str
        The monitor, or its name.
    on : table, optional
        Check these rows now, instead of reading the newest report.

    Examples
    --------
    >>> NoDrift("churn").monitor
    'churn'
    """

    monitor: Any
    on: Any = attrs.field(default=None, repr=False)

    def __call__(self, candidate: Candidate) -> Outcome:
        """Judge a version."""
        monitor = self.monitor
        if isinstance(monitor, str):
            monitor = workspace.open(Ref.parse(monitor, kind="monitor"), candidate.store)
        if self.on is not None:
            report = monitor.check(self.on)
        else:
            reports = list(monitor.history())
            if not reports:
                return Outcome("NoDrift", False, f"{monitor.ref} has checked nothing yet; pass on=rows")
            report = reports[-1]
        found = [finding for finding in report.findings if finding.severity == "alert"]
        sentence = " ".join(str(finding.sentence) for finding in found[:5]) or f"{report.ref} is clean"
        return Outcome("NoDrift", bool(report.ok), sentence, {"alerts": len(found)})
