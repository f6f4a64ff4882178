"""Logs: the numbered, gapless, append-only records of one named thing."""

from __future__ import annotations

import contextlib
import operator
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mlops_lite.base import clock, identity
from mlops_lite.base.fork import in_child
from mlops_lite.base.identifier import new_id, time_of
from mlops_lite.base.record import FORMAT, Parent, Record
from mlops_lite.base.ref import HasRef, Ref, several
from mlops_lite.errors import DamagedError, MlopsLiteError, NotFoundError, UnknownOutcomeError, suggest
from mlops_lite.store import head, layout
from mlops_lite.store.guard import explained
from mlops_lite.store.inventory import inventory

if TYPE_CHECKING:
    from mlops_lite.store.store import Store

__all__ = ["Body", "Log"]

Body = Mapping[str, Any] | Callable[[Record | None], Mapping[str, Any] | None]

_STEP = timedelta(microseconds=1)
_FEW_OBJECTS = 256  # more are listed in an object of their own: a record is at most 64 kB
_MOST_TURNS = 32
_HINT_EVERY = 64  # on a disk, where a new file costs as much as a commit, and a look at a name next to nothing
_AT_ONCE = 256  # records that are read together
_TXN_SKEW = timedelta(minutes=5)  # how far apart the clocks of two machines may be when a lost reply is looked up

_dice = random.Random(os.urandom(16))  # never the user's generator: his numbers are his
in_child(lambda: _dice.seed(os.urandom(16)))


