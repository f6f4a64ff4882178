"""Cells of numbers: intervals between quantiles of the reference, also where its values lie in far places."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Mapping
from typing import Any, ClassVar

import attrs
import numpy as np
from numpy.typing import NDArray

__all__ = ["CROWD", "NumberCells", "crowded", "number_cells", "parted", "places", "runs"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

QUANTILES = 768  # cells of a column of numbers: 0.13 % of the reference in each
DISTINCT = 1000  # up to so many distinct values each has its cell
CROWD = 0.01  # of the values in one place, if they differ, are too many
_FEWEST = 20
_DEPTH = 3  # so often a crowded cell is given cells within
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
    within : mapping of int to NumberCells
        Of a cell between these edges that holds many values which lie close together and far from the centre: the
        cells around a centre of their own that take its place. Such are modes far from each other.

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
    within: Mapping[int, NumberCells] = attrs.field(factory=dict)

    @functools.cached_property
    def size(self) -> int:
        """How many cells there are; NaN, minus and plus infinity have the three numbers behind."""
        return len(self.bounds) + 1

    @functools.cached_property
    def bounds(self) -> Floats:
        """The values at which cells begin, from the second on."""
        inner = [cells.bounds for cells in self.within.values()]
        return np.sort(np.concatenate((self.centre + value_at(self.edges), *inner)))

    def code(self, values: NDArray[Any]) -> NDArray[np.int16]:
        """Give the cell of each value."""
        codes = np.take(self.table, prefixes(values, self.centre))
        self.refine(values, codes)
        return codes

    def refine(self, values: NDArray[Any], codes: NDArray[np.int16]) -> None:
        """Part the cells that have cells within, in codes that the table gave."""
        for cell, inner in self.within.items():
            first = self.first[cell]
            rows = np.flatnonzero(codes == first)
            if len(rows):
                codes[rows] = first + inner.code(values[rows])

    @functools.cached_property
    def first(self) -> Ints:
        """The number of each cell between two edges, or of the first of those within."""
        sizes = np.ones(len(self.edges) + 1, dtype=np.int64)
        for cell, inner in self.within.items():
            sizes[cell] = inner.size
        return np.cumsum(sizes) - sizes

    @functools.cached_property
    def table(self) -> NDArray[np.int16]:
        """The cell of each prefix."""
        inner = np.diff(np.concatenate(([0], self.edges, [_PREFIXES])))
        by_place = np.repeat(self.first.astype(np.int16), inner)
        table = np.concatenate((by_place[_HALF:], by_place[:_HALF][::-1]))
        for start, infinite in ((0, self.size + 2), (_HALF, self.size + 1)):
            table[start + _INFINITY] = infinite
            table[start + _INFINITY + 1 : start + _HALF] = self.size
        return table

    def describe(self) -> dict[str, Any]:
        """Give what :meth:`of` reads."""
        steps = np.diff(self.edges, prepend=0).astype("<u4").tobytes()
        within = [[cell, inner.describe()] for cell, inner in self.within.items()]
        own = {"kind": self.kind, "centre": self.centre, "unit": self.unit, "edges": zlib.compress(steps)}
        return {**own, "within": within} if within else own

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> NumberCells:
        """Read what :meth:`describe` gave."""
        steps = np.frombuffer(zlib.decompress(described["edges"]), dtype="<u4")
        within = {cell: cls.of(inner) for cell, inner in described.get("within", ())}
        return cls(described["centre"], np.cumsum(steps, dtype=np.int64), described["unit"], within)


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


def number_cells(
    sample: NDArray[Any], part: float = 1.0, limits: tuple[float, float] = (-np.inf, np.inf), depth: int = _DEPTH
) -> NumberCells:
    """Choose cells for a column of numbers.

    Parameters
    ----------
    sample : ndarray of shape (n,)
        Some of its values; what is not finite is left out.
    part : float
        Of the cells of a column: so many there shall be.
    limits : tuple of float
        Strictly between them cells may begin.
    depth : int
        How often a crowded cell is given cells within.

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
    centres = dict.fromkeys(float(centre) for centre in (0.0, middle, low, high))
    held = {centre: runs(few, centre) for centre in centres}
    crowding = {centre: int(np.square(sizes).sum()) for centre, (_, sizes, _) in held.items()}
    best = min(crowding, key=crowding.__getitem__)
    centre = 0.0 if crowding[0.0] <= 1.1 * crowding[best] else best  # zero unless another is better beyond chance
    spread = float(np.abs(few - centre).mean()) or 1.0
    edges = _edges(values, centre, part)
    starts = centre + value_at(edges)
    edges = edges[(starts > limits[0]) & (starts < limits[1])]
    cells = NumberCells(centre, edges, float(2.0 ** (np.floor(np.log2(spread)) - 40)))
    return parted(cells, values, crowded(*held[centre], CROWD * len(few)), part, depth - 1) if depth else cells


