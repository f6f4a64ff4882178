"""Synchronising stores: copying what the other side lacks, and keeping what diverged beside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import attrs

from mlops_lite.base import progress
from mlops_lite.base.digest import short
from mlops_lite.base.record import Parent, Record
from mlops_lite.base.ref import KINDS, Ref
from mlops_lite.errors import AmbiguousError, ConflictError, NotFoundError
from mlops_lite.store import layout
from mlops_lite.store.gc import mark
from mlops_lite.store.log import Log
from mlops_lite.store.run_sync import copy_runs, inputs_of, objects_of
from mlops_lite.store.verify import logs

if TYPE_CHECKING:
    from mlops_lite.store.store import Store

__all__ = ["Synchronisation", "adopt", "read_fork", "synchronise"]

Key = tuple[str, str]  # kind and name of a log


@attrs.frozen
class Synchronisation:
    """What a synchronisation copied.

    Parameters
    ----------
    records, objects : int
        How many were copied.
    runs : int
        How many files of runs were copied.
    nbytes : int
        What the objects take.
    forks : tuple of str
        Refs of the tails of logs that had diverged. They can be read by these refs and appended by ``store.adopt``.
    """

    records: int = 0
    objects: int = 0
    runs: int = 0
    nbytes: int = 0
    forks: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether no log had diverged."""
        return not self.forks

    def __str__(self) -> str:
        counts = f"{self.records} records, {self.runs} files of runs and {self.objects} objects"
        text = f"{counts} ({self.nbytes:,} bytes) copied"
        return text + (f"; diverged and kept beside: {', '.join(self.forks)}" if self.forks else "")


@attrs.frozen
class _Copy:
    """One record to copy, and where to."""

    path: str
    data: bytes
    record: Record


def synchronise(source: Store, target: Store, only: Iterable[object] | None = None) -> Synchronisation:
    """Copy objects, then runs, then records in an order that leaves nothing dangling wherever it stops.

    Parameters
    ----------
    source, target : Store
    only : iterable of refs, optional
        What to copy, with the closure of what it points at.
    """
    if not source.exists:
        return Synchronisation()
    wanted = _everything(source) if only is None else _closure(source, only)
    target.prepare()
    copies, diverged = _plan(source, target, wanted)
    needed: set[str] = set()
    for copy in copies:
        needed |= source.objects.reachable(copy.record)
    runs = None if only is None else [name for kind, name in wanted if kind == "run"]
    count, nbytes = _copy_objects(source, target, needed | objects_of(source, runs))
    copied_runs = copy_runs(source, target, runs)
    for copy in copies:
        _create(target, copy)
    return Synchronisation(len(copies), count, copied_runs, nbytes, diverged)


def _everything(source: Store) -> dict[Key, int]:
    return {(log.kind, log.name): len(log) for log in logs(source)}


def _closure(source: Store, only: Iterable[object]) -> dict[Key, int]:
    """Follow parents from what is asked for; of each log all records up to the newest that is needed."""
    wanted: dict[Key, int] = {}
    waiting = [_target(source, Ref.parse(ref)) for ref in only]
    while waiting:
        kind, name, number = waiting.pop()
        before = wanted.get((kind, name), 0)
        if number <= before and (kind, name) in wanted:
            continue
        wanted[kind, name] = max(number, before)
        if kind == "run":
            waiting += [_target(source, ref) for ref in inputs_of(source, name)]
            continue
        for record in source.log(kind, name).history(before + 1, number + 1):
            waiting += [_target(source, Ref(parent.ref)) for parent in record.parents if _is_ref(parent.ref)]
    for kind, name in list(wanted):
        labels = source.log(layout.label_kind(kind), name)
        if kind != "run" and len(labels) and wanted[kind, name] == len(source.log(kind, name)):
            wanted[labels.kind, name] = len(labels)
    return wanted


def _target(source: Store, ref: Ref) -> tuple[str, str, int]:
    if ref.kind == "run":
        return ref.kind, ref.name, 0
    return ref.kind, ref.name, source.log(ref.kind, ref.name).resolve(ref.version)


def _is_ref(text: str) -> bool:
    return text.partition("/")[0] in KINDS and "@fork:" not in text


