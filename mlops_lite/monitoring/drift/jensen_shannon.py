"""The distance of Jensen and Shannon: the root of their divergence with logarithms of base 2.

Between 0 and 1 (Lin, 1991; Endres and Schindelin, 2003). Numbers are compared in ten bins between the deciles of the
reference, levels each by itself. Without a p-value of its own it borrows that of the default test.
"""

from __future__ import annotations

from mlops_lite.monitoring.drift._binned import binned
from mlops_lite.monitoring.measure import Measured
from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.distance import jensen_shannon

__all__ = ["FAMILIES", "FLOOR", "WEIGHT", "compare"]

FAMILIES = ("numbers", "times", "levels")
WEIGHT = 0.76
FLOOR = 0.05


def compare(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Compare two profiles of a column."""
    pair = binned(reference, current)
    if pair is None:
        return None
    found = jensen_shannon(*pair)
    return Measured(found, None, found, f"lies at a Jensen–Shannon distance of {found:.4f}")
