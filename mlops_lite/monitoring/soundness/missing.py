"""Missing values: tested like any other change, by Fisher's exact test.

The effect is the change of the share of rows without a value; 2.5 times it counts in a column that had none before.
"""

from __future__ import annotations

from mlops_lite.monitoring.measure import Measured
from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.permutation import fisher

__all__ = ["FAMILIES", "FLOOR", "WEIGHT", "compare"]

FAMILIES = ("numbers", "times", "levels", "other")
WEIGHT = 0.2
FLOOR = 0.02
_NEW = 4.0  # half a per cent missing in a column that was full is worth two elsewhere


def compare(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Compare two profiles of a column; None where neither lacks a value."""
    if not reference.rows or not current.rows or not (reference.missing or current.missing):
        return None
    p_value = fisher(reference.missing, current.missing, reference.rows, current.rows)
    change = current.missing_share - reference.missing_share
    words = f"is missing in {current.missing_share:.1%} of the rows, {reference.missing_share:.1%} before"
    return Measured(change, p_value, abs(change) * (1 if reference.missing else _NEW), words)
