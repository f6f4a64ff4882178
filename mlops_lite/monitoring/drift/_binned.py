"""What distances of shares have in common: numbers in ten bins of equal weight, levels as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.unordered import level_table

__all__ = ["binned"]

BINS = 10
Counts = NDArray[Any]


def binned(reference: ColumnProfile, current: ColumnProfile) -> tuple[Counts, Counts] | None:
    """Give the counts of two profiles in the bins of a distance.

    Numbers fall into ten bins between the deciles of the reference, as close as its cells allow; levels are bins of
    their own, with those that are not told apart in one more.
    """
    if not reference.present or not current.present:
        return None
    if reference.family == "levels":
        _, then, now, rest = level_table(reference, current)
        return (np.append(then, rest[0]), np.append(now, rest[1])) if any(rest) else (then, now)
    then, now = reference.ordered, current.ordered
    below = np.cumsum(then)
    starts = np.searchsorted(below, np.arange(1, BINS) * below[-1] / BINS, "left") + 1
    starts = np.unique(np.concatenate(([0], starts[starts < len(then)])))
    return np.add.reduceat(then, starts), np.add.reduceat(now, starts)
