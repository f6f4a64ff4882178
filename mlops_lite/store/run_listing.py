"""Runs as they were at one moment: what a filter, a table or a report looks through."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mlops_lite.base import canonical
from mlops_lite.store.run_segment import Part
from mlops_lite.store.run_state import State, apply_edits

__all__ = ["Listing"]


class Listing:
    """Runs as they were at one moment: columns of all, and each as a whole.

    Parameters
    ----------
    parts : list
        Segments and tables.
    rows : ndarray of int64
        Which rows of the parts, put end to end, are runs to be seen.
    """

    def __init__(self, parts: list[Part], rows: NDArray[np.int64], ends: NDArray[np.int64]) -> None:
        self._parts = parts
        self._rows = rows
        self._ends = ends

    def __len__(self) -> int:
        return len(self._rows)

    @functools.cached_property
    def columns(self) -> set[str]:
        """The columns that some run has a value in."""
        return {column for part in self._parts for column in part.columns}

    def table(self, columns: Iterable[str], rows: NDArray[np.int64] | None = None) -> pa.Table:
        """Read columns of all runs, or of some.

        Parameters
        ----------
        columns : iterable of str
            Those that nobody has are left out.
        rows : ndarray of int64, optional
            Places in this listing.
        """
        wanted = [column for column in columns if column in self.columns]
        tables = []
        for part in self._parts:
            own = [column for column in wanted if column in part.columns]
            tables.append(part.read(own or ["id"]))
        taken = self._rows if rows is None else self._rows[rows]
        if not tables:
            return pa.table({column: pa.array([], pa.null()) for column in wanted})
        together = pa.concat_tables(tables, promote_options="default")
        whole = len(taken) == len(together) and bool((taken == np.arange(len(taken))).all())
        return (together if whole else together.take(pa.array(taken))).select(wanted)

    def state(self, row: int) -> State:
        """Read one run whole."""
        place = int(self._rows[row])
        part = int(np.searchsorted(self._ends, place, side="right"))
        begin = int(self._ends[part - 1]) if part else 0
        _, _, body = self._parts[part].body(place - begin)
        state: State = canonical.decode(body)
        return apply_edits(state)
