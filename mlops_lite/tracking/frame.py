"""Runs as a frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from mlops_lite.base import canonical
from mlops_lite.store.run_listing import Listing
from mlops_lite.store.run_table import GROUPS, names
from mlops_lite.tracking.describe import restore

__all__ = ["frame"]

_FIELDS = ["id", "name", "experiment", "status", "started_at", "duration"]
_TYPES = "bifjt"


def frame(listing: Listing, rows: NDArray[np.int64]) -> pd.DataFrame:
    """Give one row a run.

    Parameters
    ----------
    listing : Listing
    rows : ndarray of int64

    Returns
    -------
    pandas.DataFrame
    """
    found = [f"{group}.{name}" for group in GROUPS for name in names(listing.columns, group)]
    stored = [f"{name}#{kind}" for name in found for kind in _TYPES if f"{name}#{kind}" in listing.columns]
    table = listing.table([*_FIELDS, *stored], rows)
    columns: dict[str, Any] = {field: table[field].to_pandas() for field in _FIELDS}
    for name in found:
        values = _values(table, name)
        if values is not None:
            columns[name] = values
    return pd.DataFrame(columns)


def _values(table: pa.Table, name: str) -> Any:
    """Put the types of one name together; None where none of these runs has it."""
    parts = [(kind, table[f"{name}#{kind}"]) for kind in _TYPES if f"{name}#{kind}" in table.column_names]
    parts = [(kind, column) for kind, column in parts if column.null_count < len(column)]
    if not parts:
        return None
    kinds = {kind for kind, _ in parts}
    if len(parts) == 1 and "j" not in kinds:
        return parts[0][1].to_pandas()
    if kinds == {"i", "f"}:
        return _numbers([column for _, column in parts], len(table))
    mixed = np.full(len(table), None, object)
    for kind, column in parts:
        valid = column.combine_chunks().is_valid().to_numpy(zero_copy_only=False)
        values = column.drop_null().to_pylist()
        mixed[valid] = _objects([restore(canonical.decode(value)) for value in values] if kind == "j" else values)
    return mixed


def _numbers(columns: list[Any], count: int) -> NDArray[np.float64]:
    numbers = np.full(count, np.nan)
    for column in columns:
        valid = column.combine_chunks().is_valid().to_numpy(zero_copy_only=False)
        numbers[valid] = column.drop_null().to_numpy()
    return numbers


def _objects(values: list[Any]) -> NDArray[np.object_]:
    """Keep lists as lists: numpy would make rows of them."""
    found = np.empty(len(values), object)
    for index, value in enumerate(values):
        found[index] = value
    return found
