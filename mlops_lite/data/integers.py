"""Integers as bytes to hash, in as few as they need: hashing is what a snapshot of an unchanged table costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["encoded", "stretches"]

_WIDTHS = (0, 1, 2, 4, 4, 8, 8, 8, 8)  # by the bytes that the spread has
_PAYS = 4  # times fewer bytes: on many cores taking steps may cost more than hashing
_FIRST = 256  # where the steps of these do not pay, those of all are not looked at

_Values = np.ndarray[Any, Any]


def encoded(values: _Values) -> tuple[bytes, _Values]:
    r"""Say integers in as few bytes as their range needs, or that of their steps where those are far fewer.

    Parameters
    ----------
    values : ndarray
        Of integers of one width, at least one.

    Returns
    -------
    bytes, ndarray
        How they are said, and what then follows. No two arrays of one type and length give the same.

    Examples
    --------
    >>> encoded(np.array([300, 301, 303]))
    (b'1 300\n', array([0, 1, 3], dtype=uint8))
    >>> encoded(np.arange(1000, 4000, 3))
    (b'0 3 1000\n', array([], dtype=int64))
    """
    return stretches(values, [0])[0]


def stretches(values: _Values, starts: Sequence[int]) -> list[tuple[bytes, _Values]]:
    r"""Say several stretches of an array, each by itself: looked at together, they take few and long steps.

    Threads that take many short ones wait for each other.

    Parameters
    ----------
    values : ndarray
        Of integers of one width.
    starts : sequence of int
        Where each stretch begins, ascending from 0; the last one ends with the array, and none is empty.

    Examples
    --------
    >>> stretches(np.array([300, 301, 303, 5, 5]), [0, 3])
    [(b'1 300\n', array([0, 1, 3], dtype=uint8)), (b'0 5\n', array([], dtype=int64))]
    """
    ends = [*starts[1:], len(values)]
    ranges = _ranges(values, starts, ends)
    rising = [_may_rise(values[start:end], width) for start, end, (width, _) in zip(starts, ends, ranges, strict=True)]
    if not any(rising):
        return _said(ranges, _bodies(values, starts, ends, ranges))
    steps, inner = _steps(values), [end - 1 for end in ends]
    if all(rising):
        stepped = _ranges(steps, starts, inner)
        rising = [_PAYS * narrow <= width for (narrow, _), (width, _) in zip(stepped, ranges, strict=True)]
    if all(rising):
        firsts = values[list(starts)].tolist()
        said = _said(stepped, _bodies(steps, starts, inner, stepped))
        return [(b"%s %d\n" % (head[:-1], first), body) for (head, body), first in zip(said, firsts, strict=True)]
    if not any(rising):
        return _said(ranges, _bodies(values, starts, ends, ranges))
    return [encoded(values[start:end]) for start, end in zip(starts, ends, strict=True)]


def _may_rise(values: _Values, width: int) -> bool:
    """Tell whether the first steps are so far smaller than the values that it pays to look at all."""
    return width > 1 and _PAYS * _ranges(_steps(values[:_FIRST]), [0], [0])[0][0] <= width


def _said(ranges: list[tuple[int, int]], bodies: list[_Values]) -> list[tuple[bytes, _Values]]:
    return [(b"%d %d\n" % one, body) for one, body in zip(ranges, bodies, strict=True)]


def _ranges(values: _Values, starts: Sequence[int], ends: Sequence[int]) -> list[tuple[int, int]]:
    """Give for each stretch the bytes that a value needs, and what to take from each first."""
    places = [place for pair in zip(starts, ends, strict=True) for place in pair][:-1]  # the last ends with the array
    lows, highs = (bound.reduceat(values, places)[::2].tolist() for bound in (np.minimum, np.maximum))
    return [_fitting(low, high, values.itemsize) for low, high in zip(lows, highs, strict=True)]


def _fitting(low: int, high: int, size: int) -> tuple[int, int]:
    """Give the bytes that a value needs, and what to take from each first: nothing where that spares no byte."""
    width = _WIDTHS[((high - low).bit_length() + 7) // 8]
    return width, 0 if width == size or 0 <= low <= high < 1 << 8 * width else low


def _steps(values: _Values) -> _Values:
    signed = values.view(f"<i{values.itemsize}")
    steps: _Values = signed[1:] - signed[:-1]  # those that overflow wrap around, and back
    return steps


def _bodies(
    values: _Values, starts: Sequence[int], ends: Sequence[int], ranges: list[tuple[int, int]]
) -> list[_Values]:
    """Narrow stretches: all at once where they need the same width."""
    widths = {width for width, _ in ranges}
    alike = _narrowed(values, widths.pop()) if len(widths) == 1 else None
    bodies = []
    for start, end, (width, low) in zip(starts, ends, ranges, strict=True):
        body = alike[start:end] if alike is not None else _narrowed(values[start:end], width)
        if low and width:
            body -= body.dtype.type(low % (1 << 8 * width))
        bodies.append(body)
    return bodies


def _narrowed(values: _Values, width: int) -> _Values:
    if width == 0:
        return values[:0]
    return values if width == values.itemsize else values.astype(f"<u{width}")
