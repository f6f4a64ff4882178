"""Many runs as columns: what segments hold, and what filters and frames read.

Besides the columns that every run has there is one for each parameter, metric and tag and each type of its values:
``params.depth#i``. So ``depth=1`` and ``depth="a"`` live side by side, and any reader of Parquet can use the file. The
column ``body`` holds each summary whole.

======= =====================================
``#b``  true or false
``#i``  integers
``#f``  floats
``#t``  text, and refs as text
``#j``  everything else, as canonical JSON
======= =====================================
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mlops_lite.base import canonical
from mlops_lite.store.run_state import State, apply_edits

__all__ = ["FIELDS", "GROUPS", "Column", "Entry", "encode", "names", "read_column"]

_TIME = pa.timestamp("us", tz="UTC")
FIELDS = pa.schema(
    [
        ("id", pa.string()),
        ("rev", pa.int32()),
        ("digest", pa.string()),
        ("name", pa.string()),
        ("experiment", pa.string()),
        ("status", pa.string()),
        ("started_at", _TIME),
        ("ended_at", _TIME),
        ("duration", pa.float64()),
        ("author", pa.string()),
        ("host", pa.string()),
        ("seed", pa.int64()),
        ("parent", pa.string()),
        ("key", pa.string()),
        ("deleted", pa.bool_()),
        ("objects", pa.list_(pa.string())),
        ("body", pa.binary()),
    ]
)
GROUPS = ("params", "metrics", "tags")
_TYPES = {"b": pa.bool_(), "i": pa.int64(), "f": pa.float64(), "t": pa.string(), "j": pa.string()}
_MOST_COLUMNS = 1_000  # rarer names are found in the bodies
_LARGEST = 1 << 63


@attrs.frozen
class Entry:
    """One revision of a summary, as it is named on disk."""

    revision: int
    digest: str
    state: State


def encode(entries: Iterable[Entry]) -> pa.Table:
    """Put summaries into columns.

    Parameters
    ----------
    entries : iterable of Entry

    Returns
    -------
    pyarrow.Table
    """
    rows = list(entries)
    fixed: list[dict[str, Any]] = []
    wide: dict[str, dict[int, Any]] = {}
    for index, entry in enumerate(rows):
        seen = apply_edits(entry.state)
        fixed.append(_fixed(entry, seen))
        for column, value in _typed(seen):
            wide.setdefault(column, {})[index] = value
    table = pa.Table.from_pylist(fixed, schema=FIELDS)
    kept = sorted(sorted(wide, key=lambda name: -len(wide[name]))[:_MOST_COLUMNS])
    for column in kept:
        values: list[Any] = [None] * len(rows)
        for index, value in wide[column].items():
            values[index] = value
        table = table.append_column(column, pa.array(values, _TYPES[column[-1]]))
    return table


def _fixed(entry: Entry, seen: State) -> dict[str, Any]:
    started, ended = seen.get("started"), seen.get("ended")
    process = seen.get("facts", {}).get("process", {})
    both = isinstance(started, datetime) and isinstance(ended, datetime)
    return {
        "id": seen["id"],
        "rev": entry.revision,
        "digest": entry.digest,
        "name": _utf8(seen.get("name")),
        "experiment": _utf8(seen.get("experiment")),
        "status": seen.get("status"),
        "started_at": started,
        "ended_at": ended,
        "duration": (ended - started).total_seconds() if both else None,  # type: ignore[operator]
        "author": _utf8(process.get("user")),
        "host": _utf8(process.get("host")),
        "seed": _small(seen.get("facts", {}).get("seed", {}).get("seed")),
        "parent": seen.get("parent"),
        "key": seen.get("facts", {}).get("cache", {}).get("key"),
        "deleted": bool(seen.get("deleted")),
        "objects": seen.get("objects", []),
        "body": canonical.encode(entry.state),
    }


def _small(value: Any) -> int | None:
    return value if isinstance(value, int) and -_LARGEST <= value < _LARGEST else None


def _utf8(text: Any) -> str | None:
    """Spell out what UTF-8 cannot hold: one odd name must not hide all other runs."""
    if text is None or (isinstance(text, str) and text.isascii()):
        return text
    return str(text).encode("utf-8", "backslashreplace").decode()


def _typed(seen: State) -> Iterable[tuple[str, Any]]:
    for name, value in flat(seen.get("params", {})).items():
        yield from _cell(f"params.{name}", value)
    for name, found in seen.get("metrics", {}).items():
        yield from _cell(f"metrics.{name}", found["last"])
    for name, value in flat(seen.get("tags", {})).items():
        yield from _cell(f"tags.{name}", value)


def _cell(name: str, value: Any) -> Iterable[tuple[str, Any]]:
    name = _utf8(name) or ""
    if isinstance(value, bool):
        yield f"{name}#b", value
    elif isinstance(value, int) and -_LARGEST <= value < _LARGEST:
        yield f"{name}#i", value
    elif isinstance(value, float):
        yield f"{name}#f", value
    elif isinstance(value, str):
        yield f"{name}#t", _utf8(value)
    elif isinstance(value, Mapping) and "$ref" in value:
        yield f"{name}#t", _utf8(value["$ref"])
    elif value is not None:
        yield f"{name}#j", canonical.encode(value).decode()


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Spread dicts in dicts over dotted names.

    Examples
    --------
    >>> flat({"depth": 3, "net": {"width": 8}})
    {'depth': 3, 'net.width': 8}
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and value and not any(key.startswith("$") for key in value):
            found.update((f"{name}.{inner}", item) for inner, item in flat(value).items())
        else:
            found[name] = value
    return found


def names(columns: Iterable[str], group: str) -> list[str]:
    """List the names of a group that columns are there for.

    Examples
    --------
    >>> names(["id", "params.depth#i", "params.depth#t", "metrics.auc#f"], "params")
    ['depth']
    """
    prefix = group + "."
    return sorted({column[len(prefix) : -2] for column in columns if column.startswith(prefix) and column[-2] == "#"})


@attrs.frozen(eq=False)
class Column:
    """One parameter, metric or field of many runs, ready to be compared.

    Parameters
    ----------
    numbers : ndarray of float64
        NaN where there is no number.
    is_number : ndarray of bool
    texts : ndarray of object
        None where there is no text.
    is_text : ndarray of bool
    present : ndarray of bool
    """

    numbers: NDArray[np.float64]
    is_number: NDArray[np.bool_]
    texts: NDArray[np.object_]
    is_text: NDArray[np.bool_]
    present: NDArray[np.bool_]


def read_column(table: pa.Table, name: str) -> Column:
    """Read a column whose values may be of several types.

    Parameters
    ----------
    table : pyarrow.Table
    name : str
        With its group, without the type, such as ``params.depth``; or a field.
    """
    count = len(table)
    numbers, is_number = np.full(count, np.nan), np.zeros(count, bool)
    texts, is_text = np.full(count, None, object), np.zeros(count, bool)
    present = np.zeros(count, bool)
    for values in _typed_columns(table, name):
        valid = values.is_valid().to_numpy(zero_copy_only=False)
        present |= valid
        kind = values.type
        if pa.types.is_string(kind):
            texts[valid] = values.drop_null().to_numpy(zero_copy_only=False)
            is_text |= valid
        elif pa.types.is_timestamp(kind):
            numbers[valid] = pc.cast(values.drop_null(), pa.int64()).to_numpy() / 1e6
            is_number |= valid
        elif pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind):
            numbers[valid] = values.drop_null().to_numpy(zero_copy_only=False)
            is_number |= valid
    return Column(numbers, is_number, texts, is_text, present)


def _typed_columns(table: pa.Table, name: str) -> Sequence[pa.Array]:
    wanted = [name, *(f"{name}#{kind}" for kind in _TYPES)]
    found = [table.column(column) for column in wanted if column in table.column_names]
    return [column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column for column in found]
