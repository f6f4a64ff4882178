"""Changes: the entries of a deployment's log, as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, overload

import attrs

from mlops_lite.base import canonical
from mlops_lite.base.record import Record
from mlops_lite.base.ref import Ref
from mlops_lite.deployment.outcome import Outcome
from mlops_lite.deployment.state import State
from mlops_lite.display import Drawn

if TYPE_CHECKING:
    import pandas as pd

    from mlops_lite.store import Store

__all__ = ["Change", "History", "changes"]


@attrs.frozen(repr=False)
class Change(Drawn):
    """One entry of a deployment's log: who did what, why, and what served from then on.

    Parameters
    ----------
    ref : Ref
        The entry: ``deployment/prod@7``.
    action : str
        ``deploy``, ``begin`` (a canary or shadow), ``advance``, ``verdict``, ``rollback``, ``judge`` (gates were
        evaluated; nothing switched yet).
    model : str
        The model version that the entry is about.
    state : State
        What the place was left in.
    since : datetime
        When.
    until : datetime, optional
        When something else served; None while this holds.
    author, host : str
        Who, and on which machine.
    message : str, optional
        Why.
    gates : tuple of Outcome
        What the gates measured.
    facts : mapping
        What else the entry says (the share of a canary, the numbers of a verdict).
    """

    ref: Ref
    action: str
    model: str
    state: State
    since: datetime
    author: str
    host: str = ""
    until: datetime | None = None
    message: str | None = None
    gates: tuple[Outcome, ...] = ()
    facts: Mapping[str, Any] = attrs.field(factory=dict)

    @property
    def number(self) -> int:
        """Its place in the log."""
        assert isinstance(self.ref.version, int)
        return self.ref.version

    @property
    def serving(self) -> str | None:
        """The ref of the model version that served from then on."""
        return self.state.model

    @property
    def version(self) -> int | None:
        """The version number of the model that served from then on."""
        found = Ref(self.state.model).version if self.state.model else None
        return found if isinstance(found, int) else None

    @property
    def ok(self) -> bool:
        """Whether every gate let it pass."""
        return all(outcome.ok for outcome in self.gates)

    @classmethod
    def of(cls, record: Record, store: Store, until: datetime | None = None) -> Change:
        """Read it from a record."""
        body = record.body
        return cls(
            ref=Ref.of("deployment", record.name, record.number),
            action=record.action,
            model=str(body["model"]),
            state=State.of(record),
            since=record.time,
            author=record.author,
            host=record.host,
            until=until,
            message=record.message,
            gates=tuple(canonical.structure(entry, Outcome) for entry in _gates(body, store)),
            facts={key: value for key, value in body.items() if key not in ("model", "state", "gates", "outcomes")},
        )

    def __repr__(self) -> str:
        return f"<{self.ref}: {self.action} {self.model}, {self.author}, {self.since:%Y-%m-%d %H:%M:%S} UTC>"

    def _view(self) -> Any:
        from mlops_lite.deployment.view import of_change

        return of_change(self)


def _gates(body: Mapping[str, Any], store: Store) -> Sequence[Any]:
    """Give the outcomes, which stand in an object where they are long."""
    if "outcomes" in body:
        found: Sequence[Any] = canonical.decode(store.objects.read(body["outcomes"]))
        return found
    inside: Sequence[Any] = body.get("gates", ())
    return inside


class History(Sequence[Change], Drawn):
    """The entries of a deployment's log, oldest first.

    Parameters
    ----------
    changes : iterable of Change
    """

    def __init__(self, changes: Iterable[Change]) -> None:
        self._changes = tuple(changes)

    @overload
    def __getitem__(self, index: int) -> Change: ...
    @overload
    def __getitem__(self, index: slice) -> History: ...
    def __getitem__(self, index: int | slice) -> Change | History:
        """Give one entry, or several."""
        return History(self._changes[index]) if isinstance(index, slice) else self._changes[index]

    def __len__(self) -> int:
        return len(self._changes)

    def __iter__(self) -> Iterator[Change]:
        return iter(self._changes)

    def to_frame(self) -> pd.DataFrame:
        """Give one row an entry.

        Returns
        -------
        pandas.DataFrame
            With ``number``, ``action``, ``model``, ``serving``, ``since``, ``until``, ``author``, ``host``,
            ``message`` and ``gates`` (how many passed of how many).
        """
        import pandas as pd

        names = ["number", "action", "model", "serving", "since", "until", "author", "host", "message"]
        rows = [[*(getattr(one, name) for name in names), _passed(one.gates)] for one in self._changes]
        frame = pd.DataFrame(rows, columns=[*names, "gates"])
        for name in ("since", "until"):
            frame[name] = pd.to_datetime(frame[name], utc=True)
        return frame

    def __repr__(self) -> str:
        return f"<History of {len(self)} entries>"

    def _view(self) -> Any:
        from mlops_lite.deployment.view import of_history

        return of_history(self)


def _passed(gates: Sequence[Outcome]) -> str | None:
    return f"{sum(outcome.ok for outcome in gates)} of {len(gates)}" if gates else None


def changes(records: Iterable[Record], store: Store) -> History:
    """Turn the records of a log into entries, each with the time at which something else came to serve."""
    listed = list(records)
    ends: list[datetime | None] = []
    end: datetime | None = None
    after: Record | None = None
    for record in reversed(listed):
        if after is not None and after.body["state"] != record.body["state"]:
            end = after.time
        ends.append(end)
        after = record
    return History(Change.of(record, store, until) for record, until in zip(listed, reversed(ends), strict=True))
