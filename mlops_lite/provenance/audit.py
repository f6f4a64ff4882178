"""Audit: who did what, when, on which data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mlops_lite import workspace
from mlops_lite.base import clock
from mlops_lite.base.record import Record
from mlops_lite.base.ref import KINDS, Ref
from mlops_lite.errors import InvalidInputError
from mlops_lite.provenance.edges import Edges, edges_of
from mlops_lite.provenance.lineage import lineage

if TYPE_CHECKING:
    import pandas as pd

    from mlops_lite.store import Store

__all__ = ["audit"]

_COLUMNS = ["time", "author", "host", "action", "ref", "about", "data", "message", "digest"]
_NOISE = ("prediction",)  # segments of predictions: thousands, by machines


def audit(
    x: Any = None,
    *,
    since: datetime | str | timedelta | None = None,
    until: datetime | str | timedelta | None = None,
    author: str | None = None,
    action: str | None = None,
    store: Store | str | None = None,
) -> pd.DataFrame:
    """Say who did what, when, on which data.

    Parameters
    ----------
    x : ref or value with a ref, optional
        Only what made it, what was made from it, and what was said of those: moves of labels, notes, approvals.
    since, until : datetime, str or timedelta, optional
        From when and before when (UTC without a zone); a timedelta counts back from now.
    author : str, optional
        Only of this person or service.
    action : str, optional
        Only of this kind: ``register``, ``deploy``, ``rollback``, ``label``, ``approve`` …
    store : Store or str, optional

    Returns
    -------
    pandas.DataFrame
        One row an entry, oldest first: ``time``, ``author``, ``host``, ``action``, ``ref``, ``about`` (what the entry
        is about, where that is something else: the version that a label names, the model that is deployed), ``data``
        (the snapshots behind it, near or far), ``message``, ``digest`` (of the record, which holds that of the one
        before: nothing can be taken out or changed unseen; ``store.verify()`` checks the chains).

    Examples
    --------
    >>> import mlops_lite as ml
    >>> with ml.Store("memory://audit-example"):
    ...     _ = ml.Registry().register("churn", {"w": [1.0]})
    ...     _ = ml.deploy("churn@1", to="prod", message="first")
    ...     ml.audit()[["action", "ref", "about"]].values.tolist()[1]
    ['deploy', 'deployment/prod@1', 'model/churn@1']
    """
    import pandas as pd

    home = workspace.store(store if store is not None else getattr(x, "store", None))
    begin, end = _instant(since), _instant(until)
    rows: Iterable[list[Any]] = _Rows(home, x)
    found = [
        row
        for row in rows
        if (begin is None or row[0] >= begin)
        and (end is None or row[0] < end)
        and (author is None or row[1] == author)
        and (action is None or row[3] == action)
    ]
    found.sort(key=lambda row: (row[0], str(row[4])))
    frame = pd.DataFrame(found, columns=_COLUMNS)
    frame["time"] = pd.to_datetime(frame["time"], utc=True)
    return frame


class _Rows:
    """The entries of a store, or of what belongs to one thing."""

    def __init__(self, store: Store, x: Any) -> None:
        self._store = store
        self._edges: Edges = edges_of(store)
        self._behind: dict[Ref, frozenset[str]] = {}
        self._wanted = None if x is None else set(lineage(x, store=store).nodes)

    def __iter__(self) -> Iterator[list[Any]]:
        for kind in self._store.kinds():
            if kind not in _NOISE:
                for name in self._store.names(kind):
                    yield from self._log(kind, name)
        yield from self._runs()

    def _log(self, kind: str, name: str) -> Iterator[list[Any]]:
        for record in self._store.log(kind, name).history():
            about = _about(record)
            subject = about if kind not in KINDS else Ref(record.ref)
            if self._wanted is None or subject in self._wanted:
                yield self._row(record, about, subject)

    def _row(self, record: Record, about: Ref | None, subject: Ref | None) -> list[Any]:
        data = sorted(self._data(subject)) if subject is not None else []
        shown = None if about is None else str(about)
        return [
            record.time, record.author, record.host, record.action, str(record.ref), shown, data, record.message,
            record.digest,
        ]  # fmt: skip

    def _runs(self) -> Iterator[list[Any]]:
        from mlops_lite.tracking import runs

        for run in runs(store=self._store):
            if self._wanted is None or run.ref in self._wanted:
                host = str(run.facts.get("process", {}).get("host", ""))
                data = sorted(self._data(run.ref))
                yield [run.started_at, run.author, host, f"run {run.name}".strip(), str(run.ref), None, data, None, ""]

    def _data(self, ref: Ref) -> frozenset[str]:
        """Give the snapshots behind a thing, near or far."""
        if ref not in self._behind:
            self._behind[ref] = frozenset()  # a circle ends here
            own = {str(ref)} if ref.kind == "dataset" else set()
            before = [self._data(Ref(parent.ref)) for parent in self._edges.sources(ref)] if not own else []
            self._behind[ref] = frozenset(own).union(*before)
        return self._behind[ref]


def _about(record: Record) -> Ref | None:
    """Say what an entry is about, where that is not what it stands for."""
    body, kind = record.body, record.kind
    if kind.endswith("-label"):
        number = body.get("number") or body.get("before")
        return Ref.of(kind.removesuffix("-label"), record.name, number) if number else None
    if kind.endswith("-note"):
        number = body.get("version")
        return Ref.of(kind.removesuffix("-note"), record.name, number) if number else None
    if kind == "deployment":
        return Ref(str(body["model"]))
    return None


def _instant(given: datetime | str | timedelta | None) -> datetime | None:
    if given is None:
        return None
    if isinstance(given, timedelta):
        return clock.now() - given
    try:
        found = given if isinstance(given, datetime) else datetime.fromisoformat(given)
    except (TypeError, ValueError):
        raise InvalidInputError(f"{given!r} is no time.", remedy="Write '2026-01-03T10:00Z'.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
