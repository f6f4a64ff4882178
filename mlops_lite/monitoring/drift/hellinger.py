"""Hellinger's distance: between 0 for equal and 1 for disjoint distributions.

Hellinger (1909). Numbers are compared in ten bins between the deciles of the reference, levels each by itself.
Without a p-value of its own it borrows that of the default test.
"""

from __future__ import annotations

from mlops_lite.monitoring.drift._binned import binned
from mlops_lite.monitoring.measure import Measured
from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.distance import hellinger

__all__ = ["FAMILIES", "FLOOR", "WEIGHT", "compare"]

FAMILIES = ("numbers", "times", "levels")
WEIGHT = 0.76
FLOOR = 0.05


def compare(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Compare two profiles of a column."""
    pair = binned(reference, current)
    if pair is None:
        return None
    found = hellinger(*pair)
    return Measured(found, None, found, f"lies at a Hellinger distance of {found:.4f}")
