"""Numbers, sizes and times as people read them."""

from __future__ import annotations

import math
import numbers
from datetime import UTC, date, datetime, timedelta
from typing import Any

__all__ = ["count", "duration", "is_number", "number", "size", "time", "value"]

_MISSING = "–"


def is_number(value: object) -> bool:
    """Say whether a value is a number, of Python or of numpy, and no truth value."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def number(value: Any, digits: int = 4) -> str:
    """Write a number with so many significant digits; whole numbers in full.

    Parameters
    ----------
    value : float
    digits : int

    Returns
    -------
    str

    Examples
    --------
    >>> [number(each) for each in (336776, 0.912345, 12345.678, 1.5e-7, float("nan"))]
    ['336,776', '0.9123', '12,346', '1.5e-07', 'nan']
    """
    if isinstance(value, numbers.Integral):
        return f"{int(value):,}"
    real = float(value)
    if not math.isfinite(real) or real == 0:
        return f"{real:g}"
    if not 1e-4 <= abs(real) < 1e15:
        return f"{real:.{digits}g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(real))))
    text = f"{real:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def count(number: int, noun: str) -> str:
    """Write how many there are of something.

    Examples
    --------
    >>> count(1, "run"), count(2_000, "run")
    ('1 run', '2,000 runs')
    """
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def size(nbytes: float) -> str:
    """Write a number of bytes.

    Examples
    --------
    >>> size(512), size(8_717_407), size(2**34)
    ('512 B', '8.7 MB', '17.2 GB')
    """
    if nbytes < 1000:
        return f"{nbytes:,.0f} B"
    for unit in ("kB", "MB", "GB"):
        nbytes /= 1000
        if nbytes < 999.95:
            return f"{nbytes:.1f} {unit}"
    return f"{nbytes / 1000:,.1f} TB"


def time(moment: datetime) -> str:
    """Write an instant in UTC, to the second.

    Examples
    --------
    >>> time(datetime(2026, 11, 1, 12, 30, tzinfo=UTC))
    '2026-11-01 12:30:00 UTC'
    """
    if moment.tzinfo is None:
        return f"{moment:%Y-%m-%d %H:%M:%S}"
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def duration(length: timedelta | float) -> str:
    """Write how long something took; numbers are seconds.

    Examples
    --------
    >>> duration(0.0042), duration(1.5), duration(125), duration(90_000)
    ('4.2 ms', '1.5 s', '2 min 5 s', '25 h 0 min')
    """
    seconds = length.total_seconds() if isinstance(length, timedelta) else float(length)
    if seconds < 0.0095:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60:,} h {minutes % 60} min"


def value(thing: Any) -> str:
    """Write any value for a cell of a table.

    Examples
    --------
    >>> [value(each) for each in (None, True, 0.25, "text", ["a", 1])]
    ['–', 'yes', '0.25', 'text', 'a, 1']
    """
    if thing is None:
        return _MISSING
    if isinstance(thing, bool):
        return "yes" if thing else "no"
    if is_number(thing):
        return number(thing)
    if isinstance(thing, datetime):
        return time(thing)
    if isinstance(thing, timedelta):
        return duration(thing)
    if isinstance(thing, date):
        return thing.isoformat()
    if isinstance(thing, (list, tuple, set, frozenset)):
        return ", ".join(value(each) for each in thing) or _MISSING
    return str(thing)
