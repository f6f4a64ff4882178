"""Cramér and von Mises's test: the mean squared distance of the two distribution functions.

The statistic T of Anderson (1962) on the cells of the profile; the p-value is that under shuffling, and holds with
ties. The effect is the root of the mean squared distance.
"""

from __future__ import annotations

import numpy as np

from mlops_lite.monitoring.measure import Measured
from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.distance import cramer_von_mises

__all__ = ["FAMILIES", "FLOOR", "WEIGHT", "compare"]

FAMILIES = ("numbers", "times")
WEIGHT = 0.76
FLOOR = 0.015


def compare(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Compare two profiles of a column."""
    n, m = reference.present, current.present
    if not n or not m:
        return None
    statistic, p_value = cramer_von_mises(reference.ordered, current.ordered)
    effect = float(np.sqrt(statistic * (n + m) / (n * m)))
    return Measured(statistic, p_value, effect, f"has distribution functions {effect:.4f} apart in the mean square")
