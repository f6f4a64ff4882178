"""A classifier that tells then from now (Lopez-Paz and Oquab, 2017); needs the extra ``learn``.

On at most 10,000 rows of each side; see :func:`mlops_lite.stats.learn.told_apart`. The effect is the distance of its
ROC AUC from one half.
"""

from __future__ import annotations

from typing import Any

from mlops_lite.monitoring.measure import Measured
from mlops_lite.stats.learn import told_apart

__all__ = ["FLOOR", "MOST", "compare"]

FLOOR = 0.02
MOST = 10_000


def compare(reference: Any, current: Any) -> Measured:
    """Compare two matrices."""
    auc, p_value = told_apart(reference, current)
    return Measured(
        auc, p_value, max(auc - 0.5, 0.0), f"can be told from then (a classifier reaches ROC AUC {auc:.3f})"
    )
