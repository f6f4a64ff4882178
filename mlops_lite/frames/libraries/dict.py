"""Dicts of arrays or lists."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from mlops_lite.errors import InvalidInputError, InvalidTypeError
from mlops_lite.frames import _layout

__all__ = ["from_arrow", "recognises", "to_arrow"]


def recognises(value: object) -> bool:
    """Tell whether a value is a dict whose values are arrays or lists."""
    return isinstance(value, Mapping) and len(value) > 0 and all(map(_is_column, value.values()))


def _is_column(value: object) -> bool:
    numpy = sys.modules.get("numpy")
    return isinstance(value, list) or (numpy is not None and isinstance(value, numpy.ndarray) and value.ndim > 0)


def to_arrow(value: Any, whole: bool) -> Any:
    """Put the arrows side by side."""
    import pyarrow as pa

    layout: dict[str, Any] = {"kind": "dict", "fields": {}}
    columns = {}
    for name, part in value.items():
        if not isinstance(name, str):
            raise InvalidTypeError(f"The key {name!r} names no column.", remedy="Name columns by text.")
        columns[name], layout["fields"][name] = _column(name, part)
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InvalidInputError(f"The columns are not of one length: {lengths}.")
    return _layout.attach(pa.table(columns), layout)


def _column(name: str, part: Any) -> tuple[Any, dict[str, Any]]:
    import numpy as np

    from mlops_lite.frames import _cells, _objects

    if isinstance(part, np.ndarray):
        return _cells.to_column(name, part)
    objects = np.empty(len(part), object)
    for place, item in enumerate(part):
        objects[place] = item
    column, noted = _objects.to_column(name, objects)
    return column, {"dtype": "O", "list": True, **noted}


def from_arrow(table: Any) -> Any:
    """Give a dict of arrays, and of lists where there were lists."""
    from mlops_lite.frames import _cells

    fields = _layout.read(table.schema).get("fields", {})
    found = {}
    for name in table.column_names:
        noted = fields.get(name, {})
        array = _cells.to_numpy(table[name], noted) if "dtype" in noted else table[name].to_numpy()
        found[name] = list(array) if noted.get("list") else array
    return found
