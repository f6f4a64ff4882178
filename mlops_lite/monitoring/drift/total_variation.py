"""Total variation: half the sum of the differences of shares.

The largest difference of the probabilities of any event that the bins can tell. Numbers are compared in ten bins
between the deciles of the reference, levels each by itself. Without a p-value of its own it borrows that of the
default test.
"""

from __future__ import annotations

from mlops_lite.monitoring.drift._binned import binned
from mlops_lite.monitoring.measure import Measured
from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.distance import total_variation

__all__ = ["FAMILIES", "FLOOR", "WEIGHT", "compare"]

FAMILIES = ("numbers", "times", "levels")
WEIGHT = 0.76
FLOOR = 0.02


def compare(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Compare two profiles of a column."""
    pair = binned(reference, current)
    if pair is None:
        return None
    found = total_variation(*pair)
    return Measured(found, None, found, f"has moved by a total variation of {found:.4f}")
