"""Where a table is cut into parts: by its own content, so that rows put in or taken out move no cut but their own."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from mlops_lite.data import address

__all__ = ["Cut", "Cutter", "choose"]

_SAMPLE = 4096  # rows from which a rule is chosen
_DISTINCT = 0.9  # from this share on values tell rows apart
_REPEATED = 0.1  # below it one column cuts too seldom, and all are taken together
_BITS, _LEAST_BITS = 15, 10
_PART_BYTES = 8 << 20
_MOST_PARTS = 4096
_ONE = np.uint64(0x9E3779B97F4A7C15)
_TWO = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)
_BLOCK = 1 << 16  # rows mixed at once: what fits into the cache of a core


@attrs.frozen
class Cut:
    """A rule: a row whose mixed bits are zero ends a part.

    Parameters
    ----------
    columns : tuple of str
        Whose values are mixed; none means every so many rows.
    bits : int
        How many bits: a part has about ``2 ** bits`` rows, at least a quarter and at most twice of it.
    """

    columns: tuple[str, ...]
    bits: int = _BITS

    @property
    def least(self) -> int:
        """The fewest rows of a part that is not the last."""
        return 1 << self.bits >> 2

    @property
    def most(self) -> int:
        """The most rows of a part."""
        return 2 << self.bits

    def ends(self, table: pa.Table) -> Iterator[tuple[list[int], int]]:
        """Say behind which rows a part may end, some rows at a time.

        Parameters
        ----------
        table : pyarrow.Table

        Yields
        ------
        list of int, int
            Ascending counts of rows, and how many rows have been looked at.
        """
        if not self.columns:
            yield [], table.num_rows
            return
        limit = np.uint64(1 << (64 - self.bits))
        room = np.empty((2, _BLOCK), np.uint64)
        done = 0
        for block in table.select(list(dict.fromkeys(self.columns))).to_batches(_BLOCK):
            mixed = _mixed(_numbers(block.column(0)), room)
            for column in block.columns[1:]:
                mixed = _mixed(mixed + _numbers(column), room)
            found = (np.flatnonzero(mixed < limit) + (done + 1)).tolist()
            done += len(block)
            yield found, done


def _mixed(values: np.ndarray[Any, Any], room: np.ndarray[Any, Any] | None = None) -> np.ndarray[Any, Any]:
    """Mix 64-bit values, in memory of two rows that is at hand: taking it anew costs as much as the mixing."""
    mixed, half = np.empty((2, len(values)), np.uint64) if room is None else room[:, : len(values)]
    np.multiply(values, _ONE, out=mixed)
    np.right_shift(mixed, _HALF, out=half)
    mixed ^= half
    mixed *= _TWO
    return mixed


def _numbers(column: pa.Array) -> np.ndarray[Any, Any]:
    """Give 64 bits for each value, the same for the same value."""
    column = address.plained(column)
    kind = column.type
    if column.null_count:
        column = column.fill_null(_zero(kind))
    if pa.types.is_boolean(kind):
        return np.asarray(column.cast(pa.uint8())).astype(np.uint64)
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        return _of_pieces(column, "<i4")
    if pa.types.is_large_string(kind) or pa.types.is_large_binary(kind):
        return _of_pieces(column, "<i8")
    width = int(kind.bit_width) // 8
    start = column.offset * width
    held = memoryview(column.buffers()[1])[start : start + len(column) * width]
    if width in (1, 2, 4, 8):
        values = np.frombuffer(held, f"<u{width}")
        return values if width == 8 else values.astype(np.uint64)
    words = np.frombuffer(held, np.uint8).reshape(len(column), width)
    padded = np.zeros((len(column), -(-width // 8) * 8), np.uint8)
    padded[:, :width] = words
    return _folded(padded.view("<u8"))


def _zero(kind: pa.DataType) -> pa.Scalar:
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pa.scalar("", kind)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.scalar(b"", kind)
    if pa.types.is_fixed_size_binary(kind):
        return pa.scalar(bytes(kind.byte_width), kind)
    if pa.types.is_boolean(kind):
        return pa.scalar(False)
    return pa.scalar(np.float16(0) if kind == pa.float16() else 0, kind)


def _folded(words: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    found = words[:, 0].copy()
    for place in range(1, words.shape[1]):
        found = _mixed(found + words[:, place])
    return found


def _of_pieces(column: pa.Array, offset_type: str) -> np.ndarray[Any, Any]:
    """Take the first and the last eight bytes and the length of each: enough to tell names and codes apart."""
    _, offsets, data = column.buffers()
    item = np.dtype(offset_type).itemsize
    places = np.frombuffer(offsets, offset_type, len(column) + 1, column.offset * item).astype(np.int64)
    base = int(places[0])
    raw = np.zeros(int(places[-1]) - base + 16, np.uint8)
    if data is not None:
        raw[8:-8] = np.frombuffer(data, np.uint8)[base : int(places[-1])]
    words = np.ndarray(len(raw) - 7, "<u8", raw, strides=(1,))
    starts, ends = places[:-1] - base, places[1:] - base
    lengths = (ends - starts).astype(np.uint64)
    over = np.where(lengths < 8, (np.uint64(8) - np.minimum(lengths, np.uint64(8))) * np.uint64(8), np.uint64(0))
    short = lengths < 8
    shift = np.minimum(over, np.uint64(63))
    first = np.where(short, (words[starts + 8] << shift) * (lengths > 0), words[starts + 8])
    last = np.where(short, first, words[ends])
    return _mixed(first + lengths) + last


class Cutter:
    """Walks over a table, block by block, and says where parts end."""

    def __init__(self, rule: Cut) -> None:
        self._rule = rule
        self._open = 0  # rows since the last cut

    def cuts(self, table: pa.Table) -> Iterator[int]:
        """Give the counts of rows of this block behind which a part ends, each as soon as it is known."""
        start = -self._open
        for ends, done in self._rule.ends(table):
            while (end := self._next(ends, start, done)) is not None:
                yield end
                start = end
        self._open = table.num_rows - start

    def _next(self, ends: list[int], start: int, done: int) -> int | None:
        place = bisect.bisect_left(ends, start + self._rule.least)
        last = start + self._rule.most
        end = min(ends[place], last) if place < len(ends) else last
        return end if end <= done else None


def choose(sample: pa.Table, rows: int | None) -> Cut:
    """Choose a rule from the content alone.

    Parameters
    ----------
    sample : pyarrow.Table
        The first rows.
    rows : int, optional
        How many there are in all, where that is known.

    Returns
    -------
    Cut
        By the column that tells rows apart best, the plainest of those that do; part sizes by the width of a row, and
        larger for very large tables.
    """
    sample = sample.slice(0, _SAMPLE)
    return Cut(_telling(sample), size_for(sample, rows))


def size_for(sample: pa.Table, rows: int | None) -> int:
    """Choose how many bits."""
    sample = sample.slice(0, _SAMPLE)
    width = sum(address.size(address.joined(column)) for column in sample.columns) / max(sample.num_rows, 1)
    bits = _BITS
    while bits > _LEAST_BITS and width * (1 << bits) > _PART_BYTES:
        bits -= 1
    while rows is not None and rows >> bits > _MOST_PARTS:
        bits += 1
    return bits


def _telling(sample: pa.Table) -> tuple[str, ...]:
    known = list(_shares(sample))
    if not known:
        return ()
    telling = [entry for entry in known if entry[1] >= _DISTINCT]
    if telling:
        return (min(telling, key=lambda entry: entry[2])[0],)
    best = max(known, key=lambda entry: entry[1])
    return (best[0],) if best[1] >= _REPEATED else tuple(name for name, _, _ in known)


def _shares(sample: pa.Table) -> Iterator[tuple[str, float, int]]:
    """Give for each column that can be mixed the share of distinct values, and a rank: measurements come last."""
    for field in sample.schema:
        kind = address.plain(field.type)
        if not mixable(kind):
            continue
        column = address.joined(sample[field.name])
        share = len(column.unique()) / max(len(column), 1)
        yield field.name, share, 2 if pa.types.is_floating(kind) else 1 if pa.types.is_temporal(kind) else 0


def mixable(kind: pa.DataType) -> bool:
    """Tell whether values of a type can be mixed."""
    return not (pa.types.is_nested(kind) or pa.types.is_null(kind))
