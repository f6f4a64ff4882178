"""Kolmogorov and Smirnov's test: the largest distance of the two distribution functions.

On the cells of the profile the distance is never above that of the rows, so that it cannot alarm falsely; how far below
it may lie is in the sentence. ``exact`` compares the rows. References: Kolmogorov (1933), Smirnov (1939).
"""

from __future__ import annotations

from typing import Any

from mlops_lite.monitoring.measure import Measured
from mlops_lite.stats import distance
from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.exact import ks_distance

__all__ = ["FAMILIES", "FLOOR", "WEIGHT", "compare", "exact"]

FAMILIES = ("numbers", "times")
WEIGHT = 0.76
FLOOR = 0.02


def compare(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Compare two profiles of a column."""
    if not reference.present or not current.present:
        return None
    low, high = distance.kolmogorov_smirnov_bounds(reference.ordered, current.ordered)
    p_value = distance.kolmogorov_smirnov_p(low, reference.present, current.present)
    return Measured(low, p_value, low, f"has distribution functions {low:.4f} apart (at most {high:.4f})")


def exact(reference: Any, current: Any) -> Measured | None:
    """Compare the values themselves.

    Parameters
    ----------
    reference, current : ndarray of shape (n,), (m,)
        Sorted, without NaN.
    """
    if not len(reference) or not len(current):
        return None
    found = ks_distance(reference, current)
    p_value = distance.kolmogorov_smirnov_p(found, len(reference), len(current))
    return Measured(found, p_value, found, f"has distribution functions exactly {found:.4f} apart")
