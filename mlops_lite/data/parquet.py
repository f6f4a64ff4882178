"""Parts as plain Parquet files: one file for a run of parts, one row group for each part."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mlops_lite.data import address

__all__ = ["encode", "encodings"]

_SAMPLE = 1024  # rows from which encodings are chosen
_REPEATED = 0.5  # a text of which fewer are distinct is worth a dictionary
_FEW = 0.1  # so is another value; then a dictionary is small beside what points at it
_DICTIONARY = "DICTIONARY"
_DICTIONARY_PAYS = 0.75  # of the bytes of floats, before they are compressed: finding what repeats takes time
_DICTIONARY_BYTES = 1 << 20  # beyond this Parquet gives a dictionary up
_SPLIT_SAMPLE = 4096  # rows from which it is judged how hard to compress
_SLOWER_PAYS = 0.9
_FAST_SUFFICES = 0.4  # of the bytes: zstd would leave a third fewer, and take half as long again to write and to read


def encode(parts: Sequence[pa.Table], memory: pa.Buffer | None = None) -> pa.Buffer:
    """Write parts of one schema into one file.

    Parameters
    ----------
    parts : sequence of pyarrow.Table
        Each becomes a row group; no dictionaries among the columns.
    memory : pyarrow.Buffer, optional
        Where to write it, if there is room: fresh memory may cost more than the encoding of what is put there.

    Returns
    -------
    pyarrow.Buffer
        A Parquet file, with a checksum in every page.
    """
    if memory is not None:
        fixed = pa.FixedSizeBufferWriter(memory)
        with contextlib.suppress(OSError):  # it does not fit
            _write(parts, fixed)
            return memory.slice(0, fixed.tell())
    sink = pa.BufferOutputStream()
    _write(parts, sink)
    return sink.getvalue()


def _write(parts: Sequence[pa.Table], sink: pa.NativeFile) -> None:
    with pq.ParquetWriter(
        sink,
        parts[0].schema,
        version="2.6",
        write_statistics=False,
        write_page_checksum=True,
        **encodings(max(parts, key=len)),  # what repeats shows in many rows
    ) as writer:
        for part in parts:
            writer.write_table(part, row_group_size=max(part.num_rows, 1))


def encodings(table: pa.Table) -> dict[str, Any]:
    """Choose an encoding and a compression for each column by its type and its values.

    Parameters
    ----------
    table : pyarrow.Table
        A part like those that are to be written.

    Returns
    -------
    dict
        Arguments of a ``ParquetWriter``.
    """
    chosen = {field.name: _chosen(table[field.name]) for field in table.schema if not _is_left_alone(field.type)}
    encoded = {name: one.encoding for name, one in chosen.items() if one.encoding != _DICTIONARY}
    return {
        "use_dictionary": [name for name, one in chosen.items() if one.encoding == _DICTIONARY] or False,
        "column_encoding": encoded or None,
        "compression": {path: chosen.get(path, _Chosen()).codec for path in _paths(table.schema)},
    }


@attrs.frozen
class _Chosen:
    encoding: str = "PLAIN"
    codec: str = "zstd"


def _chosen(column: pa.ChunkedArray) -> _Chosen:
    kind = column.type
    if _is_pieces(kind):
        return _of_pieces(column)
    if pa.types.is_floating(kind) and kind != pa.float16():
        return _of_floats(column)
    if pa.types.is_boolean(kind):
        return _Chosen(codec="lz4")
    if not pa.types.is_integer(kind) and _distinct(column) < _FEW:
        return _Chosen(_DICTIONARY, "lz4")
    if pa.types.is_integer(kind) or pa.types.is_temporal(kind):
        return _Chosen("DELTA_BINARY_PACKED", "none")  # has little left to compress
    return _Chosen()


def _of_pieces(column: pa.ChunkedArray) -> _Chosen:
    """Text that repeats is worth a dictionary; what even the fast codec makes small is written and read with that."""
    distinct = _distinct(column)
    if distinct < _REPEATED:
        return _Chosen(_DICTIONARY, "lz4" if distinct < _FEW else "zstd")
    letters = address.letters(address.joined(column.slice(0, _SPLIT_SAMPLE)))
    small = pa.Codec("lz4").compress(letters).size < _FAST_SUFFICES * len(letters)
    return _Chosen(codec="lz4") if small else _Chosen("DELTA_LENGTH_BYTE_ARRAY")


def _of_floats(column: pa.ChunkedArray) -> _Chosen:
    """Floats that repeat, such as prices, are worth a dictionary; the bytes of others are split by their places."""
    width = column.type.bit_width // 8
    if _distinct(column) < 1:
        count = len(column.unique())
        packed = count * width + len(column) * count.bit_length() // 8
        if packed < _DICTIONARY_PAYS * width * len(column) and count * width <= _DICTIONARY_BYTES:
            return _Chosen(_DICTIONARY, "lz4")  # zstd takes a tenth more off, at twice the time
    values = column.slice(0, _SPLIT_SAMPLE).drop_null().to_numpy()
    split = values.view(np.uint8).reshape(-1, width).T.tobytes()
    slow, fast = (pa.Codec(codec).compress(split).size for codec in ("zstd", "lz4"))
    return _Chosen("BYTE_STREAM_SPLIT", "zstd" if slow < _SLOWER_PAYS * fast else "lz4")


def _paths(schema: pa.Schema) -> list[str]:
    """Name the leaves of a schema as Parquet does; a column without fields inside is its own."""
    if not any(pa.types.is_nested(field.type) for field in schema):
        return list(schema.names)
    sink = pa.BufferOutputStream()
    pq.ParquetWriter(sink, schema).close()
    found = pq.ParquetFile(pa.BufferReader(sink.getvalue())).schema
    return [found.column(place).path for place in range(len(found))]


def _is_left_alone(kind: pa.DataType) -> bool:
    return bool(pa.types.is_nested(kind) or pa.types.is_null(kind))


def _is_pieces(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_string(kind) or types.is_large_string(kind) or types.is_binary(kind) or types.is_large_binary(kind)
    )


def _distinct(column: pa.ChunkedArray) -> float:
    sample = column.slice(0, _SAMPLE)
    return len(sample.unique()) / max(len(sample), 1)
