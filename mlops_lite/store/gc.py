"""Garbage collection: removing objects that nothing points at, beside writers who may be about to point at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite.base import progress
from mlops_lite.base.digest import is_digest
from mlops_lite.base.record import Record
from mlops_lite.display import Drawn
from mlops_lite.errors import InvalidInputError
from mlops_lite.store import layout
from mlops_lite.store.backends import Stat
from mlops_lite.store.forgetting import Deletions, forgotten
from mlops_lite.store.forks import forks
from mlops_lite.store.grace import GRACE_S
from mlops_lite.store.verify import logs

if TYPE_CHECKING:
    from mlops_lite.store.store import Store

__all__ = ["Collection", "collect"]

_PASSING = (".proof", ".clock")
_LEFTOVER_S = 24 * 3600.0  # no write takes a day


@attrs.frozen
class Collection(Drawn):
    """What a garbage collection found, and whether it removed it.

    Parameters
    ----------
    removed : tuple of str
        Digests that nothing points at and that are older than the grace period.
    nbytes : int
        What they take.
    kept : int
        Objects that something points at.
    waiting : int
        Objects that nothing points at yet and that are younger than the grace period.
    dry_run : bool
        Whether they are still there.
    """

    removed: tuple[str, ...]
    nbytes: int
    kept: int
    waiting: int
    dry_run: bool

    def _view(self) -> Any:
        from mlops_lite.store.view import of_collection

        return of_collection(self)


def collect(store: Store, *, dry_run: bool = True, grace_s: float = GRACE_S) -> Collection:
    """Remove what nothing points at.

    An object goes only if it is older than the grace period by the store's own clock, and unreachable in two markings,
    the second just before. A writer reuses an unreachable object only in the first half of that period, and commits in
    the other half. He may build on a version that is deleted meanwhile: what it names stays for that period too.

    Parameters
    ----------
    store : Store
    dry_run : bool
        Only say what would be removed.
    grace_s : float
        Seconds. A shorter one than the default is safe only while nobody writes.

    Returns
    -------
    Collection
    """
    if grace_s < 0:
        raise InvalidInputError(f"A grace period of {grace_s} s is no period.")
    if not store.exists:
        return Collection((), 0, 0, 0, dry_run)
    reachable = mark(store)
    before = store.backend.now() - grace_s
    found = [(layout.object_digest(stat.path), stat) for stat in store.backend.walk(layout.OBJECTS)]
    objects = [(digest, stat) for digest, stat in found if digest and is_digest(digest)]
    loose = [(digest, stat) for digest, stat in objects if digest not in reachable]
    old = [(digest, stat) for digest, stat in loose if stat.modified < before]
    if old:
        held = mark(store, before)
        old = [(digest, stat) for digest, stat in old if digest not in held]
    if not dry_run:
        old = [(digest, stat) for digest, stat in old if _remove(store, stat, before)]
        _sweep_leftovers(store)
    return Collection(
        tuple(digest for digest, _ in old),
        sum(stat.size for _, stat in old),
        len(objects) - len(loose),
        len(loose) - len(old),
        dry_run,
    )


def mark(store: Store, since: float | None = None) -> set[str]:
    """List every object that a record or a run points at.

    Parameters
    ----------
    store : Store
    since : float, optional
        An instant by the store's clock: records that were deleted after it count still.
    """
    reachable: set[str] = set()
    deletions = Deletions(store, since)
    for log in progress.bar(list(logs(store)), description="mark", unit=" logs"):
        named: set[str] = set()  # by this log alone: what it lets go of, another may still need
        gone = deletions.of(log.kind, log.name)
        for record in log.history():
            named.difference_update(forgotten([record]))
            if record.number in gone:
                continue
            named.update(record.objects)
            if record.inventory is not None and record.inventory not in reachable:
                reachable.update(store.objects.reachable(record))
        reachable |= named
    for fork in forks(store):
        reachable.update(store.objects.reachable(Record.decode(store.backend.read(fork.path), fork.path)))
    return reachable | store.runs.roots()


def _remove(store: Store, stat: Stat, before: float) -> bool:
    """Remove one object unless it was written again since it was listed."""
    now = store.backend.stat(stat.path)
    if now is None or now.modified >= before:
        return False
    store.backend.remove_old(stat.path, before)
    return store.backend.stat(stat.path) is None


def _sweep_leftovers(store: Store) -> None:
    """Remove what killed processes left: files on their way to a name, and those of proofs and of telling the time."""
    before = store.backend.now() - _LEFTOVER_S
    leftovers = getattr(store.backend, "leftovers", None)
    if leftovers is not None:
        store.backend.delete(list(leftovers(before)))
    for folder in _PASSING:
        store.backend.delete([stat.path for stat in store.backend.walk(folder) if stat.modified < before])
