"""Objects: immutable bytes, named by their SHA-256."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mlops_lite.base.digest import sha256, sha256_many, short
from mlops_lite.base.record import Record
from mlops_lite.errors import DamagedError, NotFoundError
from mlops_lite.store import grace, layout
from mlops_lite.store.forgetting import is_deleted
from mlops_lite.store.guard import explained
from mlops_lite.store.inventory import read_inventory
from mlops_lite.store.object_batch import ObjectBatch
from mlops_lite.store.object_files import ObjectFiles, mapped, missing

if TYPE_CHECKING:
    from mlops_lite.store.store import Store

__all__ = ["Objects"]

_MOST_REMEMBERED = 1 << 17
Verify = Literal["once", "always", "never"]


class Objects:
    """The objects of a store.

    Examples
    --------
    >>> from mlops_lite.store import Store
    >>> objects = Store("memory://objects-example").objects
    >>> digest = objects.put(b"abc")
    >>> objects.read(digest), objects.size(digest), digest in objects
    (b'abc', 3, True)
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._backend = store.backend
        self._files = ObjectFiles(store)
        self._checked: dict[str, float] = {}  # digest -> when this process wrote it, or saw that it may rely on it

    def batch(self, reachable: Collection[str] = ()) -> ObjectBatch:
        """Begin a batch: many objects, one wait.

        Parameters
        ----------
        reachable : collection of str
            Digests that the record to come builds on: they are there, and no garbage collection takes them.

        Returns
        -------
        ObjectBatch
            A context manager; leaving it makes everything durable, an exception drops it.
        """
        self._store.prepare()
        return ObjectBatch(self, frozenset(reachable))

    def put(self, data: Any) -> str:
        """Store one object, durably.

        Parameters
        ----------
        data : bytes-like

        Returns
        -------
        str
            Its digest.
        """
        with self.batch() as batch:
            return batch.add(data)

    def read(self, digest: str, start: int = 0, stop: int | None = None, *, verify: bool = True) -> bytes:
        """Read an object or a range of it.

        Parameters
        ----------
        digest : str
        start, stop : int
            Bytes; a whole object without them.
        verify : bool
            Compare a whole object with its digest.

        Returns
        -------
        bytes

        Raises
        ------
        NotFoundError
            It is not in the store.
        DamagedError
            Its bytes are not those that were written.
        """
        with explained(self._store.url, "read an object"):
            try:
                data = self._backend.read(layout.object_path(digest), start, stop)
            except FileNotFoundError:
                raise self._missing(digest) from None
        if verify and start == 0 and stop is None:
            _compare(digest, sha256(data))
        return data

    def read_many(self, digests: Iterable[str], *, verify: bool = True) -> list[bytes]:
        """Read whole objects at once.

        Parameters
        ----------
        digests : iterable of str
        verify : bool
            Compare each with its digest.

        Returns
        -------
        list of bytes
            In the order asked for.
        """
        wanted = list(digests)
        with explained(self._store.url, "read objects"):
            found = self._backend.read_many([layout.object_path(digest) for digest in wanted])
        for digest, data in zip(wanted, found, strict=True):
            if data is None:
                raise self._missing(digest)
        whole = [data for data in found if data is not None]
        if verify:
            for digest, actual in zip(wanted, sha256_many(whole), strict=True):
                _compare(digest, actual)
        return whole

    def read_ranges(self, digest: str, ranges: list[tuple[int, int]]) -> list[bytes]:
        """Read ranges of one object at once; not compared with the digest.

        Parameters
        ----------
        digest : str
        ranges : list of (int, int)
            Start and stop, in bytes.
        """
        with explained(self._store.url, "read an object"):
            try:
                return self._backend.read_ranges(layout.object_path(digest), ranges)
            except FileNotFoundError:
                raise self._missing(digest) from None

    def map(self, digest: str, *, readonly: bool = False, verify: Verify = "once") -> memoryview:
        """Map an object into memory: usable at once, read when touched, shared between processes.

        The map is private and copy-on-write: what is written into it stays in this process.

        Parameters
        ----------
        digest : str
        readonly : bool
            Refuse writing.
        verify : {"once", "always", "never"}
            Compare the bytes with the digest the first time on this machine, each time, or not.

        Returns
        -------
        memoryview
            Bytes. The map lives as long as something refers to it.

        Raises
        ------
        NotFoundError
            It is not in the store.
        DamagedError
            Its bytes are not those that were written.
        """
        try:
            descriptor = self._files.open(digest)
        except FileNotFoundError:
            self.size(digest)  # says so where the whole store is not there any more
            raise self._missing(digest) from None
        try:
            found = os.fstat(descriptor)
            view = mapped(descriptor, found.st_size, readonly)
        finally:
            os.close(descriptor)
        if verify == "always" or (verify == "once" and not self._files.is_verified(digest, found)):
            _compare(digest, sha256(view))
            self._files.note_verified(digest, found)
        return view

    def path(self, digest: str) -> Path | None:
        """Give the file of an object on this machine's disk, for reading only; None where the store is elsewhere.

        Raises
        ------
        NotFoundError
            It is not in the store.
        """
        local = self._backend.local_path(layout.object_path(digest))
        if local is not None:
            self.size(digest)
        return Path(local) if local is not None else None

    def size(self, digest: str) -> int:
        """Tell how many bytes an object has.

        Raises
        ------
        NotFoundError
            It is not in the store.
        """
        with explained(self._store.url, "look at an object"):
            found = self._backend.stat(layout.object_path(digest))
        if found is None:
            raise self._missing(digest)
        return found.size

    def __contains__(self, digest: object) -> bool:
        if not isinstance(digest, str):
            return False
        with explained(self._store.url, "look at an object"):
            return self._backend.exists(layout.object_path(digest))

    def __iter__(self) -> Iterator[str]:
        """Walk over the digests of all objects."""
        with explained(self._store.url, "list its objects"):
            for found in self._backend.walk(layout.OBJECTS):
                if digest := layout.object_digest(found.path):
                    yield digest

    def reachable(self, record: Record | None) -> frozenset[str]:
        """List the objects that a record keeps alive, its inventory included."""
        if record is None:
            return frozenset()
        if record.inventory is None:
            return frozenset(record.objects)
        listed = read_inventory(self.read(record.inventory))
        return frozenset([record.inventory, *record.objects, *listed])

    def require(self, digests: Iterable[str], head: Record | None) -> None:
        """Make sure that objects are there, and that no garbage collection takes them before a record names them.

        What this process wrote or saw a short while ago is sure. Of the rest, what is neither young nor reachable is
        made young again.

        Parameters
        ----------
        digests : iterable of str
        head : Record, optional
            The record that the next one builds on.

        Raises
        ------
        DamagedError
            One is not in the store.
        """
        unsure = {digest for digest in digests if not self.is_sure(digest)}
        if not unsure:
            return
        held = frozenset() if head is None or is_deleted(self._store, head) else self.reachable(head)
        loose = sorted(unsure - held)
        now = self._backend.now() if loose else 0.0
        for digest in loose:
            self._renew(digest, now)
        self.note(dict.fromkeys(unsure, grace.elapsed()))

    def is_sure(self, digest: str) -> bool:
        """Tell whether this process wrote or checked an object in the last half of the grace period."""
        seen = self._checked.get(digest)
        return seen is not None and grace.elapsed() - seen < grace.HALF_S

    def note(self, seen: Mapping[str, float]) -> None:
        """Remember when objects were written or checked."""
        if len(self._checked) > _MOST_REMEMBERED:
            self._checked.clear()  # they are looked at again
        self._checked.update(seen)

    def _renew(self, digest: str, now: float) -> None:
        path = layout.object_path(digest)
        found = self._backend.stat(path)
        if found is not None and now - found.modified > grace.HALF_S:
            with contextlib.suppress(FileNotFoundError):
                self._backend.renew(path)
            found = self._backend.stat(path)
        if found is None:
            raise DamagedError(
                f"A record would point at the object {short(digest)}…, which is not in the store at {self._store.url}.",
                remedy="Write it again: store.objects.put(data).",
                digest=digest,
            )

    def _missing(self, digest: str) -> NotFoundError:
        return missing(digest, self._store.url)


def _compare(expected: str, actual: str) -> None:
    if actual != expected:
        raise DamagedError(
            f"The object {short(expected)}… is not what was written (its bytes have the digest {short(actual)}…).",
            remedy="store.verify() lists what else is damaged; a copy of the store can give it back.",
            digest=expected,
        )
