"""The population stability index: the sum of (q - p) log(q / p) over bins.

As in credit scoring (Siddiqi, 2006), where 0.1 is called a small and 0.25 a large change. An empty bin counts as 0.01
%. Numbers are compared in ten bins between the deciles of the reference, levels each by itself. Without a p-value of
its own it borrows that of the default test.
"""

from __future__ import annotations

from mlops_lite.monitoring.drift._binned import binned
from mlops_lite.monitoring.measure import Measured
from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.distance import population_stability

__all__ = ["FAMILIES", "FLOOR", "WEIGHT", "compare"]

FAMILIES = ("numbers", "times", "levels")
WEIGHT = 0.76
FLOOR = 0.1


def compare(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Compare two profiles of a column."""
    pair = binned(reference, current)
    if pair is None:
        return None
    found = population_stability(*pair)
    return Measured(found, None, found, f"has a population stability index of {found:.4f}")
