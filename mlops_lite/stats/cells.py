"""Cells: a fixed partition of the values of a column, so that a column becomes counts that add up.

Counts on cells that the reference fixed once are exact, the same in any order, and merge by addition. Numbers lie in
cells between quantiles of the reference; levels in a cell each, or, where there are very many, in cells by their hash:
which level goes where must not depend on how often it was seen, or chance would look like drift.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import attrs
import numpy as np
from numpy.typing import NDArray

from mlops_lite.base import canonical, digest

__all__ = ["Cells", "LevelCells", "NoCells", "NumberCells", "cells_of", "level_cells", "number_cells"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

QUANTILES = 768  # cells of a column of numbers: 0.13 % of the reference in each
DISTINCT = 1000  # up to so many distinct values each has its cell
MOST_LEVELS = 2048  # more are put together by their hash
BUCKETS = 512
_PREFIXES = 1 << 17  # sign, exponent and eight bits of mantissa of a float32
_HALF = _PREFIXES // 2
_INFINITY = 0x7F800000 >> 15
_BEYOND = np.array([0, 4, 16, 64, 256, 1024, 4096])  # places further out: where values go that were not there before


def _whole(edges: Any) -> Ints:
    return np.asarray(edges, dtype=np.int64)


@attrs.frozen(eq=False)
class NumberCells:
    """Intervals of numbers, bounded by prefixes of the float32 of a value's distance from a centre.

    To subtract and to round keep the order, so the cells are intervals, and the cell of a value is found by one look
    into a table of 131,072 places instead of a search.

    Parameters
    ----------
    centre : float
        What is subtracted first.
    edges : tuple of int
        Where a new cell begins, as places in the order of all prefixes, ascending.
    unit : float
        The step in which sums are counted, a power of two, so that they too are the same in any order.

    Examples
    --------
    >>> cells = number_cells(np.arange(10.0))
    >>> cells.size, cells.code(np.array([0.0, 9.0, 100.0, np.nan, np.inf])).tolist()
    (24, [7, 16, 21, 24, 26])
    """

    kind: ClassVar[str] = "numbers"
    centre: float
    edges: Ints = attrs.field(converter=_whole)
    unit: float

    @property
    def size(self) -> int:
        """How many cells there are; NaN, minus and plus infinity have the three numbers behind."""
        return len(self.edges) + 1

    @functools.cached_property
    def bounds(self) -> Floats:
        """The values at which cells begin, from the second on."""
        return self.centre + value_at(self.edges)

    def code(self, values: NDArray[Any]) -> NDArray[np.int16]:
        """Give the cell of each value."""
        return np.take(self.table, prefixes(values, self.centre))

    @functools.cached_property
    def table(self) -> NDArray[np.int16]:
        """The cell of each prefix."""
        inner = np.diff(np.concatenate(([0], self.edges, [_PREFIXES])))
        by_place = np.repeat(np.arange(self.size, dtype=np.int16), inner)
        table = np.concatenate((by_place[_HALF:], by_place[:_HALF][::-1]))
        for start, infinite in ((0, self.size + 2), (_HALF, self.size + 1)):
            table[start + _INFINITY] = infinite
            table[start + _INFINITY + 1 : start + _HALF] = self.size
        return table

    def describe(self) -> dict[str, Any]:
        """Give what :func:`cells_of` reads."""
        steps = np.diff(self.edges, prepend=0).astype("<u4").tobytes()
        return {"kind": self.kind, "centre": self.centre, "unit": self.unit, "edges": zlib.compress(steps)}


def prefixes(values: NDArray[Any], centre: float) -> NDArray[Any]:
    """Give the first 17 bits of the float32 of ``values - centre``."""
    with np.errstate(over="ignore", invalid="ignore"):
        small = np.subtract(values, centre, dtype=np.float64).astype(np.float32)
    found: NDArray[Any] = small.view(np.uint32) >> np.uint32(15)
    return found


def places(values: NDArray[Any], centre: float) -> Ints:
    """Give where the prefixes of finite values stand in the order of all."""
    found = prefixes(values, centre).astype(np.int64)
    return np.where(found < _HALF, found + _HALF, _PREFIXES - 1 - found)


def value_at(place: Ints) -> Floats:
    """Give the smallest value of a place, with the largest for the negative ones, whose order is turned."""
    prefix = np.where(place >= _HALF, place - _HALF, _PREFIXES - 1 - place).astype(np.uint32)
    low = (prefix << np.uint32(15)).view(np.float32).astype(np.float64)
    far = ((prefix << np.uint32(15)) | np.uint32(0x7FFF)).view(np.float32).astype(np.float64)
    return np.where(place >= _HALF, low, far)


def number_cells(sample: NDArray[Any]) -> NumberCells:
    """Choose cells for a column of numbers.

    Parameters
    ----------
    sample : ndarray of shape (n,)
        Some of its values; what is not finite is left out.

    Returns
    -------
    NumberCells
        Around the centre (zero, the median, a low or a high quantile) for which they are evenest.
    """
    values = np.asarray(sample, dtype=np.float64)
    is_finite = np.abs(values) < np.finfo(np.float32).max
    values = values if is_finite.all() else values[is_finite]
    if not len(values):
        return NumberCells(0.0, (), 1.0)
    few = np.sort(values[:: max(1, len(values) // 4096)])
    low, middle, high = (few[int(share * (len(few) - 1))] for share in (0.01, 0.5, 0.99))
    centres = dict.fromkeys(float(np.float32(centre)) for centre in (0.0, middle, low, high))
    crowding = {centre: _crowding(few, centre) for centre in centres}
    best = min(crowding, key=crowding.__getitem__)
    centre = 0.0 if crowding[0.0] <= 1.1 * crowding[best] else best  # zero unless another is better beyond chance
    spread = float(np.abs(few - centre).mean()) or 1.0
    return NumberCells(centre, _edges(values, centre), float(2.0 ** (np.floor(np.log2(spread)) - 40)))


def _crowding(ordered: Floats, centre: float) -> int:
    """Add up the squares of how many values share a place: what one place holds no edge can part."""
    found = places(ordered, centre)
    runs = np.diff(np.flatnonzero(np.concatenate(([True], found[1:] != found[:-1], [True]))))
    return int(np.square(runs).sum())


def _edges(values: Floats, centre: float) -> Ints:
    found = np.bincount(prefixes(values, centre), minlength=_PREFIXES)
    counts = np.concatenate((found[_HALF:][::-1], found[:_HALF]))  # in the order of the values
    held = np.flatnonzero(counts > 0)
    outside = np.concatenate((held[0] - _BEYOND, held[-1] + 1 + _BEYOND))
    if len(held) <= DISTINCT:
        return _allowed(held, outside)
    below = np.cumsum(counts[held])
    ranks = np.arange(1, QUANTILES) * (len(values) / QUANTILES)
    starts = held[np.searchsorted(below, ranks, "right")]
    heavy = held[counts[held] > len(values) / QUANTILES]
    return _allowed(held[:1], starts, heavy, heavy + 1, outside)


def _allowed(*edges: Ints) -> Ints:
    """Put edges together: none between the places of -0 and +0, which share a cell, and none among infinities."""
    every = np.concatenate(edges)
    return np.unique(np.where(every == _HALF, _HALF - 1, np.clip(every, _HALF - _INFINITY, _HALF + _INFINITY)))


@attrs.frozen(eq=False)
class LevelCells:
    """A cell for each level; by the hash of its name where there are more than 2,048.

    Parameters
    ----------
    levels : tuple of str
        As text, sorted. Empty where they are put together by hash.
    hashed : bool
    """

    kind: ClassVar[str] = "levels"
    levels: tuple[str, ...]
    hashed: bool = False

    @property
    def size(self) -> int:
        """How many cells there are."""
        return BUCKETS if self.hashed else len(self.levels)

    @functools.cached_property
    def places(self) -> Mapping[str, int]:
        """The cell of each level."""
        return {level: place for place, level in enumerate(self.levels)}

    def place(self, level: str) -> int | None:
        """Give the cell of a level; None where it is new."""
        return _bucket(level) if self.hashed else self.places.get(level)

    def describe(self) -> dict[str, Any]:
        """Give what :func:`cells_of` reads."""
        return {"kind": self.kind, "levels": list(self.levels), "hashed": self.hashed}


def _bucket(level: str) -> int:
    """Hash a level: a checksum, mixed by a multiplication: alone it spreads numbers too evenly."""
    return (zlib.crc32(level.encode("utf-8", "surrogatepass")) * 2654435769 & 0xFFFFFFFF) >> 23


@attrs.frozen(eq=False)
class NoCells:
    """For columns whose values are not counted: arrays, bytes. Only what is missing is."""

    kind: ClassVar[str] = "other"
    size: ClassVar[int] = 0

    def describe(self) -> dict[str, Any]:
        """Give what :func:`cells_of` reads."""
        return {"kind": self.kind}


Cells = NumberCells | LevelCells | NoCells


def level_cells(levels: Iterable[str]) -> LevelCells:
    """Choose cells for a column of levels.

    Examples
    --------
    >>> level_cells(["b", "a"]).levels, level_cells(map(str, range(3000))).hashed
    (('a', 'b'), True)
    """
    found = sorted(set(levels))
    return LevelCells((), True) if len(found) > MOST_LEVELS else LevelCells(tuple(found))


def cells_of(described: Mapping[str, Any]) -> Cells:
    """Read cells back from what their ``describe`` gave."""
    if described["kind"] == "numbers":
        steps = np.frombuffer(zlib.decompress(described["edges"]), dtype="<u4")
        return NumberCells(described["centre"], np.cumsum(steps, dtype=np.int64), described["unit"])
    if described["kind"] == "levels":
        return LevelCells(tuple(described["levels"]), described["hashed"])
    return NoCells()


def frame_digest(columns: Mapping[str, Cells]) -> str:
    """Name the cells of a whole table, so that only counts on the same ones are compared."""
    return digest.sha256(canonical.encode({name: cells.describe() for name, cells in columns.items()}))
