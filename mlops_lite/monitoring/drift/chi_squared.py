"""The chi-squared test of levels, by its exact conditional mean and variance.

A gamma law with the moments of Haldane (1940) and Dawson (1954) in place of the chi-squared law, so that many levels of
few rows do not alarm (Nass, 1959); see :func:`mlops_lite.stats.unordered.chi_squared`. The effect is Cramér's V.
"""

from __future__ import annotations

import numpy as np

from mlops_lite.monitoring.drift._binned import binned
from mlops_lite.monitoring.measure import Measured
from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.unordered import chi_squared

__all__ = ["FAMILIES", "FLOOR", "WEIGHT", "compare"]

FAMILIES = ("levels",)
WEIGHT = 0.8
FLOOR = 0.02


def compare(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Compare two profiles of a column."""
    pair = binned(reference, current)
    if pair is None:
        return None
    statistic, p_value = chi_squared(*pair)
    effect = float(np.sqrt(statistic / (pair[0].sum() + pair[1].sum())))
    return Measured(statistic, p_value, effect, f"changed its shares (chi-squared {statistic:.4g})")
