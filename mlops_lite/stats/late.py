"""Values of a stream that lie beyond those by which the cells of a column were chosen.

They are kept, and where many lie close together they are given cells of their own: a far mode that comes late is seen
as well as one that was there from the beginning. Counts stay exact: what is counted anew was kept.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.number_cells import CROWD, NumberCells, crowded, parted, places, runs
from mlops_lite.stats.values import family, numbers

__all__ = ["Late"]

MOST = 1 << 16  # values that are kept of a column


class Late:
    """The late values of one column.

    Parameters
    ----------
    column : ColumnProfile
        Of the rows by which its cells were chosen.
    """

    def __init__(self, column: ColumnProfile) -> None:
        self._span = (column.minimum, column.maximum)
        self._kept: list[NDArray[np.float64]] = []
        self._is_open = column.minimum == column.minimum

    def add(self, column: ColumnProfile, array: Any) -> ColumnProfile:
        """Keep what lies beyond, and give the column with further cells once that is too much.

        Parameters
        ----------
        column : ColumnProfile
            With the array counted.
        array : numpy array, pyarrow Array or ChunkedArray
        """
        if not self._is_open or family(array) not in ("numbers", "times"):
            return column
        low, high = self._span
        for part in getattr(array, "chunks", [array]):
            values = numbers(part)
            far = values[(values < low) | (values > high)].astype(np.float64)
            self._kept.append(far[np.abs(far) < np.finfo(np.float32).max])
        return self.settled(column) if sum(map(len, self._kept)) > MOST else column

    def settled(self, column: ColumnProfile) -> ColumnProfile:
        """Give the column with cells for the late values, where they need them."""
        if not self._is_open or not self._kept:
            return column
        self._is_open = False
        far, cells = np.concatenate(self._kept), column.cells
        assert isinstance(cells, NumberCells)
        first, last = places(np.array(self._span), cells.centre)
        held, sizes, differ = runs(np.sort(far), cells.centre) if len(far) else (np.zeros(0, dtype=np.int64),) * 3
        beyond = (held < first) | (held > last)
        stretches = crowded(held[beyond], sizes[beyond], differ[beyond], min(CROWD * column.present, MOST / 64))
        finer = parted(cells, far, stretches, len(far) / max(column.present, 1))
        return attrs.evolve(column, cells=finer, counts=_moved(column.counts, cells, finer, far, (first, last)))


def _moved(
    counts: NDArray[np.int64], cells: NumberCells, finer: NumberCells, far: NDArray[np.float64], span: tuple[int, int]
) -> NDArray[np.int64]:
    """Count the late values on finer cells; what lies within the span of the others is in one cell of both."""
    others = counts - np.bincount(cells.code(far), minlength=cells.size)
    starts = np.clip(np.concatenate(([0], cells.edges)), *span)
    steps = finer.first[np.searchsorted(finer.edges, starts, "right")] - cells.first
    found = np.bincount(finer.code(far), minlength=finer.size)
    np.add.at(found, np.arange(cells.size) + np.repeat(steps, np.diff(cells.first, append=cells.size)), others)
    return found
