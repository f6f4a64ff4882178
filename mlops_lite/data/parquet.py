"""Parts as plain Parquet files: one file for a run of parts, one row group for each part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["encode", "encodings"]

_SAMPLE = 1024  # rows from which encodings are chosen
_REPEATED = 0.5  # a text of which fewer are distinct is worth a dictionary
_FEW = 0.1  # so is a number
_PACKED = "DELTA_BINARY_PACKED"


def encode(parts: Sequence[pa.Table]) -> pa.Buffer:
    """Write parts of one schema into one file.

    Parameters
    ----------
    parts : sequence of pyarrow.Table
        Each becomes a row group; no dictionaries among the columns.

    Returns
    -------
    pyarrow.Buffer
        A Parquet file, with a checksum in every page.
    """
    schema = parts[0].schema
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink,
        schema,
        version="2.6",
        write_statistics=False,
        write_page_checksum=True,
        **encodings(parts[0]),
    ) as writer:
        for part in parts:
            writer.write_table(part, row_group_size=max(part.num_rows, 1))
    return sink.getvalue()


def encodings(table: pa.Table) -> dict[str, Any]:
    """Choose an encoding for each column by its type and its first values."""
    repeated: list[str] = []
    chosen: dict[str, str] = {}
    for field in table.schema:
        kind = field.type
        if pa.types.is_nested(kind) or pa.types.is_null(kind) or pa.types.is_boolean(kind):
            continue
        share = _distinct(table[field.name])
        if share < (_REPEATED if _is_pieces(kind) else _FEW) and not pa.types.is_integer(kind):
            repeated.append(field.name)
        elif _is_pieces(kind):
            chosen[field.name] = "DELTA_LENGTH_BYTE_ARRAY"
        elif pa.types.is_floating(kind) and kind != pa.float16():
            chosen[field.name] = "BYTE_STREAM_SPLIT"
        elif _is_counted(kind):
            chosen[field.name] = _PACKED
    # what is packed by its differences has little left to compress
    compression = {path: "none" if chosen.get(path) == _PACKED else "zstd" for path in _paths(table.schema)}
    return {"use_dictionary": repeated or False, "column_encoding": chosen or None, "compression": compression}


def _paths(schema: pa.Schema) -> list[str]:
    """Name the leaves of a schema as Parquet does; a column without fields inside is its own."""
    if not any(pa.types.is_nested(field.type) for field in schema):
        return list(schema.names)
    sink = pa.BufferOutputStream()
    pq.ParquetWriter(sink, schema).close()
    found = pq.ParquetFile(pa.BufferReader(sink.getvalue())).schema
    return [found.column(place).path for place in range(len(found))]


def _is_pieces(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_string(kind) or types.is_large_string(kind) or types.is_binary(kind) or types.is_large_binary(kind)
    )


def _is_counted(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_integer(kind) or types.is_temporal(kind))


def _distinct(column: pa.ChunkedArray) -> float:
    sample = column.slice(0, _SAMPLE)
    return len(sample.unique()) / max(len(sample), 1)
