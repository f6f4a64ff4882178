"""Objects as files of this machine: those of a local store, downloads of another's; and which of them were verified."""

from __future__ import annotations

import mmap
import os
import sys
from typing import TYPE_CHECKING

from mlops_lite.base.digest import short
from mlops_lite.errors import NotFoundError
from mlops_lite.store import layout
from mlops_lite.store.guard import explained

if TYPE_CHECKING:
    from mlops_lite.store.store import Store

__all__ = ["ObjectFiles", "mapped", "missing"]

_DOWNLOADS = "objects"
_MARKS = "verified"
_MOST_MARKS_BYTES = 64 << 20


class ObjectFiles:
    """The files of objects on this machine.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._backend = store.backend

    def open(self, digest: str) -> int:
        """Open the file of an object for reading; download it first where the store is elsewhere.

        Returns
        -------
        int
            A descriptor.

        Raises
        ------
        FileNotFoundError
            It is not in a local store.
        NotFoundError
            It is not in a store elsewhere.
        """
        return os.open(self._path(digest), os.O_RDONLY | getattr(os, "O_BINARY", 0))

    def is_verified(self, digest: str, found: os.stat_result) -> bool:
        """Tell whether this very file was compared with its digest on this machine."""
        return self._store.cache.read(_MARKS, _place(digest)) == _identity(found)

    def note_verified(self, digest: str, found: os.stat_result) -> None:
        """Remember that it was."""
        self._store.cache.write(_MARKS, _place(digest), _identity(found))
        if digest[:2] == "00":  # now and then: looking costs more than a mark
            self._store.cache.trim(_MARKS, _MOST_MARKS_BYTES)

    def _path(self, digest: str) -> str:
        local = self._backend.local_path(layout.object_path(digest))
        if local is not None:
            return local
        cached = self._store.cache.path(_DOWNLOADS, _place(digest))
        if not cached.exists():
            self._download(digest)
        return str(cached)

    def _download(self, digest: str) -> None:
        def fetch(target: str) -> None:
            try:
                self._backend.download(layout.object_path(digest), target)
            except FileNotFoundError:
                raise missing(digest, self._store.url) from None

        with explained(self._store.url, "fetch an object"):
            self._store.cache.fill(_DOWNLOADS, _place(digest), fetch)
        self._store.cache.trim(_DOWNLOADS)


def mapped(descriptor: int, size: int, readonly: bool) -> memoryview:
    """Map an open file into memory, privately and copy-on-write."""
    if size == 0:  # nothing can be mapped of it
        return memoryview(b"") if readonly else memoryview(bytearray())
    access = mmap.ACCESS_READ if readonly else mmap.ACCESS_COPY
    if sys.version_info >= (3, 13):
        return memoryview(mmap.mmap(descriptor, 0, access=access, trackfd=False))  # else a map keeps a descriptor open
    return memoryview(mmap.mmap(descriptor, 0, access=access))


def missing(digest: str, url: str) -> NotFoundError:
    """Make the error for an object that is not in a store."""
    return NotFoundError(
        f"The object {short(digest)}… is not in the store at {url}.",
        remedy="store.verify() says what else is missing; a copy of it gives it back: copy.sync(to=store).",
        digest=digest,
    )


def _place(digest: str) -> str:
    return f"{digest[:2]}/{digest[2:]}"


def _identity(found: os.stat_result) -> bytes:
    return f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}".encode()
