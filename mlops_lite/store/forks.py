"""Forks: tails of logs that came from another store, had diverged, and are kept beside the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlops_lite.base.digest import short
from mlops_lite.base.record import Parent, Record
from mlops_lite.base.ref import Ref
from mlops_lite.errors import AmbiguousError, NotFoundError
from mlops_lite.store import layout
from mlops_lite.store.backends import Stat

if TYPE_CHECKING:
    from mlops_lite.store.store import Store

__all__ = ["adopt", "forks", "read_fork"]


def forks(store: Store) -> Iterator[Stat]:
    """Walk over the records of all forks that a store keeps, each fork in ascending order."""
    for found in sorted(store.backend.walk(layout.FORKS), key=lambda stat: stat.path):
        if found.path.endswith(".json"):
            yield found


def read_fork(store: Store, ref: Ref) -> list[Record]:
    """Read the records of a fork, up to the one that a ref names.

    Parameters
    ----------
    store : Store
    ref : Ref
        ``kind/name@fork:<short digest>/<number>``.

    Raises
    ------
    NotFoundError
        There is no such fork.
    """
    digest, _, number = str(ref.version).removeprefix("fork:").partition("/")
    heads = [head for head in store.backend.folders(layout.FORKS) if digest and head.startswith(digest)]
    if len(heads) > 1:
        raise AmbiguousError(f"{ref} could be {len(heads)} forks.", remedy="Write more digits of the digest.")
    records = []
    if heads:
        folder = layout.fork_folder(heads[0], ref.kind, ref.name)
        paths = sorted(found.path for found in store.backend.walk(folder))
        records = [Record.decode(store.backend.read(path), path) for path in paths]
    if number.isdigit():
        records = [record for record in records if record.number <= int(number)]
    if not records or (number.isdigit() and records[-1].number != int(number)):
        known = store.backend.folders(layout.FORKS)
        listed = ", ".join(f"fork:{short(head)}" for head in known) or "none"
        raise NotFoundError(f"There is no fork {ref} in {store.url}.", remedy=f"Known: {listed}.")
    return records


def adopt(store: Store, ref: object) -> list[Record]:
    """Append the records of a fork to their log, as new records that name the originals.

    Parameters
    ----------
    store : Store
    ref : str
        ``kind/name@fork:<short digest>/<number>``: the fork up to that number.

    Returns
    -------
    list of Record
        The new ones.
    """
    parsed = Ref.parse(ref)
    appended = []
    for original in read_fork(store, parsed):
        log = store.log(original.kind, original.name)
        head = f"{parsed.version}".partition("/")[0]
        origin = Parent(f"{original.kind}/{original.name}@{head}/{original.number}", original.digest, store.id)
        known = next((record for record in log.history() if origin in record.parents), None)
        appended.append(
            known
            or log.append(
                original.body,
                action=original.action,
                message=original.message,
                parents=[origin, *original.parents],
                objects=store.objects.reachable(original) - {original.inventory},
            )
        )
    return appended
