"""Distributions, coarsely, for people to look at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.number_cells import NumberCells

__all__ = ["sketch"]

_BINS = 24
_LEVELS = 12
_FEW = 2  # cells a bin that hold anything: then each holds one value, or nearly

Floats = NDArray[np.float64]


def sketch(reference: ColumnProfile, current: ColumnProfile) -> dict[str, Any]:
    """Give the counts of two profiles in a few bins.

    Returns
    -------
    dict
        ``edges`` (one more than bins, or the names of levels), ``reference``, ``current``; empty where there is
        nothing to draw.
    """
    if isinstance(reference.cells, NumberCells):
        return _numbers(reference, current) if reference.present else {}
    if not reference.levels:
        return {}
    both = {level: count + current.levels.get(level, 0) for level, count in reference.levels.items()}
    both |= {level: count for level, count in current.levels.items() if level not in both}
    names = sorted(both, key=lambda level: (-both[level], level))[:_LEVELS]
    sides = {"reference": reference, "current": current}
    return {"edges": names, **{side: [column.levels.get(name, 0) for name in names] for side, column in sides.items()}}


def _numbers(reference: ColumnProfile, current: ColumnProfile) -> dict[str, Any]:
    low, high = (_bound(reference, current, share) for share in (0.005, 0.995))
    if not (np.isfinite(low) and np.isfinite(high)):
        return {}
    sides = {"reference": reference, "current": current}
    few = np.count_nonzero(reference.counts + current.counts) <= _FEW * _BINS
    if "int" in reference.type:
        edges = _whole_edges(low, high)
    else:
        edges = _edges(_begun(low, reference, current) if few else low, high)
    counted = {
        side: (_of_points if few else _of_intervals)(column, edges) if column.counts.any() else [0] * (len(edges) - 1)
        for side, column in sides.items()
    }
    return {"edges": [float(f"{edge:.6g}") for edge in edges], **counted}


def _begun(low: float, *columns: ColumnProfile) -> float:
    """Say where the cell begins in which a quantile lies: that is the value."""
    starts = np.concatenate([column.ends[:-1] for column in columns])
    before = starts[starts <= low]
    return float(before.max()) if len(before) else low


def _edges(low: float, high: float) -> Floats:
    return np.linspace(low, high, _BINS + 1) if low < high else np.linspace(low - 0.5, high + 0.5, _BINS + 1)


def _whole_edges(low: float, high: float) -> Floats:
    """Give every bin as many whole numbers, so that none looks rarer than it is."""
    width = np.ceil((high - low + 1) / _BINS)
    return low + width * np.arange(np.ceil((high - low + 1) / width) + 1)  # type: ignore[no-any-return]


def _of_points(column: ColumnProfile, edges: Floats) -> list[int]:
    """Count values that differ little in number: each begins a cell of its own."""
    starts = np.ceil(column.ends[:-1]) if "int" in column.type else column.ends[:-1]
    inside = np.clip(np.searchsorted(edges, starts, "right") - 1, 0, len(edges) - 2)
    return np.bincount(inside, column.counts, len(edges) - 1).astype(np.int64).tolist()  # type: ignore[no-any-return]


def _of_intervals(column: ColumnProfile, edges: Floats) -> list[int]:
    """Count values of many cells, spread evenly over each: a cell may be wider than a bin where data has moved."""
    below = np.concatenate(([0], np.cumsum(column.counts)))
    at = np.rint(np.interp(edges, column.ends, below)).astype(np.int64)
    at[0], at[-1] = 0, below[-1]  # what lies further out is counted at the ends
    return np.diff(at).tolist()  # type: ignore[no-any-return]


def _bound(reference: ColumnProfile, current: ColumnProfile, share: float) -> float:
    both = [column.quantile(share) for column in (reference, current) if column.present]
    return min(both) if share < 0.5 else max(both)
