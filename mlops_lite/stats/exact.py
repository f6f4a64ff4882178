"""Statistics of the rows themselves, where a profile does not do."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ks_distance"]

_STRIDES = (256, 16, 1)
Values = NDArray[Any]
Places = NDArray[np.intp]


def ks_distance(reference: Values, current: Values) -> float:
    """Give the exact distance of Kolmogorov and Smirnov of two sorted samples.

    Both distribution functions are first compared at every 256th value; only in stretches between in which a larger
    distance could lie they are compared at every 16th, and only in those of these that are still left at every one.

    Parameters
    ----------
    reference, current : ndarray of shape (n,), (m,)
        Sorted, without NaN.

    Examples
    --------
    >>> round(ks_distance(np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0])), 6)
    0.333333
    """
    sides = (reference, current)
    inside = [(np.array([0]), np.array([len(side)])) for side in sides]  # of each, where open stretches begin and end
    starts, ends = min(reference[:1], current[:1]), max(reference[-1:], current[-1:])  # the values around these
    best = 0.0
    for stride in _STRIDES:
        some = [side[_every(*stretch, stride)] for side, stretch in zip(sides, inside, strict=True)]
        marks = np.unique(np.concatenate((*some, starts, ends)))
        upto = [np.searchsorted(side, marks, "right") for side in sides]
        then, now = (places / len(side) for places, side in zip(upto, sides, strict=True))
        best = max(best, float(np.abs(then - now).max()))
        # strictly between two marks the one function can rise all the way before the other does
        is_open = np.maximum(then[1:] - now[:-1], now[1:] - then[:-1]) > best
        is_open &= np.isin(marks[:-1], starts) | ~np.isin(marks[:-1], ends)  # not what lies between two stretches
        left = np.flatnonzero(is_open)
        below = [np.searchsorted(side, marks[left + 1]) for side in sides]  # less what both have at the second mark
        high = [places / len(side) for places, side in zip(below, sides, strict=True)]
        is_open = np.maximum(high[0] - now[left], high[1] - then[left]) > best
        if not is_open.any():
            break
        left = left[is_open]
        inside = [(start[left], end[is_open]) for start, end in zip(upto, below, strict=True)]
        starts, ends = marks[left], marks[left + 1]
    return best


def _every(starts: Places, ends: Places, stride: int) -> Places:
    """Give every so many places of stretches."""
    counts = -(-(ends - starts) // stride)
    first = np.repeat(starts - stride * (np.cumsum(counts) - counts), counts)
    return first + stride * np.arange(len(first))
