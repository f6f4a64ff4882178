"""What the columns of any library hold, as numbers or as counted levels."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Counted", "Family", "blank", "counted", "family", "numbers", "printable", "type_name"]

Family = Literal["numbers", "times", "levels", "other"]

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


def type_name(array: Any) -> str:
    """Give Arrow's text of the type of a numpy or Arrow array."""
    if isinstance(array, np.ndarray):
        import pyarrow as pa

        try:
            return "object" if array.dtype == object else str(pa.from_numpy_dtype(array.dtype))
        except pa.ArrowNotImplementedError:  # complex numbers, say
            return str(array.dtype)
    kind = array.type
    return str(kind.value_type if str(kind).startswith("dictionary") else kind)  # codes are a way to hold values


def family(array: Any) -> Family:
    """Say how an array is profiled: as numbers, as instants or durations, as levels, or not at all.

    Parameters
    ----------
    array : numpy array, pyarrow Array or ChunkedArray

    Examples
    --------
    >>> family(np.zeros(3)), family(np.array(["a"])), family(np.array([1], "datetime64[s]"))
    ('numbers', 'levels', 'times')
    """
    if isinstance(array, np.ndarray):
        if array.ndim > 1:
            return "other"
        kinds: dict[str, Family] = {"b": "levels", "i": "numbers", "u": "numbers", "f": "numbers", "O": "levels"}
        return kinds.get(array.dtype.kind) or {"M": "times", "m": "times", "U": "levels"}.get(array.dtype.kind, "other")  # type: ignore[return-value]
    return _arrow_family(array.type)


def _arrow_family(kind: Any) -> Family:
    from pyarrow import types

    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return "numbers"
    if types.is_temporal(kind):
        return "times"
    if types.is_dictionary(kind):
        return "levels"
    texts = (types.is_boolean, types.is_string, types.is_large_string, types.is_null)
    view = getattr(types, "is_string_view", lambda _: False)
    return "levels" if view(kind) or any(is_one(kind) for is_one in texts) else "other"


def numbers(array: Any) -> NDArray[Any]:
    """Give the values of a column as numbers, NaN where one is missing; instants and durations as seconds.

    Examples
    --------
    >>> numbers(np.array(["1970-01-02", "NaT"], "datetime64[D]")).tolist()
    [86400.0, nan]
    """
    if isinstance(array, np.ndarray):
        return _seconds(array) if array.dtype.kind in "mM" else array
    from pyarrow import types

    kind = array.type
    if types.is_temporal(kind):
        return _arrow_seconds(array)
    if types.is_decimal(kind) or types.is_boolean(kind):
        array = array.cast("float64")
    found: NDArray[Any] = array.to_numpy(zero_copy_only=False) if hasattr(array, "buffers") else array.to_numpy()
    return found


def _seconds(array: NDArray[Any]) -> NDArray[Any]:
    unit, step = np.datetime_data(array.dtype)
    if unit not in _SECONDS:
        array, unit, step = array.astype(f"{array.dtype.kind}8[s]"), "s", 1
    found: NDArray[Any] = array.view(np.int64) * (_SECONDS[unit] * step)
    found[np.isnat(array)] = np.nan
    return found


def _arrow_seconds(array: Any) -> NDArray[Any]:
    from pyarrow import types

    kind = array.type
    if types.is_date32(kind):
        whole, unit = array.cast("int32"), 86400.0
    elif types.is_date64(kind):
        whole, unit = array.cast("int64"), 1e-3
    else:
        whole, unit = array.cast("int32" if types.is_time32(kind) else "int64"), _SECONDS[kind.unit]
    found: NDArray[Any] = whole.to_numpy(zero_copy_only=False) if hasattr(whole, "buffers") else whole.to_numpy()
    return found * unit


Counted = tuple[dict[str, int], int, bool]


def counted(array: Any) -> Counted:
    """Count the levels of a column.

    Parameters
    ----------
    array : numpy array, pyarrow Array or ChunkedArray

    Returns
    -------
    counts : dict of str to int
        How often each level occurs, as text. Numbers that are whole lose their point: 1.0 is ``1``.
    missing : int
    mixed : bool
        Whether the column holds values of several types.

    Examples
    --------
    >>> counted(np.array(["a", "b", "a", None], dtype=object))
    ({'a': 2, 'b': 1}, 1, False)
    """
    import pyarrow as pa

    mixed = False
    if isinstance(array, np.ndarray):
        try:
            array = pa.array(array, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, UnicodeEncodeError, OverflowError):
            mixed = True
            array = pa.array([None if blank(value) else printable(value) for value in array.tolist()], pa.string())
    return (*_counted(array), mixed)


def _counted(array: Any) -> tuple[dict[str, int], int]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(array.type) and not isinstance(array, pa.ChunkedArray):
        return _counted_codes(array)
    if pa.types.is_dictionary(array.type):
        parts = [_counted_codes(chunk) for chunk in array.chunks]
        total: dict[str, int] = {}
        for part, _ in parts:
            for level, count in part.items():
                total[level] = total.get(level, 0) + count
        return total, sum(missing for _, missing in parts)
    pairs = pc.value_counts(array)
    return _as_text(pairs.field("values").to_pylist(), pairs.field("counts").to_pylist())


def _counted_codes(array: Any) -> tuple[dict[str, int], int]:
    codes = array.indices
    if codes.null_count:
        codes = codes.drop_null()
    counts = np.bincount(codes.to_numpy(zero_copy_only=False), minlength=len(array.dictionary))
    held = np.flatnonzero(counts)
    levels, missing = _as_text(array.dictionary.take(held).to_pylist(), counts[held].tolist())
    return levels, missing + array.indices.null_count


def _as_text(levels: list[Any], counts: list[int]) -> tuple[dict[str, int], int]:
    found: dict[str, int] = {}
    missing = 0
    for level, count in zip(levels, counts, strict=True):
        if blank(level):
            missing += count
        else:
            text = printable(level)
            found[text] = found.get(text, 0) + count
    return found, missing


def blank(value: object) -> bool:
    """Tell whether a value means that there is none: None, NaN, NaT, pandas.NA."""
    return value is None or value != value or type(value).__name__ in ("NAType", "NaTType")


def printable(value: Any) -> str:
    """Give the name of a level: whole numbers lose their point."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).encode("utf-8", "replace").decode()
