"""Counting a column, block by block: the one pass over the data."""

from __future__ import annotations

import threading
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from mlops_lite.stats.cells import LevelCells, NoCells
from mlops_lite.stats.column import MOST_UNKNOWN, ColumnProfile
from mlops_lite.stats.distinct import Sieve
from mlops_lite.stats.number_cells import NumberCells
from mlops_lite.stats.values import Counted, counted, family, numbers

__all__ = ["Room", "tally"]

_NONE = np.empty(0, dtype=np.intp)
BLOCK = 1 << 18  # values at a time where threads share the numbers: with less they wait for each other
_ALONE = 1 << 15  # and where one thread counts them all, which then stay in its cache


class Room(threading.local):
    """Memory in which numbers are counted, block by block: some for each thread, for one column after the other."""

    def __init__(self) -> None:
        self.away = np.empty(BLOCK)
        self.small = np.empty(BLOCK, dtype=np.float32)
        self.places = np.empty(BLOCK, dtype=np.intp)
        self.codes = np.empty(BLOCK, dtype=np.int16)


def tally(
    column: ColumnProfile,
    array: Any,
    distinct: bool = False,
    room: Room | None = None,
    known: Counted | None = None,
) -> ColumnProfile:
    """Count an array and add it to the profile of its column.

    Parameters
    ----------
    column : ColumnProfile
        Of what was seen before, or an empty one.
    array : numpy array, pyarrow Array or ChunkedArray
    distinct : bool
        Look for how many different numbers there are too.
    room : Room, optional
        To be used again for other columns.
    known : tuple, optional
        What :func:`~mlops_lite.stats.values.counted` gave for this array.

    Returns
    -------
    ColumnProfile
    """
    kind = family(array)
    if isinstance(column.cells, NumberCells) and kind in ("numbers", "times"):
        return _numbers(column, _Counter(column.cells, distinct, room or Room()), array)
    if isinstance(column.cells, LevelCells) and kind in ("levels", "numbers"):
        return _levels(column, column.cells, array, known or counted(array))
    return _only_missing(column, array)


def _only_missing(column: ColumnProfile, array: Any) -> ColumnProfile:
    """Count what is missing; what is there does not fit the cells, where there are any."""
    mixed = column.mixed
    if isinstance(array, np.ndarray):
        _, missing, several = counted(array) if array.dtype == object else ({}, 0, False)
        mixed = mixed or several
    else:
        missing = array.null_count
    alien = 0 if isinstance(column.cells, NoCells) else len(array) - missing
    return attrs.evolve(
        column,
        rows=column.rows + len(array),
        missing=column.missing + missing,
        alien=column.alien + alien,
        mixed=mixed,
    )


def _numbers(column: ColumnProfile, counter: _Counter, array: Any) -> ColumnProfile:
    size = counter.cells.size
    chunks = array.chunks if hasattr(array, "chunks") else [array]
    with np.errstate(over="ignore", invalid="ignore"):
        for chunk in chunks:
            values = numbers(chunk)
            block = BLOCK if len(values) >= BLOCK else _ALONE
            for start in range(0, len(values), block):
                counter.add(values[start : start + block])
    missing, low, high = counter.counts[size:].tolist()
    part = attrs.evolve(
        column,
        rows=len(array),
        missing=missing,
        counts=counter.counts[:size],
        infinite=(low, high),
        total=counter.total,
        squares=counter.squares,
        minimum=counter.minimum,
        maximum=counter.maximum,
        distinct=counter.sieve.found() if counter.sieve else None,
    )
    return column.merge(part) if column.rows else part


class _Counter:
    """Counts numbers into cells."""

    def __init__(self, cells: NumberCells, distinct: bool, room: Room) -> None:
        self.cells = cells
        self.centre = cells.centre or -0.0  # to subtract it makes -0.0 a 0.0
        self.counts = np.zeros(cells.size + 3, dtype=np.int64)
        self.total = 0
        self.squares = 0
        self.minimum = self.maximum = np.nan
        self.sieve = Sieve(cells.size, room.places.view(np.uint64)) if distinct else None
        self._room = room

    def add(self, values: NDArray[Any]) -> None:
        room, size = self._room, len(values)
        away, small, places, codes = room.away[:size], room.small[:size], room.places[:size], room.codes[:size]
        np.subtract(values, self.centre, out=away, casting="unsafe")
        np.copyto(small, away, casting="same_kind")
        np.right_shift(small.view(np.uint32), np.uint32(15), out=places, casting="unsafe")
        np.take(self.cells.table, places, out=codes, mode="clip")
        self.cells.refine(values, codes)
        found = np.bincount(codes, minlength=len(self.counts))
        self.counts += found
        gaps = np.flatnonzero(codes >= self.cells.size) if found[self.cells.size :].any() else _NONE
        if len(gaps) == size:
            return
        if self.sieve:
            if len(gaps):  # filled by some value that is there: it is a value already
                some = int(np.argmax(codes < self.cells.size))
                away[gaps], codes[gaps] = away[some], codes[some]
            self.sieve.add(away, codes)
        if found[self.cells.size + 1 :].any():  # infinities
            values = _without(values, gaps)
        away[gaps] = 0.0
        self._moments(values, away)

    def _moments(self, values: NDArray[Any], away: NDArray[np.float64]) -> None:
        unit = self.cells.unit
        self.total += round(float(np.add.reduce(away)) / unit)
        self.squares += round(float(np.einsum("i,i", away, away)) / unit / unit)
        self.minimum = float(np.fmin(self.minimum, np.fmin.reduce(values)))
        self.maximum = float(np.fmax(self.maximum, np.fmax.reduce(values)))


def _without(array: NDArray[Any], places: NDArray[np.intp]) -> NDArray[Any]:
    return np.delete(array, places) if len(places) else array


_TRUTH = {"1": "True", "0": "False"}  # booleans that came as numbers


def _levels(column: ColumnProfile, cells: LevelCells, array: Any, known: Counted) -> ColumnProfile:
    found, missing, mixed = known
    if cells.levels and {"True", "False"}.issuperset(cells.levels) and family(array) == "numbers":
        found = {_TRUTH.get(level, level): count for level, count in found.items()}
    counts = np.zeros(cells.size, dtype=np.int64)
    unknown: dict[str, int] = {}
    for level, count in found.items():
        place = cells.place(level)
        if place is None:
            unknown[level] = count
        else:
            counts[place] += count
    kept = dict(sorted(unknown.items())[:MOST_UNKNOWN])
    part = attrs.evolve(
        column,
        rows=len(array),
        missing=missing,
        counts=counts,
        unknown=kept,
        rest=sum(unknown.values()) - sum(kept.values()),
        mixed=mixed,
    )
    return column.merge(part) if column.rows else part
