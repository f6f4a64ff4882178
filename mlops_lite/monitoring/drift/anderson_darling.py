"""Anderson and Darling's test of two samples: as Cramér and von Mises's, with more weight on the tails.

On at most 24 cells of about equal weight, with the law that the statistic has under shuffling (Anderson and Darling,
1952; Pettitt, 1976; Scholz and Stephens, 1987); see :func:`mlops_lite.stats.ordered.anderson_darling`. The effect is
the largest distance of the distribution functions.
"""

from __future__ import annotations

from mlops_lite.monitoring.measure import Measured
from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.distance import kolmogorov_smirnov
from mlops_lite.stats.ordered import anderson_darling, anderson_darling_statistic, pool_rare

__all__ = ["FAMILIES", "FLOOR", "WEIGHT", "compare"]

FAMILIES = ("numbers", "times")
WEIGHT = 0.76
FLOOR = 0.02


def compare(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Compare two profiles of a column."""
    if not reference.present or not current.present:
        return None
    then, now = reference.ordered, current.ordered
    statistic = anderson_darling_statistic(then, now)
    p_value = float(anderson_darling(*(side[None] for side in pool_rare([(then, now)])[0]))[0])
    words = f"changed its distribution (Anderson–Darling {statistic:.4g})"
    return Measured(statistic, p_value, kolmogorov_smirnov(then, now), words)