class Log:
    """The records of one named thing.

    Parameters
    ----------
    store : Store
    kind, name : str
        What the log is about.

    Examples
    --------
    >>> from mlops_lite.store import Store
    >>> log = Store("memory://log-example").log("dataset", "flights")
    >>> log.append({"rows": 3}, action="snapshot").number
    1
    >>> log.newest().body["rows"], len(log)
    (3, 1)
    """

    def __init__(self, store: Store, kind: str, name: str) -> None:
        self.store = store
        self.kind = kind
        self.name = name
        self._backend = store.backend
        self._folder = layout.log_folder(kind, name)
        self._seen: Record | None = None  # the newest record that this process knows
        self._lost = 0  # races lost in the last append
        self._turn_s = 0.0  # moving average of a winning attempt

    def ref(self, number: int) -> Ref:
        """Name one entry."""
        return Ref.of(self.kind, self.name, number)

    def append(
        self,
        body: Body,
        *,
        action: str,
        message: str | None = None,
        parents: Iterable[object] = (),
        objects: Iterable[str] = (),
        txn: str | None = None,
    ) -> Record:
        """Add a record behind the newest.

        Who loses the race for a number tries the next one at once; who lost races and then won waits a little before
        the next append, so that eight writers take turns.

        Parameters
        ----------
        body : mapping, or callable
            What to say. A callable is given the newest record (None in an empty log) again after every lost race, and
            gives a mapping, or None to append nothing; it may raise to refuse. This makes a compare-and-swap.
        action : str
            A verb.
        message : str, optional
            What the author has to say.
        parents : iterable of refs, values with a ref, or Parent
            What it was made from.
        objects : iterable of str
            All digests that the record keeps alive. They must be in the store.
        txn : str, optional
            Of an append whose outcome is unknown: it is found if it landed, and done if not.

        Returns
        -------
        Record
            The new record; the newest one where the callable gave None.

        Raises
        ------
        UnknownOutcomeError
            The reply was lost and the place does not answer; carries ``txn``.
        DamagedError
            An object is not in the store.
        StoreUnavailableError
            The place refused, and nothing was written; carries ``txn``, for a request may still be on its way.
        """
        self.store.prepare()
        made_from = tuple(self.store.parent(parent) for parent in several(parents))
        if txn is not None and (landed := self._find(txn)) is not None:
            self._confirm(landed)
            return landed
        if self._lost:
            time.sleep(_dice.uniform(0, 2) * self._turn_s * min(self._lost, _MOST_TURNS))
        newest = self.newest()
        draft = {
            "kind": self.kind,
            "name": self.name,
            "action": action,
            "author": identity.author(),
            "host": identity.host(),
            "txn": txn or new_id(),
            "message": message,
            "parents": made_from,
            "format": FORMAT,
            **self._keeping(sorted(set(objects)), newest),
        }
        return self._append(draft, body, newest)

    def _append(self, draft: Mapping[str, Any], body: Body, newest: Record | None) -> Record:
        lost = 0
        while True:
            started = time.monotonic()
            said = body(newest) if callable(body) else body
            if said is None:
                assert newest is not None, "nothing to append to an empty log"
                return newest
            record = self._following(draft, newest, said)
            newest = self._seen = self._attempt(record)
            if newest.txn == record.txn:
                break
            lost += 1
        took = time.monotonic() - started
        self._turn_s = took if not self._turn_s else 0.8 * self._turn_s + 0.2 * took
        self._lost = lost
        if not self.store.is_local or newest.number % _HINT_EVERY == 0:
            self._hint(newest.number)
        return newest

    def _hint(self, number: int) -> None:
        with contextlib.suppress(Exception):  # the record stands: whatever a hint costs must not look like a failure
            self._backend.replace(layout.hint(self._folder), b"%012d" % number)

    def _keeping(self, objects: list[str], newest: Record | None) -> dict[str, Any]:
        """Say which objects a record keeps alive, once they are sure to be there."""
        if not objects:
            return {}
        self.store.objects.require(objects, newest)
        if len(objects) <= _FEW_OBJECTS:
            return {"objects": tuple(objects)}
        return {"inventory": self.store.objects.put(inventory(objects))}

    def _following(self, draft: Mapping[str, Any], newest: Record | None, body: Mapping[str, Any]) -> Record:
        raw = clock.now()
        if newest is None:
            return Record(**draft, number=1, time=raw, body=body)
        forward = max(raw, newest.time + _STEP)
        late = None if forward == raw else raw
        return Record(**draft, number=newest.number + 1, time=forward, clock=late, previous=newest.digest, body=body)

    def _attempt(self, record: Record) -> Record:
        """Create the record; give the one that stands there now, ours or another's."""
        data = record.encode()
        path = layout.record_path(self._folder, record.number)
        trouble: Exception | None = None
        try:
            self._backend.create(path, data)
            return record.as_written(data)
        except FileExistsError:
            pass
        except MlopsLiteError:
            raise
        except Exception as error:
            trouble = error
        return self._read_back(record, path, trouble)

    def _read_back(self, record: Record, path: str, trouble: Exception | None) -> Record:
        """Find out who holds a number: a winner may be told that he lost when his first reply went missing."""
        try:
            found = self._backend.read_many([path])[0]
        except Exception as error:
            raise UnknownOutcomeError(
                f"Whether {record.kind}/{record.name}@{record.number} was written is not known: the store at "
                f"{self.store.url} stopped answering ({trouble or error}).",
                remedy=f"Append again with txn={record.txn!r}: it is found if it landed, and done if not.",
                txn=record.txn,
            ) from error
        if found is not None:
            there = Record.decode(found, path)
            if there.txn == record.txn:
                self._confirm(there)
            return there
        with explained(self.store.url, f"write {record.kind}/{record.name}@{record.number}", txn=record.txn):
            raise trouble or DamagedError(f"{path} was taken a moment ago and is gone.")
        raise AssertionError  # pragma: no cover - the line above raises

    def _confirm(self, record: Record) -> None:
        """Wait for the disk again: a record of ours may stand there because only the sync of its folder failed."""
        with explained(self.store.url, f"keep {record.kind}/{record.name}@{record.number}", txn=record.txn):
            batch = self._backend.batch()
            batch.keep(layout.record_path(self._folder, record.number))
            batch.commit()

    def _find(self, txn: str) -> Record | None:
        """Look for a transaction from the newest record back to the time at which it began."""
        began = time_of(txn) - _TXN_SKEW  # the clocks of two machines differ
        high = len(self) + 1
        while high > 1:
            low = max(1, high - _AT_ONCE)
            records = list(self.history(low, high))
            landed = next((record for record in records if record.txn == txn), None)
            if landed is not None or records[0].time < began:
                return landed
            high = low
        return None

    def newest(self) -> Record | None:
        """Read the newest record; None in an empty log. Costs a few requests however long the log.

        Returns
        -------
        Record or None
        """
        with explained(self.store.url, f"read {self.kind}/{self.name}"):
            self._seen = head.newest(self._backend, self._folder, self._seen)
        return self._seen

    def read(self, number: int) -> Record:
        """Read one record.

        Raises
        ------
        NotFoundError
            There is no such number; says which there are.
        DamagedError
            The bytes are no record, or another's.
        """
        path = layout.record_path(self._folder, number)
        with explained(self.store.url, f"read {self.kind}/{self.name}"):
            try:
                data = self._backend.read(path) if number > 0 else None
            except FileNotFoundError:
                data = None
        if data is None:
            raise self._no_such(number)
        return self._checked(Record.decode(data, path), number)

    def _checked(self, record: Record, number: int) -> Record:
        if (record.kind, record.name, record.number) != (self.kind, self.name, number):
            raise DamagedError(
                f"At {self.kind}/{self.name}@{number} stands a record of {record.kind}/{record.name}@{record.number}."
            )
        return record

    def _no_such(self, version: object) -> NotFoundError:
        newest = self.newest()
        if newest is None:
            return self.store.no_such(self.kind, self.name)
        last = newest.number
        labels = sorted(self.store.labels(self.kind, self.name).all()) if not layout.is_label_kind(self.kind) else []
        there = f"There are 1 to {last}" if last > 1 else "There is only 1"
        also = f", and the labels {', '.join(labels)}" if labels else ""
        close = suggest(str(version), labels).partition("Known")[0]
        return NotFoundError(
            f"{self.kind}/{self.name} has no version {version!r}.",
            remedy=f"{close}{there}{also}.",
            last=last,
        )

    def find(self, version: object = "latest") -> Record:
        """Read the record that a version names, a fork's (``fork:<short digest>/<number>``) included.

        Raises
        ------
        NotFoundError
            Nothing answers to it; says what there is.
        """
        if isinstance(version, str) and version.startswith("fork:"):
            from mlops_lite.store.forks import read_fork

            return read_fork(self.store, Ref.of(self.kind, self.name, version))[-1]
        return self.read(self.resolve(version))

    def history(self, start: int = 1, stop: int | None = None) -> Iterator[Record]:
        """Walk over the records, oldest first.

        Parameters
        ----------
        start, stop : int
            From which number, and before which.
        """
        if stop is None:
            newest = self.newest()
            stop = newest.number + 1 if newest else 0
        for low in range(max(start, 1), stop, _AT_ONCE):
            numbers = range(low, min(low + _AT_ONCE, stop))
            paths = [layout.record_path(self._folder, number) for number in numbers]
            with explained(self.store.url, f"read {self.kind}/{self.name}"):
                found = self._backend.read_many(paths)
            for number, path, data in zip(numbers, paths, found, strict=True):
                if data is None:
                    raise DamagedError(f"{self.kind}/{self.name}@{number} is missing from its log.", path=path)
                yield self._checked(Record.decode(data, path), number)

    def at(self, moment: datetime) -> Record | None:
        """Find the newest record at an instant.

        Parameters
        ----------
        moment : datetime
            With a time zone; UTC without one.

        Returns
        -------
        Record or None
            None where the log began later.
        """
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        newest = self.newest()
        if newest is None or newest.time <= moment:
            return newest
        low, high = 0, newest.number  # low is at or before the moment (0: before all), high is after it
        found = None
        while high - low > 1:
            middle = self.read((low + high) // 2)
            if middle.time <= moment:
                low, found = middle.number, middle
            else:
                high = middle.number
        return found

    def resolve(self, version: object = "latest") -> int:
        """Turn what a person writes into a number.

        Parameters
        ----------
        version : int, str, datetime or None
            A number (from the end where negative), ``latest``, a label, or a time in ISO format (UTC without a zone).

        Returns
        -------
        int

        Raises
        ------
        NotFoundError
            Nothing answers to it; says what there is.
        """
        if isinstance(version, bool):
            raise self._no_such(version)
        if not isinstance(version, str) and hasattr(version, "__index__"):
            version = operator.index(version)  # a number of numpy is one
        if isinstance(version, int) or (isinstance(version, str) and version.lstrip("-").isdigit()):
            return self._count_from(int(version))
        if isinstance(version, datetime):
            return self._at_or_raise(version, version)
        if version is None or version == "latest":
            newest = self.newest()
            if newest is None:
                raise self.store.no_such(self.kind, self.name)
            return newest.number
        number = self.store.labels(self.kind, self.name).get(str(version))
        if number is not None:
            return number
        with contextlib.suppress(ValueError):
            return self._at_or_raise(datetime.fromisoformat(str(version)), version)
        raise self._no_such(version)

    def _count_from(self, number: int) -> int:
        newest = self.newest()
        last = newest.number if newest else 0
        found = number if number > 0 else last + 1 + number
        if not 1 <= found <= last or number == 0:
            raise self._no_such(number)
        return found

    def _at_or_raise(self, moment: datetime, version: object) -> int:
        found = self.at(moment)
        if found is None:
            if self.newest() is None:
                raise self.store.no_such(self.kind, self.name)
            first = self.read(1)
            raise NotFoundError(
                f"{self.kind}/{self.name} had no version at {version}.", remedy=f"It began at {first.time.isoformat()}."
            )
        return found.number

    def __len__(self) -> int:
        newest = self.newest()
        return newest.number if newest else 0

    def __repr__(self) -> str:
        return f"<Log {self.kind}/{self.name} in {self.store.url}>"


def parent_of(store: Store, value: object) -> Parent:
    """Name what a record was made from, with the digest of that record."""
    if isinstance(value, Parent):
        return value
    if isinstance(value, HasRef) and not isinstance(value, str):
        value = value.ref
    ref = Ref.parse(value)
    if ref.kind == "run":
        return Parent(ref, "", store.id)
    log = store.log(ref.kind, ref.name)
    record = log.find(ref.version)
    forked = isinstance(ref.version, str) and ref.version.startswith("fork:")
    return Parent(ref if forked else record.ref, record.digest, store.id)
