"""The default test of a column of numbers: location, scale and shape at once.

Normal scores, squared normal scores and Anderson and Darling's statistic on the cells of the reference, combined by
Cauchy's rule; see :func:`mlops_lite.stats.ordered.move`. It finds a moved mean nearly as well as the best test there is
for normal columns, and a moved variance or tail where Kolmogorov and Smirnov's test is blind.

The effect is the largest of: the move in standard deviations of a normal column, the logarithm of the ratio of scales,
and 2.5 times the distance of the distribution functions (a move of 0.05 standard deviations is a distance of 0.02).
"""

from __future__ import annotations

import numpy as np

from mlops_lite.monitoring.measure import Measured
from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.ordered import Move, move

__all__ = ["FAMILIES", "FLOOR", "WEIGHT", "compare", "with_ends"]

FAMILIES = ("numbers", "times")
WEIGHT = 0.76
FLOOR = 0.05


def compare(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Compare two profiles of a column.

    Instants that have left the range of the reference behind are a running clock: no test is made of them.
    """
    if not reference.present or not current.present or _is_clock(reference, current):
        return None
    found = move(with_ends(reference), with_ends(current))
    effect = max(abs(found.location), abs(found.scale), 2.5 * found.shape)
    return Measured(found.shape, found.p_value, effect, _sentence(found, reference, current))


def with_ends(column: ColumnProfile) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Give the counts of a column of numbers, with the infinities as cells at the ends."""
    low, high = column.infinite
    return np.concatenate(([low], column.counts, [high]))


def _is_clock(reference: ColumnProfile, current: ColumnProfile) -> bool:
    return reference.family == "times" and not current.quantile(0.5) <= reference.maximum


def _sentence(found: Move, reference: ColumnProfile, current: ColumnProfile) -> str:
    if found.leading == "location" and found.location:
        way = "up" if found.location > 0 else "down"
        return f"moved {way} by {abs(found.location):.2f} standard deviations{_means(reference, current)}"
    if found.leading == "scale" and found.scale:
        return f"{'spread' if found.scale > 0 else 'shrank'} by the factor {np.exp(found.scale):.2f}"
    return f"changed its shape: the distribution functions are {found.shape:.1%} apart"


def _means(reference: ColumnProfile, current: ColumnProfile) -> str:
    if reference.family == "times" or not np.isfinite([reference.mean, current.mean]).all():
        return ""
    return f" (mean {reference.mean:.4g} → {current.mean:.4g})"
