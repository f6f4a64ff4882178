"""Whether the column that names a row names it once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlops_lite.monitoring.finding import Finding
from mlops_lite.monitoring.performance import is_missing

__all__ = ["judge_ids", "repeats"]


def judge_ids(name: str | None, ids: NDArray[np.generic] | None, before: int) -> list[Finding]:
    """Warn where the column that names a row names several, and did not in the reference.

    Parameters
    ----------
    name : str or None
    ids : ndarray of shape (n,), or None
    before : int
        How many repeated an earlier one in the reference.
    """
    if name is None or ids is None or before:
        return []
    count = repeats(ids)
    if not count:
        return []
    words = f"{name!r} repeats in {count:,} rows: it does not name a row, and labels would count several times."
    return [Finding(name, "quality.duplicates", float(count), None, count / len(ids), None, "warning", words)]


def repeats(ids: NDArray[np.generic] | None) -> int:
    """How many values repeat an earlier one; what is missing is none."""
    if ids is None:
        return 0
    import pandas as pd

    return int(pd.Series(ids[~is_missing(ids)]).duplicated().sum())
