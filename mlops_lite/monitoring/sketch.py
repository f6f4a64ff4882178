"""Distributions, coarsely, for people to look at."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.number_cells import NumberCells

__all__ = ["sketch"]

_BINS = 24
_LEVELS = 12


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
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, _BINS + 1)
    found: dict[str, Any] = {"edges": [float(f"{edge:.6g}") for edge in edges]}
    for side, column in (("reference", reference), ("current", current)):
        ends = reference.ends if column.minimum != column.minimum else column.ends
        place = ((ends[1:] + ends[:-1]) / 2 - low) * (_BINS / (high - low))
        inside = np.clip(place, 0, _BINS - 1).astype(np.int64)
        found[side] = np.bincount(inside, column.counts, _BINS).astype(np.int64).tolist()
    return found


def _bound(reference: ColumnProfile, current: ColumnProfile, share: float) -> float:
    both = [column.quantile(share) for column in (reference, current) if column.present]
    return min(both) if share < 0.5 else max(both)
