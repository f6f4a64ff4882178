"""Identifiers that sort by time: 48 bits of milliseconds and 80 random bits in Crockford's base 32 (ULID)."""

from __future__ import annotations

import os
from base64 import b32encode
from datetime import UTC, datetime

from mlops_lite.base import clock

__all__ = ["new_id", "time_of"]

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_DIGITS = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", _ALPHABET.encode())
_VALUES = {digit: value for value, digit in enumerate(_ALPHABET)}
_LENGTH = 26
_TIME_DIGITS = 10  # 50 bits, of which the time has 48
_NO_TIME = datetime.fromtimestamp(0, UTC)


def new_id() -> str:
    """Make an identifier.

    The random bits come from the operating system, never from ``random``: a seeded program must neither repeat an
    identifier in its workers nor have its own numbers changed.

    Returns
    -------
    str
        26 characters; later ones sort after earlier ones to the millisecond.

    Examples
    --------
    >>> len(new_id()), new_id() != new_id()
    (26, True)
    """
    milliseconds = int(clock.now().timestamp() * 1000)
    number = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    # base64 knows base 32 in groups of 40 bits: 130 of 160 bits are the 26 digits
    return b32encode((number << 30).to_bytes(20, "big"))[:_LENGTH].translate(_DIGITS).decode()


def time_of(identifier: str) -> datetime:
    """Read the time out of an identifier.

    Returns
    -------
    datetime.datetime
        When it was made, to the millisecond, in UTC; the year 1970 where it is no identifier of ours.

    Examples
    --------
    >>> with clock.use(lambda: datetime(2026, 11, 1, tzinfo=UTC)):
    ...     print(time_of(new_id()))
    2026-11-01 00:00:00+00:00
    """
    if len(identifier) != _LENGTH or not _VALUES.keys() >= set(identifier):
        return _NO_TIME
    number = 0
    for digit in identifier[:_TIME_DIGITS]:
        number = number << 5 | _VALUES[digit]
    try:
        return datetime.fromtimestamp(number / 1000, UTC)
    except (ValueError, OverflowError, OSError):  # beyond the year 9999
        return _NO_TIME