def runs(ordered: Floats, centre: float) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Give the places that hold values, how many each, and whether these differ: no edge parts what one place holds."""
    found = places(ordered, centre)
    starts = np.flatnonzero(np.concatenate(([True], found[1:] != found[:-1])))
    sizes = np.diff(starts, append=len(found))
    return found[starts], sizes, ordered[starts] != ordered[starts + sizes - 1]


def crowded(held: Ints, sizes: Ints, differ: NDArray[np.bool_], most: float) -> list[tuple[int, int]]:
    """Give the stretches of neighbouring places each of which holds too many different values."""
    found = held[differ & (sizes > max(_FEWEST, most))]
    starts = np.flatnonzero(np.diff(found, prepend=-2) > 1)
    return [(int(part[0]), int(part[-1]) + 1) for part in np.split(found, starts[1:]) if len(part)]


def parted(
    cells: NumberCells, values: Floats, stretches: list[tuple[int, int]], part: float = 1.0, depth: int = _DEPTH
) -> NumberCells:
    """Make one cell of each stretch of places, with cells within around a centre of their own.

    Parameters
    ----------
    cells : NumberCells
    values : ndarray of shape (n,)
        By those that lie in the stretches the cells within are chosen.
    stretches : list of two ints
        The first place of each, and the one behind.
    part : float
        Of the cells of a column: so many for all of the values.
    depth : int
        How often a crowded cell within is given cells within.
    """
    if not stretches:
        return cells
    kept = ~np.any([(cells.edges > first) & (cells.edges < last) for first, last in stretches], axis=0)
    edges = _allowed(cells.edges[kept], np.array(stretches).ravel())
    within = {
        int(np.searchsorted(edges, cells.edges[cell - 1], "right")): inner for cell, inner in cells.within.items()
    }
    where = places(values, cells.centre)
    for first, last in stretches:
        cell = int(np.searchsorted(edges, first, "right"))
        low, high = (cells.centre + value_at(edges[cell - 1 : cell + 1])).tolist()
        held = values[(where >= first) & (where < last)]
        within[cell] = number_cells(held, part * len(held) / len(values), (low, high), depth)
    return attrs.evolve(cells, edges=edges, within=within)


def _edges(values: Floats, centre: float, part: float) -> Ints:
    found = np.bincount(prefixes(values, centre), minlength=_PREFIXES)
    counts = np.concatenate((found[_HALF:][::-1], found[:_HALF]))  # in the order of the values
    held = np.flatnonzero(counts > 0)
    outside = np.concatenate((held[0] - _BEYOND, held[-1] + 1 + _BEYOND))
    if len(held) <= DISTINCT * part:
        return _allowed(held, outside)
    most = max(_FEWEST, int(QUANTILES * part))
    below = np.cumsum(counts[held])
    ranks = np.arange(1, most) * (len(values) / most)
    starts = held[np.searchsorted(below, ranks, "right")]
    heavy = held[counts[held] > len(values) / most]
    return _allowed(held[:1], starts, heavy, heavy + 1, outside)


def _allowed(*edges: Ints) -> Ints:
    """Put edges together: none between the places of -0 and +0, which share a cell, and none among infinities."""
    every = np.concatenate(edges)
    return np.unique(np.where(every == _HALF, _HALF - 1, np.clip(every, _HALF - _INFINITY, _HALF + _INFINITY)))
