"""Columns of Python objects: stored where every object comes back as it was, refused where it would not."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from mlops_lite.frames import _layout

__all__ = ["to_column", "to_numpy"]

# what a missing value can be: its code beside the column, and the object that it stands for
_NONE, _NAN, _NA, _NAT = range(1, 5)

_PLAIN: dict[type, pa.DataType] = {
    str: pa.large_string(),
    bytes: pa.large_binary(),
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    datetime.date: pa.date32(),
}
_COMPARED = (decimal.Decimal, list, dict, datetime.time, datetime.datetime, datetime.timedelta)


def to_column(name: object, values: np.ndarray[Any, Any]) -> tuple[pa.Array, dict[str, Any]]:
    """Turn objects into a column.

    Parameters
    ----------
    name : object
        For the message.
    values : ndarray of object

    Returns
    -------
    pyarrow.Array
    dict
        ``missing`` says which object a null stands for: one code, or a code for each null where they differ.

    Raises
    ------
    InvalidTypeError
        They are of several types, or of one that cannot be held faithfully.
    """
    noted: dict[str, Any] = {}
    codes = _missing(values)
    if codes.any():
        noted["missing"] = _compact(codes)
        values = values.copy()
        values[codes > 0] = None
    present = set(map(type, values)) - {type(None)}
    if len(present) > 1:
        listed = ", ".join(sorted(kind.__name__ for kind in present))
        raise _layout.refusal(name, f"it mixes objects of the types {listed}", "Convert it to one type.")
    kind = next(iter(present), None)
    if kind is not None and issubclass(kind, np.generic) and np.dtype(kind).kind in "biuf":
        noted["scalar"] = np.dtype(kind).str
        return pa.array([None if value is None else value.item() for value in values]).cast(_arrow_type(kind)), noted
    return _encode(name, values, kind), noted


def _arrow_type(kind: type) -> pa.DataType:
    return pa.from_numpy_dtype(np.dtype(kind))


def _missing(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Say for each value what kind of missing it is: 0 for none. NaN among floats alone is a value."""
    import pandas as pd

    codes = np.zeros(len(values), np.int8)
    floats = set(map(type, values)) <= {float, type(None)}
    for place in np.flatnonzero(pd.isna(values)):
        value = values[place]
        if value is None:
            codes[place] = _NONE
        elif value is pd.NA:
            codes[place] = _NA
        elif value is pd.NaT:
            codes[place] = _NAT
        elif type(value) is float and not floats:
            codes[place] = _NAN
    return codes


def _compact(codes: np.ndarray[Any, Any]) -> Any:
    kinds = np.unique(codes[codes > 0])
    return int(kinds[0]) if len(kinds) == 1 else codes[codes > 0].tobytes()


def _encode(name: object, values: np.ndarray[Any, Any], kind: type | None) -> pa.Array:
    if kind is None:
        return pa.nulls(len(values), pa.large_string())
    plain = _PLAIN.get(kind)
    try:
        if plain is not None:
            return pa.array(values, plain, from_pandas=False)
        if kind in _COMPARED:
            column = pa.array(values.tolist())
            if _same(column.to_pylist(), values.tolist()):
                return column
            raise _layout.refusal(name, f"its {kind.__name__} objects would not come back as they are")
    except (pa.ArrowException, OverflowError, UnicodeEncodeError, ValueError, TypeError) as error:
        if hasattr(error, "kind"):
            raise
        raise _layout.refusal(name, str(error).rstrip(".")) from None
    raise _layout.refusal(name, f"it holds Python objects of the type {kind.__module__}.{kind.__qualname__}")


def _same(found: Any, given: Any) -> bool:
    """Compare with types: 1, 1.0 and True are three things, and a decimal's trailing zeros are part of it."""
    if type(found) is not type(given):
        return False
    if isinstance(given, list):
        return len(found) == len(given) and all(map(_same, found, given))
    if isinstance(given, dict):
        return list(found) == list(given) and all(_same(found[key], item) for key, item in given.items())
    if isinstance(given, decimal.Decimal):
        return bool(found.as_tuple() == given.as_tuple())
    if isinstance(given, datetime.datetime) and (found.tzinfo != given.tzinfo or found.fold != given.fold):
        return False
    return bool(found == given or (found != found and given != given))


def to_numpy(column: pa.ChunkedArray, noted: dict[str, Any]) -> np.ndarray[Any, Any]:
    """Turn a column back into the objects."""
    values = np.empty(len(column), object)
    values[:] = _fill(column.to_pylist())
    if "scalar" in noted:
        scalar = np.dtype(noted["scalar"]).type
        values[:] = [None if value is None else scalar(value) for value in values]
    missing = noted.get("missing")
    if missing is None or missing == _NONE:
        return values
    import pandas as pd

    objects = {_NONE: None, _NAN: np.nan, _NA: pd.NA, _NAT: pd.NaT}
    gone = np.flatnonzero(np.asarray(column.is_null()))
    codes: Iterable[int] = [missing] * len(gone) if isinstance(missing, int) else missing
    for place, code in zip(gone, codes, strict=True):
        values[place] = objects[code]
    return values


def _fill(items: list[Any]) -> Any:
    """Keep lists as cells: assigning a list of lists would make a second axis."""
    if not any(isinstance(item, list) for item in items):
        return items
    cells = np.empty(len(items), object)
    for place, item in enumerate(items):
        cells[place] = item
    return cells
