"""Arrow tables and record batches."""

from __future__ import annotations

import sys
from typing import Any

from mlops_lite.frames import _layout

__all__ = ["from_arrow", "recognises", "to_arrow"]

_PANDAS = b"pandas"  # what Arrow notes about the frame that a table came from


def recognises(value: object) -> bool:
    """Tell whether a value is an Arrow table or record batch."""
    arrow = sys.modules.get("pyarrow")
    return arrow is not None and isinstance(value, (arrow.Table, arrow.RecordBatch))


def to_arrow(value: Any, whole: bool) -> Any:
    """Give the table itself; a record batch comes back as one."""
    import pyarrow as pa

    table = value if isinstance(value, pa.Table) else pa.Table.from_batches([value])
    _layout.check_unique(table.column_names)
    if _layout.KEY in (table.schema.metadata or {}):
        return table  # of another library, on its way through Arrow
    layout: dict[str, Any] = {"kind": "arrow", "shape": "table" if table is value else "batch"}
    if not whole:
        return table
    for field, column in zip(table.schema, table.columns, strict=True):
        if not field.nullable and column.null_count:
            raise _layout.refusal(field.name, f"its field is not nullable, and {column.null_count:,} of its values are")
    metadata = dict(table.schema.metadata or {})
    if _PANDAS in metadata:
        layout["pandas_metadata"] = metadata.pop(_PANDAS)
    if metadata:
        layout["metadata"] = [[key, value] for key, value in sorted(metadata.items())]
    return _layout.attach(table.cast(_without_numbers(table.schema)), layout)


def _without_numbers(schema: Any) -> Any:
    """Leave out the field numbers that a Parquet reader notes: they are of the file, not of the table."""
    import pyarrow as pa

    fields = []
    for field in schema:
        noted = {key: value for key, value in (field.metadata or {}).items() if key != b"PARQUET:field_id"}
        fields.append(field.with_metadata(noted) if noted else field.remove_metadata())
    return pa.schema(fields, schema.metadata)


def from_arrow(table: Any) -> Any:
    """Give the table with the metadata that its author gave it."""
    layout = _layout.read(table.schema)
    if layout.get("kind") != "arrow":
        return table
    metadata = dict(layout.get("metadata", []))
    if "pandas_metadata" in layout:
        metadata[_PANDAS] = layout["pandas_metadata"]
    table = table.replace_schema_metadata(metadata or None)
    if layout["shape"] == "batch":
        return table.combine_chunks().to_batches()[0] if table.num_rows else _empty(table.schema)
    return table


def _empty(schema: Any) -> Any:
    import pyarrow as pa

    return pa.RecordBatch.from_pylist([], schema=schema)
