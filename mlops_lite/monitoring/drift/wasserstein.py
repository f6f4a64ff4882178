"""Wasserstein's distance, in standard deviations of the reference: how far mass must be moved on average.

The area between the two distribution functions over the standard deviation of the reference (Kantorovich, 1942;
Vaserstein, 1969). From a profile the values of a cell are taken as evenly spread over it: the error is at most the
width of a cell times its share. Without a p-value of its own it borrows that of the default test.
"""

from __future__ import annotations

import numpy as np

from mlops_lite.monitoring.measure import Measured
from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.distance import wasserstein

__all__ = ["FAMILIES", "FLOOR", "WEIGHT", "compare"]

FAMILIES = ("numbers", "times")
WEIGHT = 0.76
FLOOR = 0.05


def compare(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Compare two profiles of a column; infinities are left out."""
    if not reference.counts.sum() or not current.counts.sum():
        return None
    found = wasserstein(reference.counts, current.counts, _ends(reference, current))
    spread = reference.std if reference.std > 0 else 1.0
    words = f"lies {found / spread:.3f} standard deviations away (Wasserstein)"
    return Measured(found / spread, None, found / spread, words)


def _ends(reference: ColumnProfile, current: ColumnProfile) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    low, high = min(reference.minimum, current.minimum), max(reference.maximum, current.maximum)
    inner = np.clip(reference.cells.bounds, low, high)  # type: ignore[union-attr]
    return np.concatenate(([low], inner, [high]))
