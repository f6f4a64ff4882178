"""Values beyond the range of the reference: a tolerance test in place of a rule on minimum and maximum.

Over fifty columns some value beyond the old extremes is the rule, not the exception; see
:func:`mlops_lite.stats.ordered.beyond`. The effect is the share of rows beyond.
"""

from __future__ import annotations

from mlops_lite.display.format import number
from mlops_lite.monitoring.measure import Measured
from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.ordered import beyond

__all__ = ["FAMILIES", "FLOOR", "WEIGHT", "compare"]

FAMILIES = ("numbers",)
WEIGHT = 0.03
FLOOR = 0.002


def _span(column: ColumnProfile) -> str:
    if sum(column.infinite) == column.present:
        return "nothing but infinities"
    return f"{number(column.minimum)} to {number(column.maximum)}"


def compare(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Compare two profiles of a column."""
    if not reference.present or not current.present:
        return None
    share, p_value = beyond(reference.ordered, current.ordered)
    if not share:
        return Measured(0.0, p_value, 0.0, "keeps its range")
    words = f"leaves its range: {_span(current)}, {_span(reference)} before; {share:.2%} of the rows lie beyond"
    infinite = sum(current.infinite)
    return Measured(share, p_value, share, words + (f", {infinite:,} of them infinite" if infinite else ""))
