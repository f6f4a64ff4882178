"""Batches: objects on their way into a store, and one wait for all of them."""

from __future__ import annotations

import contextlib
import mmap
import os
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mlops_lite.base.digest import sha256
from mlops_lite.errors import DamagedError
from mlops_lite.store import grace, layout
from mlops_lite.store.guard import explained

if TYPE_CHECKING:
    from mlops_lite.store.objects import Objects

__all__ = ["ObjectBatch"]

_LARGE = 1 << 20  # from here on writing goes beside hashing
_YOUNG_S = 600.0  # another writer's object of this age may not have reached the disk yet


class ObjectBatch:
    """Objects on their way into a store.

    Leaving the ``with`` block makes them durable; before that nothing is promised.

    Attributes
    ----------
    written, reused : int
        Bytes that were new, and bytes that the store had.
    """

    def __init__(self, objects: Objects, reachable: frozenset[str]) -> None:
        self._objects = objects
        self._backend = objects._backend
        self._reachable = reachable
        self._batch = self._backend.batch()
        self._lock = threading.Lock()
        self._ahead: float | None = None  # how far the store's clock is ahead of the time that passes here
        self._seen: dict[str, float] = {}  # when each was written or checked: a batch may take days
        self.written = 0
        self.reused = 0

    def __enter__(self) -> ObjectBatch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            self._batch.abort()
            return
        with explained(self._objects._store.url, "write objects"):
            try:
                self._batch.commit()
            except FileNotFoundError as error:
                raise DamagedError(
                    f"Something removed {error.filename} before this batch was complete: it was open for longer than "
                    "garbage collections spare what nothing points at.",
                    remedy="Write its objects again; end a batch within three days.",
                ) from error
        self._objects.note(self._seen)

    @property
    def digests(self) -> set[str]:
        """All that were added."""
        return set(self._seen)

    def add(self, data: Any, digest: str | None = None) -> str:
        """Add an object; safe to call from several threads.

        Parameters
        ----------
        data : bytes-like
            Contiguous.
        digest : str, optional
            Its SHA-256 where the caller has taken it already. Without it a large object is hashed while it is
            written, which is the fastest way for one that is new; with it nothing is hashed again.

        Returns
        -------
        str
            Its digest.
        """
        view = memoryview(data).cast("B")
        with explained(self._objects._store.url, "write an object"):
            if len(view) < _LARGE:
                digest = digest or sha256(view)
                new = self._wrote_small(digest, view)
            elif new := digest is None or not (self._is_known(digest) or self._has(digest, len(view))):
                digest = self._batch.write_hashed(view, layout.object_path, digest)
        assert digest is not None
        self._count(digest, len(view), new)
        return digest

    def _wrote_small(self, digest: str, view: memoryview) -> bool:
        """Write a small object that is not there yet: most are not, so where it costs no more it is tried first."""
        if self._is_known(digest):
            return False
        path = layout.object_path(digest)
        if self._batch.write_new(path, view):
            return True
        if self._has(digest, len(view)):
            return False
        self._batch.write(path, view)
        return True

    def add_many(self, buffers: Iterable[Any], digests: Iterable[str] | None = None) -> list[str]:
        """Add several objects on all cores.

        Parameters
        ----------
        buffers : iterable of bytes-like
        digests : iterable of str, optional
            Their SHA-256, where taken already.
        """
        from concurrent.futures import ThreadPoolExecutor

        items = list(buffers)
        known: list[str | None] = list(digests) if digests is not None else [None] * len(items)
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return list(pool.map(self.add, items, known))

    def add_file(self, path: str | os.PathLike[str]) -> str:
        """Add a file of this machine."""
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                return self.add(b"")
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            try:
                return self.add(mapped)
            finally:
                with contextlib.suppress(BufferError):  # the traceback of an error holds on to slices of it
                    mapped.close()

    def _is_known(self, digest: str) -> bool:
        return digest in self._seen or digest in self._reachable

    def _has(self, digest: str, size: int) -> bool:
        """Tell whether the store has it for sure: by size, for a name may stand empty after a power cut."""
        path = layout.object_path(digest)
        found = self._backend.stat(path)
        if found is None or found.size != size:
            return False
        age = self._store_now() - found.modified
        if age > grace.HALF_S:
            return False  # a garbage collection may be about to take it: write it again
        if age < _YOUNG_S:
            self._batch.keep(path)
        return True

    def _store_now(self) -> float:
        with self._lock:
            if self._ahead is None:
                self._ahead = self._backend.now() - grace.elapsed()
            return self._ahead + grace.elapsed()

    def _count(self, digest: str, size: int, new: bool) -> None:
        with self._lock:
            self._seen.setdefault(digest, grace.elapsed())
            if new:
                self.written += size
            else:
                self.reused += size
