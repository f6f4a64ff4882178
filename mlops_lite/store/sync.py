"""Synchronising stores: copying what the other side lacks, and keeping what diverged beside."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite.base import progress
from mlops_lite.base.digest import short
from mlops_lite.base.record import Record
from mlops_lite.base.ref import KINDS, Ref, several
from mlops_lite.display import Drawn
from mlops_lite.errors import ConflictError, NotFoundError
from mlops_lite.store import layout
from mlops_lite.store.forgetting import Deletions, forgotten
from mlops_lite.store.forks import forks
from mlops_lite.store.gc import mark
from mlops_lite.store.log import Log
from mlops_lite.store.run_sync import copy_runs, inputs_of, objects_of
from mlops_lite.store.verify import logs

if TYPE_CHECKING:
    from mlops_lite.store.store import Store

__all__ = ["Synchronisation", "synchronise"]

Key = tuple[str, str]  # kind and name of a log


@attrs.frozen
class Synchronisation(Drawn):
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
    labels : tuple of str
        Names whose labels or notes had been written on both sides, or whose log had diverged: the other side's stay
        as they are.
    """

    records: int = 0
    objects: int = 0
    runs: int = 0
    nbytes: int = 0
    forks: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing had diverged."""
        return not self.forks and not self.labels

    def _view(self) -> Any:
        from mlops_lite.store.view import of_synchronisation

        return of_synchronisation(self)


@attrs.frozen
class _Copy:
    """One record to copy, and where to."""

    path: str
    data: bytes
    record: Record


@attrs.frozen
class _Plan:
    """What is to be done."""

    copies: tuple[_Copy, ...]
    forks: tuple[str, ...]
    labels: tuple[str, ...]


def synchronise(source: Store, target: Store, only: Iterable[object] | None = None) -> Synchronisation:
    """Copy objects, then runs, then records in an order that leaves nothing dangling wherever it stops.

    Objects that the other side should have and lost are copied again, so a synchronisation also repairs.

    Parameters
    ----------
    source, target : Store
    only : iterable of refs, optional
        What to copy, with the closure of what it points at.
    """
    if not source.exists:
        return Synchronisation()
    deletions = Deletions(source)
    wanted = _closure(source, only, deletions)
    target.prepare()
    plan = _plan(source, target, wanted.logs)
    forks = _forks(source, target) if only is None else []
    needed = {*wanted.objects, *objects_of(source, None if only is None else wanted.runs)}
    for copy in forks:
        needed |= source.objects.reachable(copy.record)
    new = {digest for copy in forks for digest in source.objects.reachable(copy.record)}
    new |= _named(source, plan.copies, deletions)
    count, nbytes = _copy_objects(source, target, needed, new)
    runs = copy_runs(source, target, None if only is None else wanted.runs)
    for copy in (*plan.copies, *forks):
        _create(target, copy)
    _hint(target, plan.copies)
    return Synchronisation(len(plan.copies) + len(forks), count, runs, nbytes, plan.forks, plan.labels)


@attrs.frozen
class _Closure:
    """What is asked for, with all that it points at: how far to copy each log, which runs, which objects."""

    logs: dict[Key, int] = attrs.field(factory=dict)
    runs: set[str] = attrs.field(factory=set)
    objects: set[str] = attrs.field(factory=set)


def _closure(source: Store, only: Iterable[object] | None, deletions: Deletions) -> _Closure:
    """Follow parents from what is asked for; of each log all records up to the newest that is needed."""
    found = _Closure()
    if only is None:
        waiting = [(log.kind, log.name, len(log)) for log in logs(source) if layout.owner_kind(log.kind) == log.kind]
    else:
        waiting = [_target(source, Ref.parse(ref)) for ref in several(only)]
    while waiting:
        kind, name, number = waiting.pop()
        if kind == "run":
            if name not in found.runs:
                found.runs.add(name)
                waiting += _there(source, inputs_of(source, name))
            continue
        before = found.logs.get((kind, name), 0)
        found.logs[kind, name] = max(number, before)
        gone = deletions.of(kind, name)
        for record in source.log(kind, name).history(before + 1, number + 1):
            if record.number not in gone:
                found.objects.update(source.objects.reachable(record))
            parents = (Ref(parent.ref) for parent in record.parents if _is_ref(parent.ref))
            waiting += _there(source, (ref for ref in parents if only is not None or ref.kind != "run"))
    for kind, name in list(found.logs):
        labels = source.log(layout.label_kind(kind), name)
        moves = len(labels)  # counted before the versions: no label that is copied names one that is not
        if moves and found.logs[kind, name] == len(source.log(kind, name)):
            found.logs[labels.kind, name] = moves
        if (kind, name) in deletions.noted:
            notes = source.log(layout.note_kind(kind), name)
            if said := _notes_up_to(notes, found.logs[kind, name]):
                found.logs[notes.kind, name] = said
    return found


def _notes_up_to(notes: Log, last: int) -> int:
    """Count the notes before the first one on a version that is not copied: another may get its number over there."""
    copied = itertools.takewhile(lambda record: record.body["version"] <= last, notes.history())
    return sum(1 for _ in copied)


def _target(source: Store, ref: Ref) -> tuple[str, str, int]:
    if ref.kind == "run":
        return ref.kind, ref.name, 0
    return ref.kind, ref.name, source.log(ref.kind, ref.name).resolve(ref.version)


def _there(source: Store, refs: Iterable[Ref]) -> Iterator[tuple[str, str, int]]:
    """Name what of some refs is in this store: a record may have been made from what is in another."""
    for ref in refs:
        with contextlib.suppress(NotFoundError):
            if ref.kind == "run":
                source.runs.state(ref.name)
            yield _target(source, ref)


def _is_ref(text: str) -> bool:
    return text.partition("/")[0] in KINDS and "@fork:" not in text


def _plan(source: Store, target: Store, wanted: dict[Key, int]) -> _Plan:
    copies: dict[Key, list[_Copy]] = {}
    forks: list[str] = []
    labels: list[str] = []
    diverged: set[Key] = set()
    for (kind, name), last in sorted(wanted.items(), key=lambda item: layout.owner_kind(item[0][0]) != item[0][0]):
        of = layout.owner_kind(kind)
        ours, theirs = source.log(kind, name), target.log(kind, name)
        common = _common(ours, theirs, min(last, len(theirs)))
        tail = list(ours.history(common + 1, last + 1))
        if not tail:
            continue
        if common == len(theirs) and (of, name) not in diverged:
            copies[kind, name] = [_copy(source, record) for record in tail]
            continue
        diverged.add((kind, name))
        copies[kind, name] = _as_fork(source, target, tail)
        if kind == of:
            forks.append(f"{kind}/{name}@fork:{short(tail[0].digest)}/{last}")
        else:
            labels.append(f"{of}/{name}")
    return _Plan(tuple(_in_order(copies)), tuple(forks), tuple(labels))


def _forks(source: Store, target: Store) -> list[_Copy]:
    """List the forks that the source keeps and that the target has neither as a fork nor in its log."""
    found = []
    for stat in forks(source):
        if target.backend.exists(stat.path):
            continue
        data = source.backend.read(stat.path)
        record = Record.decode(data, stat.path)
        log = target.log(record.kind, record.name)
        if record.number > len(log) or log.read(record.number).digest != record.digest:
            found.append(_Copy(stat.path, data, record))
    return found


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


def _named(source: Store, copies: Iterable[_Copy], deletions: Deletions) -> set[str]:
    """List the objects of records, but for what their logs let go of: of each log alone, another may still need it."""
    named: dict[Key, set[str]] = {}
    for copy in copies:
        key = (copy.record.kind, copy.record.name)
        if copy.record.number not in deletions.of(*key):
            named.setdefault(key, set()).update(source.objects.reachable(copy.record))
    return {digest for key, digests in named.items() for digest in digests - forgotten(source.log(*key).history())}


def _copy_objects(source: Store, target: Store, needed: set[str], new: set[str]) -> tuple[int, int]:
    """Copy what the target lacks, or has with another size, or may be about to remove."""
    ours, theirs = _sizes(source), _sizes(target)
    missing = {digest for digest in needed if digest in ours and theirs.get(digest) != ours[digest]}
    missing |= new - theirs.keys()  # what the source lacks itself is an error that says so
    unsure = (new & theirs.keys()) - missing
    missing |= unsure - mark(target) if unsure else set()
    count = 0
    with target.objects.batch() as batch, progress.bar(sorted(missing), description="sync", unit="objects") as digests:
        for digest in digests:
            before = batch.written
            if source.is_local:
                batch.add(source.objects.map(digest, readonly=True, verify="always"), digest)
            else:
                batch.add(source.objects.read(digest), digest)
            count += batch.written > before
    return count, batch.written


def _sizes(store: Store) -> dict[str, int]:
    return {layout.object_digest(stat.path): stat.size for stat in store.backend.walk(layout.OBJECTS)}


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


def _hint(target: Store, copies: Iterable[_Copy]) -> None:
    newest = {copy.path.rpartition("/")[0]: copy.record.number for copy in copies if copy.path.startswith(layout.LOGS)}
    for folder, number in newest.items():
        with contextlib.suppress(Exception):  # a hint is a convenience
            target.backend.replace(layout.hint(folder), b"%012d" % number)
