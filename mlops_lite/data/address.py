"""The address of a column in a part: SHA-256 over its canonical content.

The content is what the values are, not how they lie in memory: offsets, chunks, padding, unused bits, bytes under
nulls and dictionaries do not count, and neither does the encoder of the file that holds them. Byte by byte it is
described in ``docs/reference/format-data.md``.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from mlops_lite.data import integers
from mlops_lite.errors import InvalidTypeError

__all__ = [
    "address",
    "content",
    "head",
    "is_integers",
    "joined",
    "letters",
    "numbers",
    "offset_type",
    "places",
    "plain",
    "plained",
    "size",
    "taken",
]

_BITS = np.dtype("u1")


def address(column: pa.Array) -> bytes:
    """Take the address of a column.

    Parameters
    ----------
    column : pyarrow.Array
        Of any type that :func:`plain` accepts.

    Returns
    -------
    bytes
        32 of them.

    Examples
    --------
    >>> one, two = pa.array([1, None, 3]), pa.array([0, 1, None, 3]).slice(1)
    >>> address(one) == address(two), address(one) == address(pa.array([1, 2, 3]))
    (True, False)
    """
    return taken(content(column))


def taken(pieces: Iterable[Any]) -> bytes:
    """Take the address of canonical content in pieces."""
    sink = hashlib.sha256()
    for piece in pieces:
        sink.update(piece)
    return sink.digest()


def size(column: pa.Array) -> int:
    """Count the bytes of a column's canonical content."""
    return sum(memoryview(piece).nbytes for piece in content(column))


@functools.lru_cache(maxsize=4096)
def plain(kind: pa.DataType) -> pa.DataType:
    """Say as what type a column is stored: dictionaries, views and run lengths are ways to lay values out.

    Parameters
    ----------
    kind : pyarrow.DataType

    Returns
    -------
    pyarrow.DataType

    Raises
    ------
    InvalidTypeError
        Parquet has no counterpart of it.
    """
    types = pa.types
    if types.is_dictionary(kind) or types.is_run_end_encoded(kind):
        return plain(kind.value_type)
    if types.is_large_string(kind) or str(kind) == "string_view":
        return pa.string() if str(kind) == "string_view" else kind
    if str(kind) == "binary_view":
        return pa.binary()
    if isinstance(kind, pa.BaseExtensionType):
        return plain(kind.storage_type)
    empty = types.is_fixed_size_binary(kind) and not kind.byte_width
    if empty or types.is_union(kind) or types.is_interval(kind) or "list_view" in str(kind):
        raise InvalidTypeError(f"Parquet has no counterpart of the type {kind}")
    if types.is_map(kind):
        return pa.map_(plain(kind.key_type), plain(kind.item_type))
    if types.is_fixed_size_list(kind):
        return pa.list_(kind.value_field.with_type(plain(kind.value_type)), kind.list_size)
    if types.is_large_list(kind):
        return pa.large_list(kind.value_field.with_type(plain(kind.value_type)))
    if types.is_list(kind):
        return pa.list_(kind.value_field.with_type(plain(kind.value_type)))
    if types.is_struct(kind):
        return pa.struct([field.with_type(plain(field.type)) for field in kind])
    return kind


def content(column: pa.Array) -> Iterator[Any]:
    """Give the canonical content of a column, in pieces of bytes or of what has a buffer."""
    yield head(column)
    if missing := column.null_count:
        if missing == len(column):
            return
        yield _validity(column)
        column = _without_nulls(column)
    yield from _values(column) if _width_of(column.type) else _others(column)


def head(column: pa.Array) -> bytes:
    """Say what follows: what the values are, how many there are, and how many of them are null."""
    return b"%s %d %d\n" % (_name(column.type), len(column), column.null_count)


def _without_nulls(column: pa.Array) -> pa.Array:
    """Put zeros in place of nulls where that is much faster than leaving them out."""
    if pa.types.is_boolean(column.type):
        return column.fill_null(False)
    if column.type in (pa.float32(), pa.float64()):
        return column.fill_null(0.0)
    return column.drop_null()


@functools.lru_cache(maxsize=4096)
def _name(kind: pa.DataType) -> bytes:
    """Name a type by what its values are: 32 and 64-bit offsets lay out the same texts, and items have many names."""
    types = pa.types
    if types.is_fixed_size_list(kind):
        return b"list[%d]" % kind.list_size
    if types.is_map(kind):
        return b"map"
    if types.is_list(kind) or types.is_large_list(kind):
        return b"list"
    if types.is_struct(kind):
        names = [field.name.encode() for field in kind]
        return b"struct %d " % len(names) + b" ".join(b"%d %s" % (len(name), name) for name in names)
    return str(kind).removeprefix("large_").encode()


@functools.lru_cache(maxsize=4096)
def _width_of(kind: pa.DataType) -> int:
    """Give the bytes of a value, 0 where they are not laid out one behind the other."""
    fixed = pa.types.is_primitive(kind) and not pa.types.is_boolean(kind)
    return int(kind.bit_width) // 8 if fixed or pa.types.is_decimal(kind) or pa.types.is_fixed_size_binary(kind) else 0


