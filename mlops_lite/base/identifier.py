"""Identifiers that sort by time: 48 bits of milliseconds and 80 random bits in Crockford's base 32 (ULID)."""

from __future__ import annotations

import os

from mlops_lite.base import clock

__all__ = ["new_id"]

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


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
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))
