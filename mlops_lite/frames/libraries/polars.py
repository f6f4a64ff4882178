"""Polars frames."""

from __future__ import annotations

import sys
from typing import Any

from mlops_lite.errors import InvalidTypeError
from mlops_lite.frames import _layout

__all__ = ["from_arrow", "recognises", "to_arrow"]


def recognises(value: object) -> bool:
    """Tell whether a value is a polars frame."""
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(value, (polars.DataFrame, polars.LazyFrame))


def to_arrow(value: Any, whole: bool) -> Any:
    """Give the columns as polars hands them over; enumerations keep their levels in order."""
    import polars as pl

    if isinstance(value, pl.LazyFrame):
        raise InvalidTypeError("A lazy frame holds no data yet.", remedy="Compute it first: frame.collect().")
    for name, dtype in value.schema.items():
        if dtype == pl.Object:
            raise _layout.refusal(name, "it holds Python objects")
    table = _arrow(value)
    fields: dict[str, Any] = {name: _noted(dtype) for name, dtype in value.schema.items()}
    return _layout.attach(table, {"kind": "polars", "fields": fields})


def _arrow(frame: Any) -> Any:
    import pyarrow as pa

    try:
        return frame.to_arrow()
    except pa.ArrowInvalid:
        for column in frame.get_columns():
            try:
                column.to_arrow()
            except pa.ArrowInvalid:
                reason = f"its type {column.dtype} has no counterpart in Arrow"
                raise _layout.refusal(column.name, reason) from None
        raise


def _noted(dtype: Any) -> dict[str, Any]:
    import polars as pl

    if isinstance(dtype, pl.Enum):
        return {"polars": "enum", "levels": dtype.categories.to_list(), "ordered": True}
    if isinstance(dtype, pl.Categorical):
        return {"polars": "categorical"}
    return {"polars": str(dtype)}


def from_arrow(table: Any) -> Any:
    """Give a polars frame."""
    import polars as pl

    fields = _layout.read(table.schema).get("fields", {})
    table = table.replace_schema_metadata(None)
    frame = pl.DataFrame(pl.from_arrow(table))
    casts = {name: _dtype(noted) for name, noted in fields.items() if name in frame.columns}
    return frame.with_columns(pl.col(name).cast(dtype) for name, dtype in casts.items() if dtype is not None)


def _dtype(noted: dict[str, Any]) -> Any:
    import polars as pl

    if noted.get("polars") == "enum":
        return pl.Enum(noted["levels"])
    return pl.Categorical if noted.get("polars") == "categorical" else None
