"""Reading parts: packs at once and checked, large parts as private maps, checked once on each machine."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mlops_lite.base.digest import sha256, short
from mlops_lite.errors import DamagedError, NotFoundError
from mlops_lite.formats.container import known
from mlops_lite.formats.container.manifest import Manifest
from mlops_lite.formats.container.source import Source, Verify

__all__ = ["Reader", "Source"]

_SECTION = "models"  # of the cache
# before Python 3.13 each map keeps a file descriptor open, and a process has often 1,024 of them
_MOST_MAPS = 256 if sys.version_info < (3, 13) else sys.maxsize


class Reader:
    """The parts of a stored value.

    Parameters
    ----------
    manifest : Manifest
    source : Objects
        Where its objects are.
    what : str
        What is read, for messages.
    readonly : bool
        Give memory that cannot be written to.
    copy : bool
        Give memory of one's own instead of maps.
    verify : {"once", "always", "never"}
        When the large parts are compared with their digests; packs always are.
    cache : Cache, optional
        Where files may be made of parts, and where it is remembered what was judged.
    """

    def __init__(
        self,
        manifest: Manifest,
        source: Source,
        what: str = "the value",
        *,
        readonly: bool = False,
        copy: bool = False,
        verify: Verify = "once",
        cache: Any = None,
    ) -> None:
        self.manifest = manifest
        self.what = what
        self._source = source
        self._readonly = readonly
        self._copy = copy
        self._verify = verify
        self.cache = cache
        self._packs: dict[int, bytearray] = {}

    def __len__(self) -> int:
        return len(self.manifest.parts)

    @property
    def verifies_always(self) -> bool:
        """Whether everything is to be compared with its digest, whenever that was done before."""
        return self._verify == "always"

    def bytes(self, index: int) -> memoryview:
        """Give a part as memory of one's own, compared with its digest: what is judged is what is used."""
        place = self.manifest.parts[index]
        return memoryview(self._pack(place.object))[place.offset : place.offset + place.length]

    def checked(self, index: int) -> memoryview:
        """Give a part for reading once, compared with its digest."""
        if not self.manifest.is_whole(index):
            return self.bytes(index)
        number = self.manifest.parts[index].object
        with self._explained(number):
            return self._source.map(self.manifest.objects[number][0], readonly=True, verify="always")

    def cached(self, key: str) -> Path:
        """Place a file that is made of parts, in the cache folder."""
        found: Path = self.cache.path(_SECTION, f"{self._key}/{key}")
        return found

    def cache_file(self, key: str, make: Callable[[str], object]) -> None:
        """Make such a file: whole, or not at all."""
        self.cache.fill(_SECTION, f"{self._key}/{key}", make)

    @functools.cached_property
    def _key(self) -> str:
        return sha256(self.manifest.encode())

    def buffers(self, start: int = 0) -> list[memoryview]:
        """Give all parts from one on, each memory of its own: of a part, a slice of a pack or a map.

        Equal parts share their object and nothing else, so that writing to one leaves its twin alone.
        """
        indices = range(start, len(self))
        large = [index for index in indices if self._is_mapped(index)]
        packs = {self.manifest.parts[index].object for index in indices if not self._is_mapped(index)}
        self._read_packs(sorted(packs - set(self._packs)))
        maps = dict(zip(large, self._each(self._map, large[:_MOST_MAPS]), strict=False))
        maps |= {index: self._of_its_own(self._map(index)) for index in large[_MOST_MAPS:]}
        return [maps[index] if index in maps else self._slice(index) for index in indices]

    def _is_mapped(self, index: int) -> bool:
        return self.manifest.is_whole(index) and self.manifest.parts[index].object not in self._packs

    def _slice(self, index: int) -> memoryview:
        view = self.bytes(index)
        return view.toreadonly() if self._readonly else view

    def _read_packs(self, objects: list[int]) -> None:
        for _ in self._each(self._pack, objects):
            pass

    def _each(self, function: Any, items: list[int]) -> Iterator[Any]:
        if len(items) < 2:
            yield from map(function, items)
            return
        with ThreadPoolExecutor(min(len(items), 2 * (os.cpu_count() or 1))) as pool:
            yield from pool.map(function, items)

    def _pack(self, number: int) -> bytearray:
        if number not in self._packs:
            digest, size = self.manifest.objects[number]
            with self._explained(number):
                data = bytearray(self._source.map(digest, readonly=True, verify="never"))
                self._compare(number, digest, size, data)
            self._packs[number] = data
        return self._packs[number]

    def _map(self, index: int) -> memoryview:
        number = self.manifest.parts[index].object
        digest, size = self.manifest.objects[number]
        with self._explained(number):
            view = self._source.map(digest, readonly=self._readonly, verify=self._verify)
        if len(view) != size:
            raise self._damaged(number, f"{size:,} bytes", f"{len(view):,}")
        if self._copy:
            return self._of_its_own(view)
        if self._readonly:
            known.remember(view, digest)
        return view

    def _of_its_own(self, view: memoryview) -> memoryview:
        copied = memoryview(bytearray(view))
        return copied.toreadonly() if self._readonly else copied

    def _compare(self, number: int, digest: str, size: int, data: bytearray) -> None:
        if len(data) != size:
            raise self._damaged(number, f"{size:,} bytes", f"{len(data):,}")
        actual = sha256(data)
        if actual != digest:
            raise self._damaged(number, f"{short(digest)}…", f"{short(actual)}…")

    @contextlib.contextmanager
    def _explained(self, number: int) -> Iterator[None]:
        """Say of a damaged or missing object which value it belongs to."""
        try:
            yield
        except (DamagedError, NotFoundError) as error:
            if error.message.startswith(self.what):
                raise
            how = "missing" if isinstance(error, NotFoundError) else "damaged"
            raise DamagedError(
                f"{self.what}: object {number + 1} of {len(self.manifest.objects)} is {how}. Nothing was opened. "
                f"{error.message}",
                remedy=error.remedy,
                **error.facts,
            ) from error

    def _damaged(self, number: int, expected: str, found: str) -> DamagedError:
        return DamagedError(
            f"{self.what}: object {number + 1} of {len(self.manifest.objects)} is not what was written "
            f"(expected {expected}, found {found}). Nothing was opened.",
            remedy="store.verify() lists what else is damaged; a copy of the store can give it back.",
            digest=self.manifest.objects[number][0],
        )
