"""How many different values a column of numbers holds, from the smallest hashes of them: a sketch that adds up.

The ``MOST`` smallest hashes of all values are kept (k minimum values: Bar-Yossef et al., 2002). Up to so many values
are counted exactly; of more, the largest hash that is kept tells how densely the hashes lie (the unbiased estimate of
Beyer et al., 2007), with a standard error of 1 / sqrt(MOST - 2). The same values give the same sketch, in any order
and however they are divided. Values are hashed by one multiplication (Dietzfelbinger et al., 1997), of which the upper
half is taken.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST", "Distinct", "Sieve"]

MOST = 256
_FIRST = 2048  # values of the first look, which tells few values from many; the next ones are larger
_FACTOR = np.uint64(0x9E37_79B9_7F4A_7C15)
_HALF = np.uint64(32)

Hashes = NDArray[np.uint32]


@attrs.frozen(eq=False)
class Distinct:
    """The smallest hashes of the values of a column.

    Parameters
    ----------
    hashes : ndarray of uint32
        Sorted, each once; at most 256.

    Examples
    --------
    >>> sieve = Sieve(1)
    >>> sieve.add(np.array([3.0, 5.0, 3.0]), np.zeros(3, dtype=np.int16))
    >>> sieve.found().count
    2
    """

    hashes: Hashes

    @property
    def is_exact(self) -> bool:
        """Whether the values are few enough to have been counted."""
        return len(self.hashes) < MOST

    @property
    def count(self) -> int:
        """How many values there are; estimated from 256 on."""
        if self.is_exact:
            return len(self.hashes)
        return round((MOST - 1) * 2**32 / (int(self.hashes[-1]) + 1))

    @property
    def error(self) -> float:
        """The standard error of the count, as a share of it."""
        return 0.0 if self.is_exact else float((MOST - 2) ** -0.5)

    def merge(self, other: Distinct) -> Distinct:
        """Add the values of another part."""
        return Distinct(_smallest(np.concatenate((self.hashes, other.hashes))))

    def encode(self) -> bytes:
        """Write it: little-endian unsigned 32-bit numbers."""
        return self.hashes.astype("<u4").tobytes()

    @classmethod
    def decode(cls, data: bytes) -> Distinct:
        """Read it back."""
        return cls(np.frombuffer(data, dtype="<u4").astype(np.uint32))


def _smallest(hashes: Hashes) -> Hashes:
    hashes.sort()
    is_new = np.ones(len(hashes), dtype=bool)
    np.not_equal(hashes[1:], hashes[:-1], out=is_new[1:])
    return hashes[is_new][:MOST]


class Sieve:
    """Takes values block by block, and looks closely only at those that can change the sketch.

    Of a column of many values these are few in thousands, by their hash. Of a column of few values they are those that
    differ from the one that their cell held before, which costs no hash.

    Parameters
    ----------
    cells : int
        How many there are.
    room : ndarray of uint64, optional
        Memory that may be written to, as long as the longest block.
    """

    def __init__(self, cells: int, room: NDArray[np.uint64] | None = None) -> None:
        self._hashes: Hashes = np.empty(0, dtype=np.uint32)
        self._limit = np.uint64(0)
        self._typical = np.full(cells, np.nan)
        self._room = room
        self._next = _FIRST

    def add(self, values: NDArray[np.float64], codes: NDArray[Any]) -> None:
        """Add finite values, of which no zero is negative.

        Parameters
        ----------
        values : ndarray of shape (n,)
        codes : ndarray of int of shape (n,)
            The cell of each.
        """
        while self._next < len(values):
            first, self._next = self._next, 4 * self._next
            self._add(values[:first], codes[:first])
            values, codes = values[first:], codes[first:]
        self._add(values, codes)

    def found(self) -> Distinct:
        """Give the sketch of all values so far."""
        return Distinct(self._hashes)

    def _add(self, values: NDArray[np.float64], codes: NDArray[Any]) -> None:
        room = None if self._room is None else self._room[: len(values)]
        if len(self._hashes) == MOST:
            hashes = np.multiply(values.view(np.uint64), _FACTOR, out=room)
            few = np.flatnonzero(hashes < self._limit)
            values, codes, room = values[few], codes[few], None
        typical = np.take(self._typical, codes, out=None if room is None else room.view(np.float64), mode="clip")
        other = np.flatnonzero(values != typical)
        if len(other):
            values = values[other]
            self._typical[codes[other]] = values
            self._take(values.view(np.uint64) * _FACTOR)

    def _take(self, hashes: NDArray[np.uint64]) -> None:
        self._hashes = _smallest(np.concatenate((self._hashes, (hashes >> _HALF).astype(np.uint32))))
        self._limit = np.uint64(self._hashes[-1]) << _HALF
