"""Logs: the numbered, gapless, append-only records of one named thing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlops_lite.base.record import Record
from mlops_lite.base.ref import Ref, several
from mlops_lite.errors import DamagedError
from mlops_lite.store import head, layout
from mlops_lite.store.guard import explained
from mlops_lite.store.log_writer import Body, Writer
from mlops_lite.store.resolve import no_such, resolve

if TYPE_CHECKING:
    from mlops_lite.store.store import Store

__all__ = ["Body", "Log"]

_AT_ONCE = 256  # records that are read together


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
        self.backend = store.backend
        self.folder = layout.log_folder(kind, name)
        self.seen: Record | None = None  # the newest record that this process knows
        self._writer = Writer(self)

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
        draft = {"action": action, "message": message, "txn": txn}
        return self._writer.append(body, draft, several(parents), sorted(set(objects)))

    def newest(self) -> Record | None:
        """Read the newest record; None in an empty log. Costs a few requests however long the log.

        Returns
        -------
        Record or None
        """
        with explained(self.store.url, f"read {self.kind}/{self.name}"):
            self.seen = head.newest(self.backend, self.folder, self.seen)
        return self.seen

    def read(self, number: int) -> Record:
        """Read one record.

        Raises
        ------
        NotFoundError
            There is no such number; says which there are.
        DamagedError
            The bytes are no record, or another's.
        """
        path = layout.record_path(self.folder, number)
        with explained(self.store.url, f"read {self.kind}/{self.name}"):
            try:
                data = self.backend.read(path) if number > 0 else None
            except FileNotFoundError:
                data = None
        if data is None:
            raise no_such(self, number)
        return self._checked(Record.decode(data, path), number)

    def _checked(self, record: Record, number: int) -> Record:
        if (record.kind, record.name, record.number) != (self.kind, self.name, number):
            raise DamagedError(
                f"At {self.kind}/{self.name}@{number} stands a record of {record.kind}/{record.name}@{record.number}."
            )
        return record

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
            paths = [layout.record_path(self.folder, number) for number in numbers]
            with explained(self.store.url, f"read {self.kind}/{self.name}"):
                found = self.backend.read_many(paths)
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
        return resolve(self, version)

    def __len__(self) -> int:
        newest = self.newest()
        return newest.number if newest else 0

    def __repr__(self) -> str:
        return f"<Log {self.kind}/{self.name} in {self.store.url}>"
