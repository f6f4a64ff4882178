"""Lists of dicts, one a row, all with the same keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_lite.errors import InvalidInputError
from mlops_lite.frames import _layout
from mlops_lite.frames.libraries import dict as columns

__all__ = ["from_arrow", "recognises", "to_arrow"]


def recognises(value: object) -> bool:
    """Tell whether a value is a list of dicts."""
    return isinstance(value, list) and len(value) > 0 and all(isinstance(row, Mapping) for row in value)


def to_arrow(value: Any, whole: bool) -> Any:
    """Turn rows into columns."""
    names = list(value[0])
    for number, row in enumerate(value):
        if row.keys() != value[0].keys():
            differing = sorted(map(str, row.keys() ^ value[0].keys()))
            raise InvalidInputError(
                f"Row {number} has other keys than row 0: {', '.join(differing)} in one of them only.",
                remedy="Give every row the same keys, with None where there is no value.",
            )
    table = columns.to_arrow({name: [row[name] for row in value] for name in names}, whole)
    return _layout.attach(table, _layout.read(table.schema) | {"kind": "records"})


def from_arrow(table: Any) -> Any:
    """Turn columns into rows."""
    if _layout.read(table.schema).get("kind") != "records":
        return table.to_pylist()
    found = columns.from_arrow(table)
    return [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]
