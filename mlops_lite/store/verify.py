"""Checking a store: every record in its place, every object what its name says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite.base import progress
from mlops_lite.base.digest import sha256
from mlops_lite.base.record import Record
from mlops_lite.base.ref import Ref, several
from mlops_lite.display import Drawn
from mlops_lite.errors import MlopsLiteError
from mlops_lite.store import layout
from mlops_lite.store.forgetting import Deletions, forgotten
from mlops_lite.store.forks import forks
from mlops_lite.store.run_check import check_runs, needs_of

if TYPE_CHECKING:
    from mlops_lite.store.log import Log
    from mlops_lite.store.store import Store

__all__ = ["Fault", "Verification", "verify"]

_CHUNK = 32 << 20


@attrs.frozen
class Fault:
    """One thing that is not as it was written.

    Parameters
    ----------
    path : str
        Where it stands in the store.
    what : str
        What is wrong with it.
    refs : tuple of str
        The versions that need it.
    """

    path: str
    what: str
    refs: tuple[str, ...] = ()


@attrs.frozen
class Verification(Drawn):
    """What a check of a store found.

    Parameters
    ----------
    checked : int
        Records, files of runs and objects that were read.
    damaged, missing : tuple of Fault
    """

    checked: int
    damaged: tuple[Fault, ...] = ()
    missing: tuple[Fault, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything is as it was written."""
        return not self.damaged and not self.missing

    def _view(self) -> Any:
        from mlops_lite.store.view import of_verification

        return of_verification(self)


def verify(store: Store, refs: Iterable[object] | None = None, *, contents: bool = True) -> Verification:
    """Read again everything that is asked for, and name what is damaged or missing.

    Parameters
    ----------
    store : Store
    refs : iterable of refs, optional
        What to check, with their objects; everything without it, the whole chain of each log included.
    contents : bool
        Read the objects too; otherwise only look that they are there.
    """
    check = _Check(store)
    if refs is None:
        for log in logs(store):
            check.chain(log)
        for fork in forks(store):
            check.fork(fork.path)
        check.runs()
    else:
        for ref in several(refs):
            check.one(Ref.parse(ref))
    check.objects(contents)
    return Verification(check.checked, tuple(check.damaged), tuple(check.missing))


def logs(store: Store) -> Iterator[Log]:
    """Walk over all logs of a store, labels included."""
    for kind in store.kinds():
        for name in store.names(kind):
            yield store.log(kind, name)


