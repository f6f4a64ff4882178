"""What else happened to a monitor: the records of its log that are no reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from mlops_lite.base.digest import is_digest, short
from mlops_lite.base.record import Record
from mlops_lite.base.ref import Ref
from mlops_lite.display import Drawn, card, facts

__all__ = ["Event"]


@attrs.frozen(repr=False)
class Event(Drawn):
    """One entry of a monitor's log that is no report.

    Parameters
    ----------
    ref : Ref
        ``monitor/churn@8``.
    action : str
        ``outcome`` of an action, ``act`` (one was begun), ``define``, ``on_alert`` (an action was stored), ``stream``,
        ``forget``.
    time : datetime
    author : str
    message : str or None
    facts : mapping
        What it says: of an outcome ``did``, ``for`` (the record at which the alert opened), ``status``, ``detail``.
    """

    ref: Ref
    action: str
    time: datetime
    author: str
    message: str | None = None
    facts: Mapping[str, Any] = attrs.field(factory=dict)

    @classmethod
    def of(cls, record: Record) -> Event:
        """Read it from its record."""
        said = {name: value for name, value in record.body.items() if name != "state"}
        return cls(record.ref, record.action, record.time, record.author, record.message, said)

    def __repr__(self) -> str:
        return f"<Event {self.ref}: {self.action}>"

    def _view(self) -> Any:
        said = {"what": self.action, "when": self.time, "who": self.author, "message": self.message}
        return card(self.ref, facts({**said, **dict(map(_shown, self.facts.items()))}, "Event"))


def _shown(fact: tuple[str, Any]) -> tuple[str, Any]:
    name, value = fact
    return name, short(value) if isinstance(value, str) and is_digest(value) else value
