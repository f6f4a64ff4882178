"""Roll a deployment back, if the version that the report judged still serves there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import attrs

from mlops_lite import workspace
from mlops_lite.base.ref import Ref
from mlops_lite.errors import ConflictError
from mlops_lite.monitoring.acting import Skipped
from mlops_lite.monitoring.report import Report
from mlops_lite.store import Store

__all__ = ["Rollback", "build"]


def _name(given: object) -> str:
    return Ref.parse(given, kind="deployment").name


@attrs.frozen
class Rollback:
    """Roll a deployment back when an alert opens.

    It acts only if the version that the report judged still serves: an alarm about yesterday's model must not undo
    today's repair. The monitor needs to know the version: ``Monitor(…, model="deployment/prod")``.

    Parameters
    ----------
    deployment : str
        Its name.

    Examples
    --------
    >>> import mlops_lite as ml
    >>> ml.actions.rollback("prod").describe()
    {'deployment': 'prod'}
    """

    action: ClassVar[str] = "rollback"
    deployment: str = attrs.field(converter=_name)

    def describe(self) -> dict[str, Any]:
        """Give its settings."""
        return {"deployment": self.deployment}

    def act(self, report: Report, store: Store) -> str:
        """Roll back, or say why not."""
        if report.model is None:
            return Skipped("The report does not say which version it judged; define the monitor with model=.")
        deployment = workspace.open(Ref.of("deployment", self.deployment), store)
        serves = str(deployment.model.ref)
        if serves != report.model:
            return Skipped(f"{self.deployment} serves {serves}, not {report.model}, which the report judged.")
        try:
            reason = f"{report.ref}: {_reason(report)}"
            change = deployment.rollback(reason, leaving=report.model, because_of=report)
        except ConflictError as error:
            return Skipped(str(error))
        return f"{change.ref} serves {deployment.refresh().model.ref}"

    def __call__(self, report: Report) -> str:
        """Do it now, in the store of this process."""
        return self.act(report, workspace.store())


def _reason(report: Report) -> str:
    alerts = [finding.sentence for finding in report.findings if finding.severity == "alert"]
    return alerts[0] + (f" (and {len(alerts) - 1} more)" if alerts[1:] else "") if alerts else "an alert opened"


def build(settings: Mapping[str, Any]) -> Rollback:
    """Build it from its settings."""
    return Rollback(**settings)
