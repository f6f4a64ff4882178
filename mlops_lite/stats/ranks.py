"""Ranks, with ties."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["ranks"]


def ranks(values: NDArray[Any], ties: Literal["middle", "last"] = "middle") -> NDArray[np.float64]:
    """Rank values from 1; equal ones share the middle of their ranks, or the last of them.

    Examples
    --------
    >>> ranks(np.array([3, 1, 3, 2])).tolist(), ranks(np.array([3, 1, 3, 2]), "last").tolist()
    ([3.5, 1.0, 3.5, 2.0], [4.0, 1.0, 4.0, 2.0])
    """
    _, group, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count).astype(np.float64)
    return (last - (count - 1) / 2 if ties == "middle" else last)[group]