@functools.lru_cache(maxsize=4096)
def is_integers(kind: pa.DataType) -> bool:
    """Tell whether values are said as integers: those of times and small decimals are."""
    other = pa.types.is_floating(kind) or pa.types.is_fixed_size_binary(kind)
    return _width_of(kind) in (1, 2, 4, 8) and not other


def offset_type(kind: pa.DataType) -> str:
    """Give the type of the offsets between the pieces of text or bytes; empty for what is no such thing."""
    types = pa.types
    if types.is_string(kind) or types.is_binary(kind):
        return "<i4"
    return "<i8" if types.is_large_string(kind) or types.is_large_binary(kind) else ""


def places(column: pa.Array) -> np.ndarray[Any, Any]:
    """Give where each piece of text or bytes begins, and where the last one ends."""
    kind = offset_type(column.type)
    return np.frombuffer(column.buffers()[1], kind, len(column) + 1, column.offset * np.dtype(kind).itemsize)


def letters(column: pa.Array) -> memoryview:
    """Give the bytes of pieces, one behind the other; where there are none there may be no buffer."""
    ends = places(column)
    return memoryview(column.buffers()[2] or b"")[int(ends[0]) : int(ends[-1])]


def _validity(column: pa.Array) -> np.ndarray[Any, Any]:
    return _packed(column.buffers()[0], column.offset, len(column))


def _packed(buffer: pa.Buffer, offset: int, length: int) -> np.ndarray[Any, Any]:
    """Give bits from a place on, the first in the lowest bit of the first byte, zeros behind the last."""
    held: np.ndarray[Any, Any] = np.frombuffer(buffer, _BITS)[offset // 8 : (offset + length + 7) // 8]
    if shift := offset % 8:
        held = (held >> shift) | np.append(held[1:] << (8 - shift), _BITS.type(0))
        held = held[: (length + 7) // 8]
    if length % 8:
        held = held.copy()
        held[-1] &= (1 << length % 8) - 1
    return held


def _values(column: pa.Array) -> Iterator[Any]:
    if not len(column):
        return
    if is_integers(column.type):
        yield from integers.encoded(numbers(column))
    else:
        width = _width_of(column.type)
        start = column.offset * width
        yield memoryview(column.buffers()[1])[start : start + len(column) * width]


def numbers(column: pa.Array) -> np.ndarray[Any, Any]:
    """Give values that are said as integers, without copying."""
    width = _width_of(column.type)
    letter = "u" if pa.types.is_unsigned_integer(column.type) else "i"
    return np.frombuffer(column.buffers()[1], f"<{letter}{width}", len(column), column.offset * width)


def _others(column: pa.Array) -> Iterator[Any]:
    kind = column.type
    types = pa.types
    if types.is_boolean(kind):
        if len(column):
            yield _packed(column.buffers()[1], column.offset, len(column))
    elif offset_type(kind):
        if len(column):
            yield from integers.encoded(np.diff(places(column)))
            yield letters(column)
    elif types.is_fixed_size_list(kind):
        yield from content(column.flatten())
    elif types.is_list(kind) or types.is_large_list(kind) or types.is_map(kind):
        yield from _lists(column)
    elif types.is_struct(kind):
        for field in column.flatten():
            yield from content(field)
    elif not types.is_null(kind):
        yield from content(plained(column))


def _lists(column: pa.Array) -> Iterator[Any]:
    if not len(column):
        return
    wide = pa.types.is_large_list(column.type)
    ends = np.frombuffer(
        column.buffers()[1], "<i8" if wide else "<i4", len(column) + 1, column.offset * (8 if wide else 4)
    )
    yield from integers.encoded(np.diff(ends))
    first, last = int(ends[0]), int(ends[-1])
    for inner in (column.keys, column.items) if pa.types.is_map(column.type) else (column.values,):
        yield from content(inner.slice(first, last - first))


def plained(column: pa.Array) -> pa.Array:
    """Give a column in the type it is stored as."""
    kind = plain(column.type)
    if kind == column.type:
        return column
    if isinstance(column.type, pa.BaseExtensionType):
        return plained(column.storage)
    if pa.types.is_run_end_encoded(column.type):
        import pyarrow.compute as pc

        return plained(pc.run_end_decode(column))
    if pa.types.is_dictionary(column.type):
        return plained(column.dictionary_decode())  # a cast does not know dictionaries of intervals
    return column.cast(kind)


def joined(column: pa.ChunkedArray) -> pa.Array:
    """Give a chunked column as one array, in the type it is stored as; without copying where it is one."""
    chunks = [plained(chunk) for chunk in column.chunks]
    if len(chunks) == 1:
        return chunks[0]
    return pa.concat_arrays(chunks) if chunks else pa.array([], plain(column.type))