def _plan(source: Store, target: Store, wanted: dict[Key, int]) -> tuple[list[_Copy], tuple[str, ...]]:
    copies: dict[Key, list[_Copy]] = {}
    diverged: list[str] = []
    for (kind, name), last in sorted(wanted.items(), key=lambda item: item[0][0].endswith("-label")):
        if kind == "run":
            continue
        ours, theirs = source.log(kind, name), target.log(kind, name)
        common = _common(ours, theirs, min(last, len(theirs)))
        tail = list(ours.history(common + 1, last + 1))
        if not tail:
            continue
        of = kind.removesuffix("-label")
        if common < len(theirs) or any(ref.startswith(f"{of}/{name}@fork:") for ref in diverged):
            copies[kind, name] = _as_fork(source, target, tail)
            if kind == of:
                diverged.append(f"{kind}/{name}@fork:{short(tail[0].digest)}/{last}")
        else:
            copies[kind, name] = [_copy(source, record) for record in tail]
    return list(_in_order(copies)), tuple(diverged)


def _common(ours: Log, theirs: Log, last: int) -> int:
    """Count the records that two logs share: equal digests at one number mean equal digests before it."""
    low, high = 0, last + 1
    while high - low > 1:
        middle = (low + high) // 2 if high <= last else last
        if ours.read(middle).digest == theirs.read(middle).digest:
            low = middle
        else:
            high = middle
        if low == last:
            break
    return low


def _copy(source: Store, record: Record) -> _Copy:
    path = layout.record_path(layout.log_folder(record.kind, record.name), record.number)
    return _Copy(path, source.backend.read(path), record)


def _as_fork(source: Store, target: Store, tail: list[Record]) -> list[_Copy]:
    folder = layout.fork_folder(tail[0].digest, tail[0].kind, tail[0].name)
    copies = [attrs.evolve(_copy(source, record), path=layout.record_path(folder, record.number)) for record in tail]
    return [copy for copy in copies if not target.backend.exists(copy.path)]


def _in_order(copies: dict[Key, list[_Copy]]) -> Iterator[_Copy]:
    """Give each record after its parents, and each log in ascending order."""
    waiting = {key: list(reversed(tail)) for key, tail in copies.items()}
    for key in list(waiting):
        stack = [(key, waiting[key][0].record.number)] if waiting[key] else []
        while stack:
            log, upto = stack[-1]
            tail = waiting.get(log, [])
            if not tail or tail[-1].record.number > upto:
                stack.pop()
                continue
            parent = _first_waiting(tail[-1].record, waiting, {entry for entry, _ in stack})
            if parent is not None:
                stack.append(parent)
            else:
                yield tail.pop()


def _first_waiting(record: Record, waiting: dict[Key, list[_Copy]], under_way: set[Key]) -> tuple[Key, int] | None:
    for parent in record.parents:
        if not _is_ref(parent.ref):
            continue
        ref = Ref(parent.ref)
        tail = waiting.get((ref.kind, ref.name))
        if tail and isinstance(ref.version, int) and tail[-1].record.number <= ref.version:
            key = (ref.kind, ref.name)
            if key not in under_way:
                return key, ref.version
    return None


def _copy_objects(source: Store, target: Store, needed: set[str]) -> tuple[int, int]:
    missing = sorted(needed - mark(target))
    count = 0
    with target.objects.batch() as batch, progress.bar(missing, description="sync", unit="objects") as digests:
        for digest in digests:
            before = batch.written
            if source.is_local:
                batch.add(source.objects.map(digest, readonly=True, verify="always"), digest)
            else:
                batch.add(source.objects.read(digest), digest)
            count += batch.written > before
    return count, batch.written


def _create(target: Store, copy: _Copy) -> None:
    try:
        target.backend.create(copy.path, copy.data)
    except FileExistsError:
        if target.backend.read(copy.path) != copy.data:
            ref = f"{copy.record.kind}/{copy.record.name}@{copy.record.number}"
            raise ConflictError(
                f"While {ref} was being copied, somebody else wrote that number into {target.url}.",
                remedy="Synchronise again: what differs is then kept beside as a fork.",
            ) from None


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
