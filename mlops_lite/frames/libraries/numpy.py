"""Numpy arrays: one column for each of the second axis, or one column of arrays where there are more axes."""

from __future__ import annotations

import sys
from typing import Any

from mlops_lite.errors import InvalidInputError
from mlops_lite.frames import _layout

__all__ = ["from_arrow", "recognises", "to_arrow"]

_MOST_COLUMNS = 10_000  # a matrix that is wider is one column of rows


def recognises(value: object) -> bool:
    """Tell whether a value is a numpy array."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


def to_arrow(value: Any, whole: bool) -> Any:
    """Take the columns apart; fields of a structured array keep their names."""
    import numpy as np
    import pyarrow as pa

    from mlops_lite.frames._cells import to_column

    if type(value) is not np.ndarray:
        raise InvalidInputError(
            f"A {type(value).__name__} would come back as a plain array.", remedy="Give numpy.asarray(…)."
        )
    if value.ndim == 0:
        raise InvalidInputError("An array with no axis is no table.", remedy="Give it one: array.reshape(1).")
    layout: dict[str, Any] = {"kind": "numpy", "fields": {}}
    if value.dtype.names:
        layout["shape"], parts = "fields", {name: value[name] for name in value.dtype.names}
    elif value.ndim == 2 and 0 < value.shape[1] <= _MOST_COLUMNS:
        layout["shape"], parts = "matrix", {str(place): value[:, place] for place in range(value.shape[1])}
    else:
        layout["shape"], parts = "column", {"0": value}
    columns = {}
    for name, part in parts.items():
        columns[name], layout["fields"][name] = to_column(name, part)
    return _layout.attach(pa.table(columns), layout)


def from_arrow(table: Any) -> Any:
    """Give an array; of a selection of columns the array of those columns."""
    import numpy as np

    from mlops_lite.frames._cells import to_numpy

    layout = _layout.read(table.schema)
    if layout.get("kind") != "numpy":
        return np.column_stack([column.to_numpy() for column in table.columns])
    parts = {name: to_numpy(table[name], layout["fields"][name]) for name in table.column_names}
    if layout["shape"] == "fields":
        dtype = np.dtype([(name, part.dtype, part.shape[1:]) for name, part in parts.items()])
        found = np.empty(table.num_rows, dtype)
        for name, part in parts.items():
            found[name] = part
        return found
    return next(iter(parts.values())) if layout["shape"] == "column" else np.column_stack(list(parts.values()))
