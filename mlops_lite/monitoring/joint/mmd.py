"""Maximum mean discrepancy (Gretton et al., 2012): for embeddings, images, and columns that move together.

On at most 1,000 rows of each side; see :func:`mlops_lite.stats.mmd.maximum_mean_discrepancy`. The effect is the root of
the squared discrepancy.
"""

from __future__ import annotations

from typing import Any

from mlops_lite.monitoring.measure import Measured
from mlops_lite.stats.mmd import maximum_mean_discrepancy

__all__ = ["FLOOR", "MOST", "compare"]

FLOOR = 0.05
MOST = 1_000


def compare(reference: Any, current: Any) -> Measured:
    """Compare two matrices."""
    squared, p_value, effect = maximum_mean_discrepancy(reference, current)
    return Measured(squared, p_value, effect, f"moved together (maximum mean discrepancy {effect:.3f})")
