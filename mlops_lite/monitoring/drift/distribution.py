"""The default test of a column of numbers: location, scale and shape at once.

Normal scores, squared normal scores and Anderson and Darling's statistic on the cells of the reference, combined by
Cauchy's rule; see :func:`mlops_lite.stats.ordered.moves`. It finds a moved mean nearly as well as the best test there
is for normal columns, and a moved variance or tail where Kolmogorov and Smirnov's test is blind.

The effect is the largest of: the move in standard deviations of a normal column, the logarithm of the ratio of scales,
and 2.5 times the distance of the distribution functions (a move of 0.05 standard deviations is a distance of 0.02).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlops_lite.display.format import number
from mlops_lite.monitoring.measure import Measured
from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.ordered import Move, moves

__all__ = ["FAMILIES", "FLOOR", "WEIGHT", "compare", "compare_all"]

FAMILIES = ("numbers", "times")
WEIGHT = 0.76
FLOOR = 0.05


def compare(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Compare two profiles of a column."""
    return compare_all([(reference, current)])[0]


def compare_all(pairs: Sequence[tuple[ColumnProfile, ColumnProfile]]) -> list[Measured | None]:
    """Compare the profiles of many columns, side by side.

    Instants that have left the range of the reference behind are a running clock: no test is made of them.
    """
    tested = [pair for pair in pairs if pair[0].present and pair[1].present and not _is_clock(*pair)]
    found = iter(moves([(reference.ordered, current.ordered) for reference, current in tested]))
    return [_measured(next(found), *pair) if pair in tested else None for pair in pairs]


def _measured(found: Move, reference: ColumnProfile, current: ColumnProfile) -> Measured:
    effect = max(abs(found.location), abs(found.scale), 2.5 * found.shape)
    return Measured(found.shape, found.p_value, effect, _sentence(found, reference, current))


def _is_clock(reference: ColumnProfile, current: ColumnProfile) -> bool:
    return reference.family == "times" and not current.quantile(0.5) <= reference.maximum


def _sentence(found: Move, reference: ColumnProfile, current: ColumnProfile) -> str:
    if found.leading == "location" and found.location:
        way = "up" if found.location > 0 else "down"
        return f"moved {way} by {abs(found.location):.2f} standard deviations{_means(reference, current)}"
    if found.leading == "scale" and found.scale:
        return f"{'spread' if found.scale > 0 else 'shrank'} by the factor {math.exp(found.scale):.2f}"
    return f"changed its shape: the distribution functions are {found.shape:.1%} apart"


def _means(reference: ColumnProfile, current: ColumnProfile) -> str:
    if reference.family == "times" or not math.isfinite(reference.mean + current.mean):
        return ""
    return f" (mean {number(reference.mean)} → {number(current.mean)})"
