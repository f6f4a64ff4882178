"""Reading journals back: points as arrays, events as values."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any
from zlib import crc32

import attrs
import numpy as np
from numpy.typing import NDArray

from mlops_lite.base import canonical
from mlops_lite.store import run_cells as cells

__all__ = ["Content", "Points", "read"]

_CELL = np.dtype(
    {
        "names": ["mark", "kind", "name", "step", "time", "value", "sum"],
        "formats": ["u1", "u1", "<u2", "<i8", "<f8", "<f8", "<u4"],
        "offsets": [0, 1, 2, 4, 12, 20, 28],
        "itemsize": cells.CELL,
    }
)
_SUMMED = cells.CELL - 4


@attrs.frozen(eq=False)
class Points:
    """The points of one name, in the order in which they were written.

    Parameters
    ----------
    step : ndarray of int64
    value : ndarray of float64 or int64
    time : ndarray of float64
        Seconds since 1970.
    """

    step: NDArray[np.int64]
    value: NDArray[Any]
    time: NDArray[np.float64]

    @classmethod
    def join(cls, parts: list[Points]) -> Points:
        """Put parts behind each other by time; whole numbers stay so only if all are."""
        if len(parts) == 1:
            return parts[0]
        time = np.concatenate([part.time for part in parts])
        order = np.argsort(time, kind="stable")
        values = [part.value for part in parts]
        if len({value.dtype for value in values}) > 1:
            values = [value.astype(np.float64) for value in values]
        return cls(np.concatenate([part.step for part in parts])[order], np.concatenate(values)[order], time[order])


@attrs.frozen(eq=False)
class Content:
    """What a journal holds.

    Parameters
    ----------
    points : mapping of str to Points
    events : list of (float, mapping)
        Time and event, in the order written.
    damaged : int
        Bytes that were passed over.
    torn : int
        How many of them stand behind everything that is whole: what a killed process leaves.
    """

    points: Mapping[str, Points]
    events: list[tuple[float, dict[str, Any]]]
    damaged: int
    torn: int


def read(data: bytes) -> Content:
    """Read one file.

    Parameters
    ----------
    data : bytes
        The file as it is, torn or not.

    Returns
    -------
    Content

    Examples
    --------
    >>> content = read(cells.block(cells.NAME, 0, 0.0, b"loss") + cells.point(0, 7, 1.5, 0.25))
    >>> content.points["loss"].step, content.points["loss"].value
    (array([7]), array([0.25]))
    """
    whole = len(data) // cells.CELL
    table = np.frombuffer(data, _CELL, whole)
    good = (table["mark"] == cells.MARK) & (_sums(data, whole) == table["sum"])
    names: dict[int, str] = {}
    parts: dict[str, list[Points]] = {}
    events: list[tuple[float, dict[str, Any]]] = []
    used = end = 0  # in cells
    for start, stop, kind, number, time, payload in _stretches(data, table, good):
        kept = np.flatnonzero(good[start:stop])
        _take_points(table[start:stop][kept], names, parts)
        used += len(kept)
        end = start + int(kept[-1]) + 1 if len(kept) else end
        if kind > 0:
            size = 1 + -(-len(payload) // cells.CELL)
            used, end = used + size, stop + size
        if kind == cells.NAME:
            names[number] = payload.decode("utf-8", "replace")
        elif kind == cells.EVENT:
            events.append((time, canonical.decode(payload)))
        elif kind in (cells.ARRAY_FLOAT, cells.ARRAY_INT):
            _take_array(kind, names.get(number, f"#{number}"), time, payload, parts)
    points = {name: Points.join(found) for name, found in parts.items()}
    return Content(points, events, max(0, len(data) - used * cells.CELL), max(0, len(data) - end * cells.CELL))


def _stretches(
    data: bytes, table: NDArray[Any], good: NDArray[np.bool_]
) -> Iterator[tuple[int, int, int, int, float, bytes]]:
    """Give runs of points, each with the block that ends it; kind 0 ends the file, -1 is a broken payload."""
    heads = np.flatnonzero(good & (table["kind"] >= cells.NAME))
    position = 0
    for head in heads.tolist():
        if head < position:  # the payload of another block that looks like a head
            continue
        offset = head * cells.CELL
        _, kind, number, length, time, payload_sum, _ = cells.HEAD.unpack_from(data, offset)
        payload = data[offset + cells.CELL : offset + cells.CELL + length]
        whole = len(payload) == length and crc32(payload) == payload_sum
        yield position, head, kind if whole else -1, number, time, payload
        position = head + 1 + (-(-length // cells.CELL) if whole else 0)  # search broken payloads for cells
    yield min(position, len(table)), len(table), 0, 0, 0.0, b""


def _take_points(rows: NDArray[Any], names: dict[int, str], parts: dict[str, list[Points]]) -> None:
    rows = rows[rows["kind"] <= cells.INT]
    for number in np.unique(rows["name"]).tolist():
        own = rows[rows["name"] == number]
        whole = own["kind"] == cells.INT
        value = np.ascontiguousarray(own["value"])
        if whole.all():
            value = value.view(np.int64)
        elif whole.any():
            value = np.where(whole, value.view(np.int64).astype(np.float64), value)
        points = Points(own["step"].copy(), value, own["time"].copy())
        parts.setdefault(names.get(number, f"#{number}"), []).append(points)


def _take_array(kind: int, name: str, time: float, payload: bytes, parts: dict[str, list[Points]]) -> None:
    count = len(payload) // 16
    step = np.frombuffer(payload, "<i8", count)
    value = np.frombuffer(payload, "<f8" if kind == cells.ARRAY_FLOAT else "<i8", count, count * 8)
    parts.setdefault(name, []).append(Points(step, value, np.full(count, time)))


@functools.cache
def _tables() -> tuple[NDArray[np.uint32], int]:
    """Tabulate what each byte at each place adds to the checksum, which is linear over exclusive or."""
    empty = crc32(bytes(_SUMMED))
    table = np.zeros((_SUMMED, 256), np.uint32)
    for place in range(_SUMMED):
        cell = bytearray(_SUMMED)
        for value in range(256):
            cell[place] = value
            table[place, value] = crc32(cell) ^ empty
    return table, empty


def _sums(data: bytes, whole: int) -> NDArray[np.uint32]:
    """Take the checksums of all cells at once."""
    table, empty = _tables()
    rows = np.frombuffer(data, np.uint8, whole * cells.CELL).reshape(whole, cells.CELL)
    sums = np.full(whole, empty, np.uint32)
    for place in range(_SUMMED):
        sums ^= table[place][rows[:, place]]
    return sums
