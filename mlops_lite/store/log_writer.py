"""Writing to a log: one number after the other, by many writers, none of whom loses anything or starves."""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mlops_lite.base import clock, identity
from mlops_lite.base.fork import in_child
from mlops_lite.base.identifier import new_id, time_of
from mlops_lite.base.record import FORMAT, Record
from mlops_lite.errors import DamagedError, MlopsLiteError, UnknownOutcomeError
from mlops_lite.store import layout
from mlops_lite.store.guard import explained
from mlops_lite.store.inventory import inventory

if TYPE_CHECKING:
    from mlops_lite.store.log import Log

__all__ = ["Body", "Writer"]

Body = Mapping[str, Any] | Callable[[Record | None], Mapping[str, Any] | None]

_STEP = timedelta(microseconds=1)
_FEW_OBJECTS = 256  # more are listed in an object of their own: a record is at most 64 kB
_MOST_TURNS = 32
_HINT_EVERY = 64  # on a disk, where a new file costs as much as a commit, and a look at a name next to nothing
_AT_ONCE = 256  # records that are looked through together
_TXN_SKEW = timedelta(minutes=5)  # how far apart the clocks of two machines may be when a lost reply is looked up

_dice = random.Random(os.urandom(16))  # never the user's generator: his numbers are his
in_child(lambda: _dice.seed(os.urandom(16)))


class Writer:
    """What this process writes to one log.

    Parameters
    ----------
    log : Log
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._lost = 0  # races lost in the last append
        self._turn_s = 0.0  # moving average of a winning attempt

    def append(self, body: Body, said: Mapping[str, Any], parents: Iterable[object], objects: list[str]) -> Record:
        """Append as :meth:`Log.append` describes; ``said`` holds action, message and txn."""
        self._log.store.prepare()
        made_from = tuple(self._log.store.parent(parent) for parent in parents)
        txn = said["txn"]
        if txn is not None and (landed := self._find(txn)) is not None:
            self._confirm(landed)
            return landed
        if self._lost:
            time.sleep(_dice.uniform(0, 2) * self._turn_s * min(self._lost, _MOST_TURNS))
        newest = self._log.newest()
        draft = {
            **said,
            "kind": self._log.kind,
            "name": self._log.name,
            "author": identity.author(),
            "host": identity.host(),
            "txn": txn or new_id(),
            "parents": made_from,
            "format": FORMAT,
            **self._keeping(objects, newest),
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
            newest = self._log.seen = self._attempt(record)
            if newest.txn == record.txn:
                break
            lost += 1
        took = time.monotonic() - started
        self._turn_s = took if not self._turn_s else 0.8 * self._turn_s + 0.2 * took
        self._lost = lost
        if not self._log.store.is_local or newest.number % _HINT_EVERY == 0:
            self._hint(newest.number)
        return newest

    def _hint(self, number: int) -> None:
        with contextlib.suppress(Exception):  # the record stands: whatever a hint costs must not look like a failure
            self._log.backend.replace(layout.hint(self._log.folder), b"%012d" % number)

    def _keeping(self, objects: list[str], newest: Record | None) -> dict[str, Any]:
        """Say which objects a record keeps alive, once they are sure to be there."""
        if not objects:
            return {}
        self._log.store.objects.require(objects, newest)
        if len(objects) <= _FEW_OBJECTS:
            return {"objects": tuple(objects)}
        return {"inventory": self._log.store.objects.put(inventory(objects))}

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
        path = layout.record_path(self._log.folder, record.number)
        trouble: Exception | None = None
        try:
            self._log.backend.create(path, data)
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
            found = self._log.backend.read_many([path])[0]
        except Exception as error:
            raise UnknownOutcomeError(
                f"Whether {record.kind}/{record.name}@{record.number} was written is not known: the store at "
                f"{self._log.store.url} stopped answering ({trouble or error}).",
                remedy=f"Append again with txn={record.txn!r}: it is found if it landed, and done if not.",
                txn=record.txn,
            ) from error
        if found is not None:
            there = Record.decode(found, path)
            if there.txn == record.txn:
                self._confirm(there)
            return there
        with explained(self._log.store.url, f"write {record.kind}/{record.name}@{record.number}", txn=record.txn):
            raise trouble or DamagedError(f"{path} was taken a moment ago and is gone.")
        raise AssertionError  # pragma: no cover - the line above raises

    def _confirm(self, record: Record) -> None:
        """Wait for the disk again: a record of ours may stand there because only the sync of its folder failed."""
        with explained(self._log.store.url, f"keep {record.kind}/{record.name}@{record.number}", txn=record.txn):
            batch = self._log.backend.batch()
            batch.keep(layout.record_path(self._log.folder, record.number))
            batch.commit()

    def _find(self, txn: str) -> Record | None:
        """Look for a transaction from the newest record back to the time at which it began."""
        began = time_of(txn) - _TXN_SKEW  # the clocks of two machines differ
        high = len(self._log) + 1
        while high > 1:
            low = max(1, high - _AT_ONCE)
            records = list(self._log.history(low, high))
            landed = next((record for record in records if record.txn == txn), None)
            if landed is not None or records[0].time < began:
                return landed
            high = low
        return None
