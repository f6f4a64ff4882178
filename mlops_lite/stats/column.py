"""The profile of one column: counts on fixed cells, moments, what is missing. Profiles of parts add up."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from mlops_lite.errors import InvalidInputError
from mlops_lite.stats.cells import Cells, LevelCells, NoCells
from mlops_lite.stats.distinct import Distinct
from mlops_lite.stats.number_cells import NumberCells
from mlops_lite.stats.values import Family

__all__ = ["MOST_UNKNOWN", "ColumnProfile"]

Ints = NDArray[np.int64]
MOST_UNKNOWN = 4096  # new levels that are counted by name


@attrs.frozen(eq=False)
class ColumnProfile:
    """What is known of one column.

    Parameters
    ----------
    name : str
    type : str
        Arrow's text of its type.
    family : {"numbers", "times", "levels", "other"}
    cells : Cells
        On what its values are counted.
    rows, missing : int
    counts : ndarray of shape (cells.size,)
        Values in each cell.
    infinite : tuple of int
        How many are minus and plus infinity (or beyond 3.4e38).
    total, squares : int
        Sums of the finite values less the centre and of their squares, in units and squares of units of the cells.
    minimum, maximum : float
        Of the finite values; NaN where there are none.
    unknown : mapping of str to int
        Levels that have no cell, and how often they occur; the first 4,096.
    rest : int
        Rows of further levels without a cell.
    mixed : bool
        Whether it holds values of several types.
    alien : int
        Rows of a type that does not fit the cells, such as text on cells of numbers: not counted further.
    distinct : Distinct or None
        How many different finite numbers there are, as they lie from the centre of the cells in 64 bits; None where
        that was not looked for.
    """

    name: str
    type: str
    family: Family
    cells: Cells
    rows: int
    missing: int
    counts: Ints
    infinite: tuple[int, int] = (0, 0)
    total: int = 0
    squares: int = 0
    minimum: float = np.nan
    maximum: float = np.nan
    unknown: Mapping[str, int] = attrs.field(factory=dict)
    rest: int = 0
    mixed: bool = False
    alien: int = 0
    distinct: Distinct | None = None

    @property
    def present(self) -> int:
        """How many values are not missing."""
        return self.rows - self.missing - self.alien

    @property
    def missing_share(self) -> float:
        """The share of rows without a value; 0 of no rows."""
        return self.missing / self.rows if self.rows else 0.0

    @property
    def mean(self) -> float:
        """The mean of the finite values."""
        finite = self.present - sum(self.infinite)
        if not isinstance(self.cells, NumberCells) or not finite:
            return np.nan
        return self.cells.centre + self.total / finite * self.cells.unit

    @property
    def std(self) -> float:
        """The standard deviation of the finite values, with n - 1 below."""
        finite = self.present - sum(self.infinite)
        if not isinstance(self.cells, NumberCells) or finite < 2:
            return np.nan
        above = finite * self.squares - self.total * self.total  # whole numbers: nothing cancels
        return float(np.sqrt(max(above, 0) / finite / (finite - 1)) * self.cells.unit)

    @functools.cached_property
    def levels(self) -> dict[str, int]:
        """How often each level occurs, known and new; empty where they are put together by hash."""
        if not isinstance(self.cells, LevelCells) or self.cells.hashed:
            return dict(self.unknown)
        known = zip(self.cells.levels, self.counts.tolist(), strict=True)
        return {**{level: count for level, count in known if count}, **self.unknown}

    def quantile(self, share: float) -> float:
        """Give a quantile of the numbers: exact but for where in its cell it lies, there by a straight line.

        Of whole numbers it is one.
        """
        if not isinstance(self.cells, NumberCells):
            return np.nan
        low, high = self.infinite
        below = self._below
        rank = share * below[-1]
        if not below[-1] or rank < low or (high and rank > below[-2]):
            return np.nan if not below[-1] else (-np.inf if rank < low else np.inf)
        cell = min(int(np.searchsorted(below, rank, "left")), len(self.counts)) or 1
        ends = self.ends
        inside = (rank - below[cell - 1]) / max(self.counts[cell - 1], 1)
        found = float(ends[cell - 1] + (ends[cell] - ends[cell - 1]) * min(max(inside, 0.0), 1.0))
        return max(float(np.floor(found)), float(np.ceil(ends[cell - 1]))) if "int" in self.type else found

    @functools.cached_property
    def ordered(self) -> Ints:
        """The counts of a column of numbers, with the infinities as cells at the ends."""
        low, high = self.infinite
        return np.concatenate(([low], self.counts, [high]))

    @functools.cached_property
    def _below(self) -> Ints:
        return np.cumsum(self.ordered)

    @functools.cached_property
    def ends(self) -> NDArray[np.float64]:
        """Where cells of numbers begin and end, within the range of the values."""
        assert isinstance(self.cells, NumberCells)
        inner = np.clip(self.cells.bounds, self.minimum, self.maximum)
        return np.concatenate(([self.minimum], inner, [self.maximum]))

    def merge(self, *others: ColumnProfile) -> ColumnProfile:
        """Add other parts of the same column, counted on the same cells.

        Raises
        ------
        InvalidInputError
            The cells differ.
        """
        if any(self.cells is not other.cells and self.cells.describe() != other.cells.describe() for other in others):
            raise InvalidInputError(
                f"Two profiles of {self.name!r} were counted on different cells.",
                remedy="Profile every part with the same frame: profile(part, frame=whole.frame).",
            )
        parts = (self, *others)
        unknown, rest = functools.reduce(_add_levels, (part.unknown for part in others), (self.unknown, 0))
        return attrs.evolve(
            self,
            rows=sum(part.rows for part in parts),
            missing=sum(part.missing for part in parts),
            counts=np.add.reduce([part.counts for part in parts]),
            infinite=(sum(part.infinite[0] for part in parts), sum(part.infinite[1] for part in parts)),
            total=sum(part.total for part in parts),
            squares=sum(part.squares for part in parts),
            minimum=float(np.fmin.reduce([part.minimum for part in parts])),
            maximum=float(np.fmax.reduce([part.maximum for part in parts])),
            unknown=unknown,
            rest=sum(part.rest for part in parts) + rest,
            mixed=any(part.mixed for part in parts),
            alien=sum(part.alien for part in parts),
            distinct=functools.reduce(_both, (part.distinct for part in parts)),
        )

    def summary(self) -> dict[str, Any]:
        """Give what a person reads first, by name."""
        return dict(self._summary)

    @functools.cached_property
    def _summary(self) -> Mapping[str, Any]:
        found: dict[str, Any] = {"type": self.type, "rows": self.rows, "missing": self.missing}
        if isinstance(self.cells, NumberCells):
            found |= {"mean": self.mean, "std": self.std, "min": self.minimum}
            found |= {f"{share:.0%}": self.quantile(share) for share in (0.25, 0.5, 0.75)}
            found["max"] = self.maximum
            if self.distinct is not None:
                finite = self.present - sum(self.infinite)
                found["distinct"] = min(self.distinct.count, finite)  # an estimate knows nothing of the rows
        elif self.levels:
            found["distinct"] = len(self.levels)
            found["top"] = max(self.levels, key=lambda level: (self.levels[level], level))
        return found

    def describe(self) -> dict[str, Any]:
        """Give everything but the cells, as plain values, for a file."""
        width = next(width for width in (1, 2, 4, 8) if self.counts.max(initial=0) < 256**width)
        counts = self.counts.astype(f"<u{width}").tobytes()
        own = attrs.asdict(self, recurse=False, filter=lambda field, _: field.name not in ("cells", "counts"))
        texts = {"total": str(self.total), "squares": str(self.squares)}
        return {**own, **texts, "counts": counts, "distinct": self.distinct and self.distinct.encode()}

    @classmethod
    def of(cls, described: Mapping[str, Any], cells: Cells) -> ColumnProfile:
        """Read what :meth:`describe` gave."""
        width = len(described["counts"]) // max(1, cells.size)
        counts = np.frombuffer(described["counts"], dtype=f"<u{width or 1}").astype(np.int64)
        sums = {name: int(described[name]) for name in ("total", "squares")}
        low, high = described["infinite"]
        own = {"counts": counts, "cells": cells, "infinite": (low, high)}
        distinct = described["distinct"]
        return cls(**{**described, **sums, **own, "distinct": None if distinct is None else Distinct.decode(distinct)})


def _both(one: Distinct | None, other: Distinct | None) -> Distinct | None:
    return one.merge(other) if one is not None and other is not None else None


def _add_levels(so_far: tuple[Mapping[str, int], int], other: Mapping[str, int]) -> tuple[Mapping[str, int], int]:
    """Add counts by level; what is more than 4,096 levels is only counted."""
    if not other:
        return so_far
    total, rest = dict(so_far[0]), so_far[1]
    for level, count in other.items():
        if level in total or len(total) < MOST_UNKNOWN:
            total[level] = total.get(level, 0) + count
        else:
            rest += count
    return total, rest


def empty(name: str, type: str, family: Family, cells: Cells) -> ColumnProfile:
    """Begin the profile of a column."""
    size = 0 if isinstance(cells, NoCells) else cells.size
    return ColumnProfile(name, type, family, cells, 0, 0, np.zeros(size, dtype=np.int64))
