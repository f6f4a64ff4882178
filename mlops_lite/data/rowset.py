"""Sets of rows: which values differ, which rows have the same key, which are there more often."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Match", "differs", "match", "surplus"]

_Numbers = np.ndarray[Any, Any]


@attrs.frozen(eq=False)
class Match:
    """Which rows of two tables have the same key. Each is a pair: places in the first, places in the second.

    Parameters
    ----------
    both : pair of ndarray
        Rows whose key both have once, side by side.
    only : pair of ndarray
        Rows whose key the other lacks.
    repeated : pair of ndarray
        Rows whose key one of them has several times.
    """

    both: tuple[_Numbers, _Numbers]
    only: tuple[_Numbers, _Numbers]
    repeated: tuple[_Numbers, _Numbers]


def match(one: pa.Table, two: pa.Table) -> Match:
    """Match rows by key.

    Parameters
    ----------
    one, two : pyarrow.Table
        The columns of the key only.
    """
    codes = _codes(one, two)
    top = max((int(found.max()) + 1 for found in codes if len(found)), default=0)
    counts = [np.bincount(found, minlength=top) for found in codes]
    twice = (counts[0] > 1) | (counts[1] > 1)
    places = [_places(found, top) for found in codes]
    shared = np.flatnonzero((places[0] >= 0) & (places[1] >= 0) & ~twice)
    alone = [
        np.flatnonzero(~twice[mine] & (theirs[mine] < 0)) for mine, theirs in zip(codes, places[::-1], strict=True)
    ]
    repeated = [np.flatnonzero(twice[mine]) for mine in codes]
    return Match((places[0][shared], places[1][shared]), (alone[0], alone[1]), (repeated[0], repeated[1]))


def _places(codes: _Numbers, top: int) -> _Numbers:
    found = np.full(top, -1, np.int64)
    found[codes] = np.arange(len(codes))
    return found


def surplus(one: pa.Table, two: pa.Table, columns: list[str]) -> tuple[pa.Table, pa.Table]:
    """Compare rows as wholes, as multisets.

    Parameters
    ----------
    one, two : pyarrow.Table
    columns : list of str
        Those that count.

    Returns
    -------
    more : pyarrow.Table
        Rows of the second that the first has less often.
    fewer : pyarrow.Table
        Rows of the first that the second has less often.
    """
    codes = _codes(one.select(columns), two.select(columns))
    top = max((int(found.max()) + 1 for found in codes if len(found)), default=0)
    counts = [np.bincount(found, minlength=top) for found in codes]
    beyond = [_occurrence(mine) >= theirs[mine] for mine, theirs in zip(codes, counts[::-1], strict=True)]
    return two.filter(pa.array(beyond[1])), one.filter(pa.array(beyond[0]))


def _occurrence(codes: _Numbers) -> _Numbers:
    """Say of each row how many equal ones stand before it."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(codes) else np.empty(0, int)
    found = np.empty(len(codes), np.int64)
    lengths = np.diff(np.append(starts, len(codes)))
    found[order] = np.arange(len(codes)) - np.repeat(starts, lengths)
    return found


def _codes(one: pa.Table, two: pa.Table) -> list[_Numbers]:
    """Give every row a number, equal rows the same."""
    split = one.num_rows
    codes = np.zeros(split + two.num_rows, np.int64)
    for mine, yours in zip(one.columns, two.columns, strict=True):
        numbers = _numbered(pa.chunked_array([*mine.chunks, *yours.chunks], mine.type))
        both = codes * (int(numbers.max(initial=0)) + 1) + numbers
        codes = np.unique(both, return_inverse=True)[1] if one.num_columns > 1 else both
    return [codes[:split], codes[split:]]


def _numbered(column: pa.ChunkedArray) -> _Numbers:
    if pa.types.is_nested(column.type):
        column = pa.chunked_array([pa.array(map(repr, column.to_pylist()), pa.string())])
    if pa.types.is_null(column.type):
        return np.zeros(len(column), np.int64)
    found = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(found, pa.ChunkedArray):
        found = pa.concat_arrays(found.chunks)
    encoded = found.dictionary_encode(null_encoding="encode")
    return np.asarray(encoded.indices).astype(np.int64)


def differs(one: pa.ChunkedArray, two: pa.ChunkedArray) -> _Numbers:
    """Say for each row whether two values differ; nulls are equal to nulls, and NaN to NaN."""
    try:
        found = pc.not_equal(one, two)
    except pa.ArrowNotImplementedError:  # lists and structs
        pairs = zip(one.to_pylist(), two.to_pylist(), strict=True)
        return np.array([repr(mine) != repr(yours) for mine, yours in pairs], bool)
    if pa.types.is_floating(one.type):
        found = pc.and_(found, pc.invert(pc.and_(pc.is_nan(one), pc.is_nan(two))))
    if one.null_count or two.null_count:
        found = pc.if_else(found.is_valid(), found, pc.not_equal(one.is_null(), two.is_null()))
    return np.asarray(found)
