"""What a log lets go of: objects that its records name, and that are to be kept no longer.

Records are never rewritten. A record whose body has ``forgotten``, a list of digests, says that its log no longer needs
these objects; a later record may name one anew. A note on a log (see :func:`layout.note_kind`) whose body has
``deleted``, a list of numbers, says that the log needs nothing that these records name. Garbage collection may take
such objects where nothing else needs them, and that they are gone is no damage.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mlops_lite.base.record import Record
from mlops_lite.store import layout

if TYPE_CHECKING:
    from mlops_lite.store.log import Log
    from mlops_lite.store.store import Store

__all__ = ["Deletions", "deleted", "forgotten", "is_deleted"]


def forgotten(records: Iterable[Record]) -> frozenset[str]:
    """Give what records let go of and do not name anew."""
    gone: set[str] = set()
    for record in records:
        gone |= set(record.body.get("forgotten", ()))
        gone -= set(record.objects)
    return frozenset(gone)


def deleted(store: Store, kind: str, name: str, since: float | None = None) -> frozenset[int]:
    """Give the numbers of the records of a log that were deleted.

    Parameters
    ----------
    store : Store
    kind, name : str
        Of the log.
    since : float, optional
        An instant by the store's clock: only those that were deleted before it, and not restored since.
    """
    notes = store.log(layout.note_kind(kind), name)
    newest = notes.newest()
    gone = _deleted(newest) if newest else frozenset()
    if since is None or newest is None:
        return gone
    for number in range(newest.number, 0, -1):
        gone &= _deleted(notes.read(number))
        if not gone or _written(notes, number) < since:
            return gone
    return frozenset()


def is_deleted(store: Store, record: Record) -> bool:
    """Tell whether a record was deleted."""
    return record.number in deleted(store, record.kind, record.name)


class Deletions:
    """The deleted records of all logs of a store, asked once; a log without notes costs no request.

    Parameters
    ----------
    store : Store
    since : float, optional
        As for :func:`deleted`.
    """

    def __init__(self, store: Store, since: float | None = None) -> None:
        self._store, self._since = store, since
        self._found: dict[tuple[str, str], frozenset[int]] = {}

    @functools.cached_property
    def noted(self) -> frozenset[tuple[str, str]]:
        """The kinds and names of the logs that have notes."""
        owners = {kind: layout.owner_kind(kind) for kind in self._store.kinds()}
        notes = [(kind, owner) for kind, owner in owners.items() if kind == layout.note_kind(owner)]
        return frozenset((owner, name) for kind, owner in notes for name in self._store.names(kind))

    def of(self, kind: str, name: str) -> frozenset[int]:
        """Give the numbers of the deleted records of a log."""
        if (kind, name) not in self.noted:
            return frozenset()
        if (kind, name) not in self._found:
            self._found[kind, name] = deleted(self._store, kind, name, self._since)
        return self._found[kind, name]


def _deleted(note: Record) -> frozenset[int]:
    return frozenset(note.body.get("deleted", ()))


def _written(log: Log, number: int) -> float:
    found = log.backend.stat(layout.record_path(log.folder, number))
    return found.modified if found else float("inf")
