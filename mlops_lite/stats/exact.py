"""Statistics of the rows themselves, where a profile does not do."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ks_distance"]


def ks_distance(reference: NDArray[Any], current: NDArray[Any]) -> float:
    """Give the exact distance of Kolmogorov and Smirnov of two sorted samples.

    Both distribution functions are first compared at every 128th value; only stretches between in which a larger
    distance could lie are looked at in full.

    Parameters
    ----------
    reference, current : ndarray of shape (n,), (m,)
        Sorted, without NaN.

    Examples
    --------
    >>> round(ks_distance(np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0])), 6)
    0.333333
    """
    n, m = len(reference), len(current)
    marks = np.unique(np.concatenate((reference[::128], current[::128], reference[-1:], current[-1:])))
    before, after = (np.searchsorted(side, marks, "right") for side in (reference, current))
    then, now = before / n, after / m
    best = float(np.abs(then - now).max())
    # between two marks the one function can rise all the way before the other does
    rise = np.maximum(then[1:] - now[:-1], now[1:] - then[:-1])
    for place in np.argsort(-rise, kind="stable"):
        if rise[place] <= best:
            break
        inside = (reference[before[place] : before[place + 1]], current[after[place] : after[place + 1]])
        best = max(best, _between(*inside, before[place], after[place], n, m))
    return best


def _between(one: NDArray[Any], other: NDArray[Any], before: int, after: int, n: int, m: int) -> float:
    every = np.concatenate((one, other))
    then = (before + np.searchsorted(one, every, "right")) / n
    now = (after + np.searchsorted(other, every, "right")) / m
    return float(np.abs(then - now).max(initial=0.0))
