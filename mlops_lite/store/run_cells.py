"""The bytes of a run's journal: cells of 32 bytes.

A point is one cell. Anything longer (a name, an event, an array of points) is a head cell and a payload, filled up with
zeros to whole cells. Every cell and every payload has a checksum, and cells stand at multiples of 32: a reader passes
over what was torn by a crash and goes on with the next cell.

::

    point  0xA7 | kind u8 | name u16 | step i64 | time f64 (s since 1970) | value f64 or i64 | crc32 of the 28 bytes
    head   0xA7 | kind u8 | name u16 | length of payload u64 | time f64 | crc32 of payload u32, 0 u32 | crc32 of the 28

A name is a payload of UTF-8 whose number is used by the cells that follow. An event is canonical JSON. An array is all
steps (i64) and then all values (f64 or i64). Little-endian throughout.
"""

from __future__ import annotations

import struct
from zlib import crc32

__all__ = [
    "ARRAY_FLOAT",
    "ARRAY_INT",
    "CELL",
    "EVENT",
    "FLOAT",
    "HEAD",
    "INT",
    "MARK",
    "MOST_NAMES",
    "NAME",
    "block",
    "point",
]

CELL = 32
MARK = 0xA7
FLOAT, INT, NAME, EVENT, ARRAY_FLOAT, ARRAY_INT = 1, 2, 3, 4, 5, 6
MOST_NAMES = 1 << 16  # a file whose names are used up is followed by another

FLOAT_CELL = struct.Struct("<BBHqdd")
INT_CELL = struct.Struct("<BBHqdq")
HEAD = struct.Struct("<BBHQdII")
SUM = struct.Struct("<I")


def point(number: int, step: int, time: float, value: float | int) -> bytes:
    """Write one point.

    Parameters
    ----------
    number : int
        The number of its name in this file.
    step : int
        Within 64 bits.
    time : float
        Seconds since 1970.
    value : float or int
        Integers within 64 bits stay integers.

    Returns
    -------
    bytes
        32 of them.
    """
    if type(value) is float:
        cell = FLOAT_CELL.pack(MARK, FLOAT, number, step, time, value)
    else:
        cell = INT_CELL.pack(MARK, INT, number, step, time, value)
    return cell + SUM.pack(crc32(cell))


def block(kind: int, number: int, time: float, payload: bytes) -> bytes:
    """Write a head and its payload, filled up to whole cells.

    Examples
    --------
    >>> len(block(NAME, 0, 0.0, b"loss"))
    64
    """
    head = HEAD.pack(MARK, kind, number, len(payload), time, crc32(payload), 0)
    return b"".join((head, SUM.pack(crc32(head)), payload, bytes(-len(payload) % CELL)))
