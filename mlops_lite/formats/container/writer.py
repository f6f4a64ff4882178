"""Writing parts: small ones into packs, large ones as objects of their own, on all cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from mlops_lite.base import progress
from mlops_lite.formats.container import known
from mlops_lite.formats.container.manifest import Manifest, Place

__all__ = ["LARGE", "Sink", "Writer"]

LARGE = 1 << 20  # from here on a part is an object of its own
_ALIGNMENT = 64
_PACK = 8 << 20  # packs end here, so that one small change does not store all small parts again


class Sink(Protocol):
    """What takes objects: a batch of a store."""

    def add(self, data: Any, digest: str | None = None) -> str:
        """Take one object; give its digest."""
        ...


class Writer:
    """The parts of a value on their way into a store.

    Examples
    --------
    >>> writer = Writer()
    >>> writer.add(b"head"), writer.add(bytes(100)), writer.nbytes
    (0, 1, 104)
    """

    def __init__(self) -> None:
        self._sizes: list[int] = []
        self._data: list[Any] = []  # bytes-like, or a function that makes them when their turn comes

    @property
    def nbytes(self) -> int:
        """Bytes of all parts."""
        return sum(self._sizes)

    def add(self, data: Any) -> int:
        """Hand over a part: contiguous bytes, which stay as they are until :meth:`write` returns.

        Returns
        -------
        int
            Its number.
        """
        return self._add(memoryview(data).nbytes, data)

    def part(self, index: int) -> memoryview:
        """Give back the bytes of a part that was handed over."""
        return memoryview(_now(self._data[index])).cast("B")

    def add_later(self, size: int, make: Callable[[], Any]) -> int:
        """Hand over a part that is made when its turn comes, so that one copy at a time takes memory."""
        return self._add(size, make)

    def _add(self, size: int, data: Any) -> int:
        self._sizes.append(size)
        self._data.append(data)
        return len(self._sizes) - 1

    def write(self, sink: Sink, format: str, facts: Mapping[str, Any], before: known.Before | None = None) -> Manifest:
        """Put all parts into objects.

        Parameters
        ----------
        sink : ObjectBatch
        format : str
        facts : mapping
            What the format needs besides bytes.
        before : Before, optional
            The version before: parts that look the same are hashed before anything is written.

        Returns
        -------
        Manifest
        """
        packs, large = self._divide()
        pieces = [*packs, *large]
        made = [piece for piece in pieces if piece.is_made_later(self._data)]
        ready = [piece for piece in pieces if not piece.is_made_later(self._data)]
        with progress.bar(total=sum(piece.size for piece in pieces), unit="B", description="store") as bar:

            def add(piece: _Piece) -> str:
                data = piece.bytes(self._data)
                digest = sink.add(data, known.digest_of(data, before))
                bar.update(piece.size)
                return digest

            digests = list(map(add, made))  # one at a time: each may take as much memory as the largest array
            digests += self._side_by_side(add, ready, before)
        return self._manifest(format, facts, pieces, dict(zip(map(id, [*made, *ready]), digests, strict=True)))

    def _side_by_side(
        self, add: Callable[[_Piece], str], pieces: list[_Piece], before: known.Before | None
    ) -> list[str]:
        """Add objects on all cores: what is new first, so that the disk works while the rest is hashed."""
        if len(pieces) < 2:
            return list(map(add, pieces))
        order = sorted(pieces, key=lambda piece: piece.is_pack or known.is_known(piece.bytes(self._data), before))
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            found = dict(zip(map(id, order), pool.map(add, order), strict=True))
        return [found[id(piece)] for piece in pieces]

    def _divide(self) -> tuple[list[_Piece], list[_Piece]]:
        packs: list[_Piece] = []
        large: list[_Piece] = []
        for index, size in enumerate(self._sizes):
            if size >= LARGE:
                large.append(_Piece.alone(index, size))
                continue
            if not packs or packs[-1].size >= _PACK:
                packs.append(_Piece())
            packs[-1].add(index, size)
        return packs, large

    def _manifest(
        self, format: str, facts: Mapping[str, Any], pieces: list[_Piece], digests: Mapping[int, str]
    ) -> Manifest:
        places: dict[int, Place] = {}
        for number, piece in enumerate(pieces):
            for index, offset in piece.offsets:
                places[index] = Place(number, offset, self._sizes[index])
        objects = tuple((digests[id(piece)], piece.size) for piece in pieces)
        return Manifest(format, facts, objects, tuple(places[index] for index in range(len(self._sizes))))


class _Piece:
    """An object to be: one large part, or several small ones."""

    def __init__(self) -> None:
        self.offsets: list[tuple[int, int]] = []
        self.size = 0

    @classmethod
    def alone(cls, index: int, size: int) -> _Piece:
        piece = cls()
        piece.offsets = [(index, 0)]
        piece.size = size
        return piece

    def add(self, index: int, size: int) -> None:
        offset = -(-self.size // _ALIGNMENT) * _ALIGNMENT
        self.offsets.append((index, offset))
        self.size = offset + size

    @property
    def is_pack(self) -> bool:
        return self.size < LARGE or len(self.offsets) > 1

    def is_made_later(self, data: list[Any]) -> bool:
        return not self.is_pack and callable(data[self.offsets[0][0]])

    def bytes(self, data: list[Any]) -> Any:
        if len(self.offsets) == 1:
            return _now(data[self.offsets[0][0]])
        packed = bytearray(self.size)
        view = memoryview(packed)
        for index, offset in self.offsets:
            part = memoryview(_now(data[index])).cast("B")
            view[offset : offset + len(part)] = part
        return packed


def _now(data: Any) -> Any:
    return data() if callable(data) else data
