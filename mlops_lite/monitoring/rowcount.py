"""How many rows, beside the last checks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlops_lite.monitoring.finding import Finding, Severity
from mlops_lite.stats.counts import unlike

__all__ = ["judge_count"]

_LEAST = 5  # earlier checks, below which their spread is not known
_FLOOR = 0.1  # in the logarithm: a tenth more or fewer


def judge_count(earlier: Sequence[int], rows: int, alpha: float, scale: float = 1.0) -> list[Finding]:
    """Warn where a table has many more or fewer rows than those of the last checks.

    How much data arrive is of another kind than what they hold (weekends, retries, backfills): it is a warning and no
    alert, with a rate of its own of ``alpha`` a check. To demand a number of rows, declare ``ml.rules.rows``.

    Parameters
    ----------
    earlier : sequence of int
        Rows of the last checks; nothing is said by fewer than five.
    rows : int
    alpha : float
    scale : float
        By which the least effect is multiplied.
    """
    if len(earlier) < _LEAST or not rows:
        return []
    change, p_value = unlike(earlier, rows)
    floor = _FLOOR * scale
    named = p_value <= alpha and abs(change) >= floor
    severity: Severity = "warning" if named else "ok"
    usual = np.exp(np.mean(np.log(earlier)))
    words = f"There are {rows:,} rows; the last {len(earlier)} checks had about {usual:,.0f}."
    return [Finding(None, "quality.rows", float(rows), p_value, abs(change), floor, severity, words)]
