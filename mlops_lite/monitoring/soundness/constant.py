"""A column that holds one value only, and did not before.

By chance all rows of a sample come from one cell with the probability of drawing them so out of both samples together;
the probabilities of all cells add up to the p-value.
"""

from __future__ import annotations

import numpy as np

from mlops_lite.monitoring.measure import Measured
from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.permutation import all_of_one
from mlops_lite.stats.unordered import level_table

__all__ = ["FAMILIES", "FLOOR", "WEIGHT", "compare"]

FAMILIES = ("numbers", "levels")
WEIGHT = 0.01
FLOOR = 0.02


def compare(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Compare two profiles of a column; None where the current one holds several values, or the reference just one."""
    held = _only(current)
    if held is None or not reference.present or _only(reference) is not None:
        return None
    if current.family == "levels":
        _, then, now, _ = level_table(reference, current)
    else:
        then, now = reference.counts, current.counts
    p_value = all_of_one(then + now, reference.present, current.present)
    share = 1 - float(then[np.argmax(now)]) / reference.present
    return Measured(share, p_value, share, f"is constant: every row holds {held}")


def _only(column: ColumnProfile) -> str | None:
    """Give the only value of a column."""
    if column.family == "levels":
        return next(iter(column.levels)) if len(column.levels) == 1 and not column.rest else None
    is_one = column.present and not any(column.infinite) and column.minimum == column.maximum
    return f"{column.minimum:g}" if is_one else None
