"""Where a monitor stands: carried by every record of its log, so that reading the newest is enough."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from mlops_lite.base import canonical
from mlops_lite.base.record import Record
from mlops_lite.monitoring.finding import Finding

__all__ = ["Act", "State"]

_GRAVE = {"warning": 0, "alert": 1}  # findings that stand until a check is clean


@attrs.frozen
class Act:
    """A stored action that is still to be done, or a stored action as such.

    Parameters
    ----------
    action : str
        Its file in ``actions/``.
    settings : mapping
    severity : str
        From which on it acts.
    opened : int
        The record at which the alert opened; 0 for the stored action as such.
    """

    action: str
    settings: Mapping[str, Any] = attrs.field(factory=dict)
    severity: str = "alert"
    opened: int = 0


@attrs.frozen
class State:
    """Where a monitor stands.

    Parameters
    ----------
    definition : str
        The digest of its definition.
    defined : int
        The record that defined it.
    looks : int
        Checks since then, in this period.
    period : int
        How often the looks were used up and began anew.
    recent : tuple of str
        The profiles of the last checks, newest last.
    alerts : mapping of str to int
        What is open: the key of the finding, and the record at which it opened.
    actions : tuple of Act
        What is done when an alert opens.
    pending : tuple of Act
        What is still to be done, by whichever process is first.
    streams : str
        The object that holds where the detectors of streams stand.
    kept : int
        From which record on rows and labels are kept; those of earlier ones were let go of.
    """

    definition: str
    defined: int = 0
    looks: int = 0
    period: int = 1
    recent: tuple[str, ...] = ()
    alerts: Mapping[str, int] = attrs.field(factory=dict)
    actions: tuple[Act, ...] = ()
    pending: tuple[Act, ...] = ()
    streams: str = ""
    kept: int = 1
    extra: Mapping[str, Any] = attrs.field(factory=dict)

    @classmethod
    def of(cls, record: Record) -> State:
        """Read it from a record."""
        return canonical.structure(record.body["state"], cls)

    def describe(self) -> dict[str, Any]:
        """Give what a record holds."""
        found: dict[str, Any] = canonical.unstructure(self)
        return found

    def checked(
        self, number: int, findings: Iterable[Finding], scope: Iterable[str]
    ) -> tuple[State, list[str], list[str]]:
        """Open and close alerts after a check.

        Parameters
        ----------
        number : int
            Of the record that is about to be written.
        findings : iterable of Finding
        scope : iterable of str
            The first parts of the kinds that the check could judge: what it did not ask it cannot close.

        Returns
        -------
        state, opened, closed
        """
        standing = {finding.key: finding.severity for finding in findings if finding.severity in _GRAVE}
        asked = tuple(scope)
        opened = sorted(set(standing) - set(self.alerts))
        closed = sorted(key for key in self.alerts if key.startswith(asked) and key not in standing)
        alerts = {key: at for key, at in self.alerts.items() if key not in closed}
        alerts |= dict.fromkeys(opened, number)
        worst = max((_GRAVE[standing[key]] for key in opened), default=-1)
        due = [attrs.evolve(act, opened=number) for act in self.actions if _GRAVE[act.severity] <= worst]
        return attrs.evolve(self, alerts=alerts, pending=(*self.pending, *due)), opened, closed
