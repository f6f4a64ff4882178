"""Integers as bytes to hash, in as few as they need: hashing is what a snapshot of an unchanged table costs."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["encoded"]

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
    width, low = _range(values)
    if width > 1 and _PAYS * _range(_steps(values[:_FIRST]))[0] <= width:
        steps = _steps(values)
        narrow, least = _range(steps)
        if _PAYS * narrow <= width:
            return b"%d %d %d\n" % (narrow, least, values[0]), _above(steps, least, narrow)
    return b"%d %d\n" % (width, low), _above(values, low, width)


def _range(values: _Values) -> tuple[int, int]:
    """Give the bytes that a value needs, and what to take from each first: nothing where that spares no byte."""
    low, high = int(values.min()), int(values.max())
    width = _WIDTHS[((high - low).bit_length() + 7) // 8]
    if width == values.itemsize or 0 <= low <= high < 1 << 8 * width:
        low = 0
    return width, low


def _steps(values: _Values) -> _Values:
    signed = values.view(f"<i{values.itemsize}")
    steps: _Values = signed[1:] - signed[:-1]  # those that overflow wrap around, and back
    return steps


def _above(values: _Values, low: int, width: int) -> _Values:
    if width == 0:
        return values[:0]
    if width == values.itemsize:
        return values
    narrow = values.astype(f"<u{width}")
    if low:
        narrow -= narrow.dtype.type(low % (1 << 8 * width))
    return narrow
