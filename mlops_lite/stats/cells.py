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

from mlops_lite.base import canonical, digest
from mlops_lite.stats.number_cells import NumberCells

__all__ = ["Cells", "LevelCells", "NoCells", "cells_of", "frame_digest", "level_cells"]

MOST_LEVELS = 2048  # more are put together by their hash
BUCKETS = 512


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
        return NumberCells.of(described)
    if described["kind"] == "levels":
        return LevelCells(tuple(described["levels"]), described["hashed"])
    return NoCells()


def frame_digest(columns: Mapping[str, Cells]) -> str:
    """Name the cells of a whole table, so that only counts on the same ones are compared."""
    return digest.sha256(canonical.encode({name: cells.describe() for name, cells in columns.items()}))
