"""Numpy arrays as Arrow columns: one dimension as values, further ones as lists of fixed size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from mlops_lite.frames import _layout, _objects

__all__ = ["to_column", "to_numpy"]


def to_column(name: str, values: np.ndarray[Any, Any]) -> tuple[pa.Array, dict[str, Any]]:
    """Turn an array into a column, one row for each entry of its first axis.

    Parameters
    ----------
    name : str
        For the message.
    values : ndarray, at least one-dimensional

    Returns
    -------
    pyarrow.Array
    dict
        What :func:`to_numpy` needs.

    Raises
    ------
    InvalidTypeError
        Its dtype has no counterpart in Arrow.
    """
    noted: dict[str, Any] = {"dtype": values.dtype.str}
    if values.ndim > 1:
        noted["shape"] = list(values.shape[1:])
    flat = np.ascontiguousarray(values).reshape(-1) if values.ndim > 1 else values
    column = _column(name, flat, noted)
    if values.ndim > 1:
        size = int(np.prod(values.shape[1:]))
        column = pa.FixedSizeListArray.from_arrays(column, size) if size else _empty_lists(column.type, len(values))
    return column, noted


def _empty_lists(item: pa.DataType, count: int) -> pa.Array:
    return pa.FixedSizeListArray.from_buffers(pa.list_(item, 0), count, [None], children=[pa.array([], item)])


def _column(name: str, values: np.ndarray[Any, Any], noted: dict[str, Any]) -> pa.Array:
    dtype = values.dtype
    if dtype.kind in "biufMm" and dtype.isnative:
        if dtype.kind in "Mm" and np.datetime_data(dtype)[0] not in ("s", "ms", "us", "ns"):
            raise _layout.refusal(name, f"its dtype {dtype} has no counterpart", "values.astype('datetime64[us]')")
        if dtype.itemsize > 8:
            raise _layout.refusal(name, f"its dtype {dtype} differs from machine to machine", "values.astype(float)")
        return pa.array(values)
    if dtype.kind == "c" and dtype.itemsize <= 16 and dtype.isnative:
        parts = np.ascontiguousarray(values).view(np.float32 if dtype.itemsize == 8 else np.float64)
        return pa.FixedSizeListArray.from_arrays(pa.array(parts), 2)
    if dtype.kind == "U":
        return _text(name, values)
    if dtype.kind == "S":
        return pa.array(values.tolist(), pa.binary())
    if dtype.kind == "O":
        noted["dtype"] = "O"
        column, more = _objects.to_column(name, values)
        noted.update(more)
        return column
    raise _layout.refusal(name, f"its dtype {dtype} has no counterpart in Arrow", "Convert it with values.astype(…).")


def _text(name: str, values: np.ndarray[Any, Any]) -> pa.Array:
    try:
        return pa.array(values.tolist(), pa.large_string())
    except (UnicodeEncodeError, pa.ArrowException) as error:
        raise _layout.refusal(name, f"a text in it is not valid Unicode ({error})") from None


def to_numpy(column: pa.ChunkedArray, noted: dict[str, Any]) -> np.ndarray[Any, Any]:
    """Turn a column back into the array it was."""
    if noted["dtype"] == "O":
        flat: np.ndarray[Any, Any] = _objects.to_numpy(_flat(column, "shape" in noted), noted)
    else:
        dtype = np.dtype(noted["dtype"])
        flat = _values(_flat(column, "shape" in noted), dtype)
    return flat.reshape(len(column), *noted["shape"]) if "shape" in noted else flat


def _flat(column: pa.ChunkedArray, nested: bool) -> pa.ChunkedArray:
    if not nested:
        return column
    return pa.chunked_array([chunk.flatten() for chunk in column.chunks], column.type.value_type)


def _values(column: pa.ChunkedArray, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    if dtype.kind == "c":
        parts = [np.asarray(chunk.flatten()) for chunk in column.chunks] or [np.empty(0, dtype)]
        return np.concatenate(parts).view(dtype)
    if dtype.kind in "US":
        return np.array(column.to_pylist(), dtype)
    return writable(column.to_numpy(), dtype)


def writable(values: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Give an array of exactly this dtype that its owner may write into."""
    values = values.astype(dtype, copy=False)
    return values if values.flags.writeable else values.copy()
