"""The schema of an Arrow table, read from its types, its layout and its values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_lite.frames import _layout
from mlops_lite.frames.schema import Column, Schema

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["column_of", "describe", "has_missing"]


def describe(table: pa.Table) -> Schema:
    """Describe the columns of an Arrow table.

    Parameters
    ----------
    table : pyarrow.Table
        As :func:`mlops_lite.frames.to_arrow` gives it.

    Returns
    -------
    Schema
    """
    layout = _layout.read(table.schema)
    return Schema(
        tuple(
            column_of(field, layout, has_missing(column))
            for field, column in zip(table.schema, table.columns, strict=True)
        )
    )


def column_of(field: pa.Field, layout: dict[str, Any], missing: bool) -> Column:
    """Describe one column.

    Parameters
    ----------
    field : pyarrow.Field
    layout : dict
        What the table library noted: for a column its ``levels``, ``ordered`` and ``shape``.
    missing : bool
        Whether a value is missing.
    """
    noted = layout.get("fields", {}).get(field.name, {})
    levels = noted.get("levels")
    return Column(
        field.name,
        str(field.type),
        missing,
        tuple(levels) if levels is not None else None,
        bool(noted.get("ordered", getattr(field.type, "ordered", False))),
        tuple(noted["shape"]) if "shape" in noted else None,
    )


def has_missing(column: pa.ChunkedArray | pa.Array) -> bool:
    """Tell whether a column has a null, or NaN among floats."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.null_count:
        return True
    return pa.types.is_floating(column.type) and bool(pc.any(pc.is_nan(column)).as_py())
