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
    pieces = [values[start:end] for start, end in zip(starts, [*starts[1:], len(values)], strict=True)]
    ranges = _ranges(values, starts)
    stepped = [_stepped(piece, width) for piece, (width, _) in zip(pieces, ranges, strict=True)]
    if len({width for width, _ in ranges}) == 1 and not any(stepped):
        together = _narrowed(values, ranges[0][0])
        pieces = [together[start : start + len(piece)] for start, piece in zip(starts, pieces, strict=True)]
    return [
        steps or (b"%d %d\n" % (width, low), _above(piece, low, width))
        for piece, (width, low), steps in zip(pieces, ranges, stepped, strict=True)
    ]


def _stepped(values: _Values, width: int) -> tuple[bytes, _Values] | None:
    """Say the first value and the steps between them, where they are far smaller than the values."""
    if width <= 1 or _PAYS * _range(_steps(values[:_FIRST]))[0] > width:
        return None
    steps = _steps(values)
    narrow, least = _range(steps)
    return (
        (b"%d %d %d\n" % (narrow, least, values[0]), _above(steps, least, narrow)) if _PAYS * narrow <= width else None
    )


def _range(values: _Values) -> tuple[int, int]:
    return _fitting(int(values.min()), int(values.max()), values.itemsize)


def _ranges(values: _Values, starts: Sequence[int]) -> list[tuple[int, int]]:
    lows, highs = (bound.reduceat(values, starts).tolist() for bound in (np.minimum, np.maximum))
    return [_fitting(low, high, values.itemsize) for low, high in zip(lows, highs, strict=True)]


def _fitting(low: int, high: int, size: int) -> tuple[int, int]:
    """Give the bytes that a value needs, and what to take from each first: nothing where that spares no byte."""
    width = _WIDTHS[((high - low).bit_length() + 7) // 8]
    return width, 0 if width == size or 0 <= low <= high < 1 << 8 * width else low


def _steps(values: _Values) -> _Values:
    signed = values.view(f"<i{values.itemsize}")
    steps: _Values = signed[1:] - signed[:-1]  # those that overflow wrap around, and back
    return steps


def _above(values: _Values, low: int, width: int) -> _Values:
    narrow = _narrowed(values, width)
    if low and width:
        narrow -= narrow.dtype.type(low % (1 << 8 * width))
    return narrow


def _narrowed(values: _Values, width: int) -> _Values:
    if width == 0:
        return values[:0]
    return values if width == values.itemsize else values.astype(f"<u{width}")