class _Check:
    """One check under way."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.checked = 0
        self.damaged: list[Fault] = []
        self.missing: list[Fault] = []
        self.needed: dict[str, set[str]] = {}  # digest -> the refs that need it
        self._gone: dict[tuple[str, str], frozenset[str]] = {}  # what logs let go of, where it was asked
        self._deletions = Deletions(store)

    def chain(self, log: Log) -> None:
        """Read a log from its first record to its last, and compare each with the digest that the next one holds.

        The last is found by listing the folder, for here no record is believed.
        """
        found = self.store.backend.walk(layout.log_folder(log.kind, log.name))
        last = max((layout.record_number(stat.path) for stat in found), default=0)
        before: Record | None = None
        intact = True
        for number in range(1, last + 1):
            record = self._read(log, number)
            if record is None:
                intact = False
                continue
            if intact:
                self._follows(record, before)
            before, intact = record, True
            self._need(record)

    def one(self, ref: Ref) -> None:
        """Read one record, or one run."""
        if ref.kind == "run":
            self.checked += 1
            for digest in self.store.runs.state(ref.name).get("objects", ()):
                self.needed.setdefault(digest, set()).add(ref)
            return
        log = self.store.log(ref.kind, ref.name)
        record = self._read(log, log.resolve(ref.version))
        if record is not None:
            self._need(record)

    def fork(self, path: str) -> None:
        """Read one record of a fork."""
        self.checked += 1
        try:
            self._need(Record.decode(self.store.backend.read(path), path))
        except MlopsLiteError as error:
            self.damaged.append(Fault(path, str(error)))

    def runs(self) -> None:
        """Read the files of all runs, and ask which objects they need."""
        for path, ref, trouble in check_runs(self.store):
            self.checked += 1
            if trouble is not None:
                self.damaged.append(Fault(path, trouble, (ref,)))
        try:
            for digest, ref in needs_of(self.store):
                self.needed.setdefault(digest, set()).add(ref)
        except Exception as error:  # whatever a damaged segment makes of its reader
            if not self.damaged:  # else what is damaged is named already
                self.damaged.append(Fault("runs", str(error)))

    def _read(self, log: Log, number: int) -> Record | None:
        path = layout.record_path(layout.log_folder(log.kind, log.name), number)
        ref = f"{log.kind}/{log.name}@{number}"
        self.checked += 1
        data = self.store.backend.read_many([path])[0]
        if data is None:
            self.missing.append(Fault(path, "a record between others", (ref,)))
            return None
        try:
            record = Record.decode(data, path)
        except MlopsLiteError as error:
            self.damaged.append(Fault(path, str(error), (ref,)))
            return None
        if (record.kind, record.name, record.number) != (log.kind, log.name, number):
            self.damaged.append(Fault(path, f"is {record.kind}/{record.name}@{record.number}", (ref,)))
            return None
        return record

    def _follows(self, record: Record, before: Record | None) -> None:
        expected = before.digest if before else None
        path = layout.record_path(layout.log_folder(record.kind, record.name), record.number - 1)
        if record.previous != expected:
            what = "its digest is not the one that its successor holds"
            self.damaged.append(Fault(path, what, (f"{record.kind}/{record.name}@{record.number - 1}",)))
        elif before is not None and record.time <= before.time:
            self.damaged.append(Fault(path, "time goes back", (f"{record.kind}/{record.name}@{record.number}",)))

    def _need(self, record: Record) -> None:
        ref = f"{record.kind}/{record.name}@{record.number}"
        for digest in (*record.objects, *([record.inventory] if record.inventory else ())):
            self.needed.setdefault(digest, set()).add(ref)
        if record.inventory:
            try:
                listed = self.store.objects.reachable(record)
            except MlopsLiteError:
                return  # the inventory itself is reported when the objects are checked
            for digest in listed:
                self.needed.setdefault(digest, set()).add(ref)

    def objects(self, contents: bool) -> None:
        """Look at every object that is needed."""
        with progress.bar(sorted(self.needed), description="verify", unit="objects") as digests:
            for digest in digests:
                self.checked += 1
                self._object(digest, contents)

    def _object(self, digest: str, contents: bool) -> None:
        path = layout.object_path(digest)
        refs = tuple(sorted(self.needed[digest]))
        found = self.store.backend.stat(path)
        if found is None:
            if not all(self._let_go(digest, ref) for ref in refs):
                self.missing.append(Fault(path, "an object", refs))
        elif contents and (actual := self._digest(path, found.size)) != digest:
            self.damaged.append(Fault(path, f"{found.size} bytes with the digest {actual[:8]}…", refs))

    def _let_go(self, digest: str, ref: str) -> bool:
        """Tell whether a record that needed an object needs it no more, as its log or the notes on it say by now."""
        log, _, number = ref.rpartition("@")
        if not log:  # a run
            return False
        kind, _, name = log.partition("/")
        try:
            if (kind, name) not in self._gone:
                self._gone[kind, name] = forgotten(self.store.log(kind, name).history())
            return digest in self._gone[kind, name] or int(number) in self._deletions.of(kind, name)
        except MlopsLiteError:
            return False  # a damaged record is reported by itself

    def _digest(self, path: str, size: int) -> str:
        if size <= _CHUNK:
            return sha256(self.store.backend.read(path))
        import hashlib

        digest = hashlib.sha256()
        for start in range(0, size, _CHUNK):
            digest.update(self.store.backend.read(path, start, min(start + _CHUNK, size)))
        return digest.hexdigest()
