"""Columns of pandas, of every dtype, as Arrow arrays and back, exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mlops_lite.errors import InvalidTypeError
from mlops_lite.frames import _cells, _labels, _layout

__all__ = ["to_column", "to_pandas"]


def to_column(name: object, values: Any) -> tuple[pa.Array | pa.ChunkedArray, dict[str, Any]]:
    """Turn an array of pandas into a column.

    Parameters
    ----------
    name : object
        For the message.
    values : ndarray or ExtensionArray

    Returns
    -------
    pyarrow.Array or pyarrow.ChunkedArray
    dict
        What :func:`to_pandas` needs.

    Raises
    ------
    InvalidTypeError
        It cannot be held faithfully.
    """
    if isinstance(values, np.ndarray):
        column, noted = _cells.to_column(str(name), values)
    else:
        writer = next((write for kind, write in _WRITERS if isinstance(values.dtype, kind)), None)
        if writer is None:
            raise _layout.refusal(name, f"its dtype {values.dtype} is not known", "Convert it with .astype(…).")
        try:
            column, noted = writer(name, values)
        except pa.ArrowException as error:
            raise _layout.refusal(name, str(error).rstrip(".")) from None
        except InvalidTypeError as error:
            raise _layout.refusal(name, error.message.rstrip("."), error.remedy or "Convert it.") from None
    _check_dtype(name, column, noted, values.dtype)
    return column, noted


def _check_dtype(name: object, column: Any, noted: dict[str, Any], dtype: Any) -> None:
    """Make sure that what is read back is of the very dtype that was given, whatever this version of pandas does."""
    if noted.get("dtype") == "O":
        return  # objects come back one by one, as such
    empty = column.slice(0, 0)
    found = to_pandas(pa.chunked_array([empty], empty.type) if isinstance(empty, pa.Array) else empty, noted).dtype
    if found != dtype or str(found) != str(dtype):
        raise _layout.refusal(name, f"its dtype {dtype} would come back as {found}")


def to_pandas(column: pa.ChunkedArray, noted: dict[str, Any]) -> Any:
    """Turn a column back into the array it was.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
    noted : dict

    Returns
    -------
    ndarray or ExtensionArray
    """
    reader = _READERS.get(noted.get("pandas", ""))
    if reader is not None:
        return reader(column, noted)
    return _cells.to_numpy(column, noted) if "dtype" in noted else column.to_pandas().array


def _write_text(name: object, values: Any) -> tuple[Any, dict[str, Any]]:
    dtype = values.dtype
    column = pa.array(values, from_pandas=True)
    noted = {"pandas": "text", "storage": dtype.storage, "missing": "NA" if dtype.na_value is pd.NA else "nan"}
    return column.cast(pa.large_string()), noted


def _read_text(column: pa.ChunkedArray, noted: dict[str, Any]) -> Any:
    dtype: Any = pd.StringDtype(noted["storage"])
    if noted["missing"] == "nan":
        dtype = pd.StringDtype(noted["storage"], na_value=np.nan)
    if noted["storage"] == "pyarrow":
        return dtype.__from_arrow__(column.cast(pa.large_string()))
    return dtype.construct_array_type()._from_sequence(column.to_pylist(), dtype=dtype)


def _write_category(name: object, values: Any) -> tuple[Any, dict[str, Any]]:
    dtype = values.dtype
    levels, described = to_column(name, np.asarray(dtype.categories) if _is_plain(dtype) else dtype.categories.array)
    levels = levels.combine_chunks() if isinstance(levels, pa.ChunkedArray) else levels
    codes = values.codes
    indices = pa.array(codes, mask=codes < 0) if (codes < 0).any() else pa.array(codes)
    noted = {
        "pandas": "category",
        "levels": [_shown(level) for level in dtype.categories],
        "categories": _to_bytes(levels),
        "described": described,
        "name": _labels.encode(dtype.categories.name),
        "range": isinstance(dtype.categories, pd.RangeIndex),
        "ordered": bool(dtype.ordered),
    }
    return pa.DictionaryArray.from_arrays(indices, levels, ordered=bool(dtype.ordered)), noted


def _is_plain(dtype: Any) -> bool:
    return isinstance(dtype.categories.dtype, np.dtype)


def _shown(level: Any) -> Any:
    if isinstance(level, np.generic):
        level = level.item()
    return level if isinstance(level, (str, bool, int, float)) else str(level)


def _to_bytes(array: pa.Array) -> bytes:
    sink = pa.BufferOutputStream()
    batch = pa.record_batch([array], names=["levels"])
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _of_bytes(data: bytes) -> pa.ChunkedArray:
    return pa.ipc.open_stream(data).read_all()["levels"]


def _read_category(column: pa.ChunkedArray, noted: dict[str, Any]) -> Any:
    stored = _of_bytes(noted["categories"])
    levels = to_pandas(stored, noted["described"])
    categories = pd.RangeIndex(0, len(levels)) if noted["range"] and _counts(levels) else pd.Index(levels)
    categories = pd.Index(categories, name=_labels.decode(noted["name"]), dtype=categories.dtype)
    dtype = pd.CategoricalDtype(categories, ordered=noted["ordered"])
    values = stored.combine_chunks() if isinstance(stored, pa.ChunkedArray) else stored
    codes = [_codes(chunk, values) for chunk in column.chunks] or [np.empty(0, np.int8)]
    return pd.Categorical.from_codes(np.concatenate(codes), dtype=dtype)


def merge_categories(one: dict[str, Any], two: dict[str, Any]) -> dict[str, Any]:
    """Put the categories of two columns together, those of the first first."""
    mine, yours = (_of_bytes(found["categories"]).combine_chunks() for found in (one, two))
    both = pa.concat_arrays([mine, yours.cast(mine.type)]).unique()
    shown = [*one["levels"], *(level for level in two["levels"] if level not in one["levels"])]
    return {**one, "categories": _to_bytes(both), "levels": shown, "range": one["range"] and len(both) == len(mine)}


def _counts(levels: Any) -> bool:
    return bool((np.asarray(levels) == np.arange(len(levels))).all())


def _codes(chunk: pa.Array, levels: pa.Array) -> np.ndarray[Any, Any]:
    """Find the place of each value among the levels: once for each value of a chunk's own dictionary."""
    import pyarrow.compute as pc

    if not pa.types.is_dictionary(chunk.type):
        chunk = chunk.dictionary_encode()
    if isinstance(chunk, pa.ChunkedArray):
        chunk = chunk.combine_chunks()
    own = chunk.dictionary if chunk.dictionary.type == levels.type else chunk.dictionary.cast(levels.type)
    if own.equals(levels):
        places: np.ndarray[Any, Any] = np.arange(len(levels))
    else:
        places = _places(own, levels) if pa.types.is_nested(levels.type) else pc.index_in(own, levels).to_numpy()
    places = np.append(places, -1).astype(np.min_scalar_type(-len(levels) - 1))
    codes = chunk.indices.fill_null(len(places) - 1) if chunk.indices.null_count else chunk.indices
    found: np.ndarray[Any, Any] = places[codes.to_numpy(zero_copy_only=False)]
    return found


def _places(own: pa.Array, levels: pa.Array) -> np.ndarray[Any, Any]:
    known = {repr(level): place for place, level in enumerate(levels.to_pylist())}
    return np.array([known[repr(level)] for level in own.to_pylist()], np.int64)


def _write_time(name: object, values: Any) -> tuple[Any, dict[str, Any]]:
    zone = _labels.zone_text(values.dtype.tz)
    unit = values.dtype.unit
    naive = values.tz_convert("UTC").tz_localize(None)
    column = pa.array(np.asarray(naive)).cast(pa.timestamp(unit, tz=_arrow_zone(zone)))
    return column, {"pandas": "time", "tz": zone, "unit": unit}


def _arrow_zone(zone: str) -> str:
    library, _, name = zone.partition(":")
    if library in ("zoneinfo", "pytz"):
        return name
    minutes = int(name) // (60_000_000 if library == "datetime" else 1)
    if library == "datetime" and int(name) % 60_000_000:
        return "UTC"  # no name for it; the instant is right, the zone is noted beside
    return "UTC" if not minutes else f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _read_time(column: pa.ChunkedArray, noted: dict[str, Any]) -> Any:
    naive = column.cast(pa.timestamp(noted["unit"])).to_numpy()
    values = pd.array(_cells.writable(naive, np.dtype(f"M8[{noted['unit']}]")))
    return values.tz_localize("UTC").tz_convert(_labels.zone(noted["tz"]))


def _write_masked(name: object, values: Any) -> tuple[Any, dict[str, Any]]:
    return pa.array(values), {"pandas": "masked", "type": str(values.dtype)}


def _read_masked(column: pa.ChunkedArray, noted: dict[str, Any]) -> Any:
    dtype: Any = pd.api.types.pandas_dtype(noted["type"])
    mask = _cells.writable(column.is_null().to_numpy(), np.dtype(bool))
    filled = column.fill_null(False if noted["type"] == "boolean" else 0) if column.null_count else column
    values = _cells.writable(filled.to_numpy(), dtype.numpy_dtype)
    return dtype.construct_array_type()(values, mask)


def _write_period(name: object, values: Any) -> tuple[Any, dict[str, Any]]:
    gone = np.asarray(values.isna())
    return pa.array(np.asarray(values.asi8), mask=gone), {
        "pandas": "period",
        "freq": values.dtype.name[len("period[") : -1],
    }


def _read_period(column: pa.ChunkedArray, noted: dict[str, Any]) -> Any:
    ordinals = column.fill_null(pd.NaT.value).to_numpy()
    return pd.arrays.PeriodArray(_cells.writable(ordinals, np.dtype("i8")), dtype=pd.PeriodDtype(noted["freq"]))


def _write_interval(name: object, values: Any) -> tuple[Any, dict[str, Any]]:
    gone = np.asarray(values.isna())
    left, described = to_column(name, values.left.array if not _numpy(values.left) else np.asarray(values.left))
    right, _ = to_column(name, values.right.array if not _numpy(values.right) else np.asarray(values.right))
    mask = pa.array(gone) if gone.any() else None
    column = pa.StructArray.from_arrays([left, right], names=["left", "right"], mask=mask)
    return column, {"pandas": "interval", "closed": values.closed, "described": described}


def _numpy(index: Any) -> bool:
    return isinstance(index.dtype, np.dtype)


def _read_interval(column: pa.ChunkedArray, noted: dict[str, Any]) -> Any:
    sides = []
    for side in ("left", "right"):
        chunks = [chunk.field(side) for chunk in column.chunks]
        kind = column.type.field(side).type
        sides.append(to_pandas(pa.chunked_array(chunks, kind), noted["described"]))
    left, right = (pd.Index(side, dtype=side.dtype) for side in sides)
    found: Any = pd.arrays.IntervalArray.from_arrays(left, right, closed=noted["closed"])
    if column.null_count:
        found[_cells.writable(column.is_null().to_numpy(), np.dtype(bool))] = np.nan
    return found


def _write_sparse(name: object, values: Any) -> tuple[Any, dict[str, Any]]:
    dense, described = to_column(name, values.to_dense())
    fill = _labels.encode(values.fill_value)
    return dense, {"pandas": "sparse", "fill": fill, "subtype": values.dtype.subtype.str, "described": described}


def _read_sparse(column: pa.ChunkedArray, noted: dict[str, Any]) -> Any:
    dtype = pd.SparseDtype(np.dtype(noted["subtype"]), _labels.decode(noted["fill"]))
    return pd.arrays.SparseArray(to_pandas(column, noted["described"]), dtype=dtype)


def _write_arrow(name: object, values: Any) -> tuple[Any, dict[str, Any]]:
    return pa.array(values), {"pandas": "arrow"}


def _read_arrow(column: pa.ChunkedArray, noted: dict[str, Any]) -> Any:
    return pd.arrays.ArrowExtensionArray(column)


_MASKED = (
    *(pd.Int8Dtype, pd.Int16Dtype, pd.Int32Dtype, pd.Int64Dtype),
    *(pd.UInt8Dtype, pd.UInt16Dtype, pd.UInt32Dtype, pd.UInt64Dtype),
    *(pd.Float32Dtype, pd.Float64Dtype, pd.BooleanDtype),
)
_WRITERS: tuple[tuple[Any, Any], ...] = (
    (pd.StringDtype, _write_text),
    (pd.CategoricalDtype, _write_category),
    (pd.DatetimeTZDtype, _write_time),
    (pd.PeriodDtype, _write_period),
    (pd.IntervalDtype, _write_interval),
    (pd.SparseDtype, _write_sparse),
    (pd.ArrowDtype, _write_arrow),
    (_MASKED, _write_masked),
)
_READERS: dict[str, Any] = {
    "text": _read_text,
    "category": _read_category,
    "time": _read_time,
    "masked": _read_masked,
    "period": _read_period,
    "interval": _read_interval,
    "sparse": _read_sparse,
    "arrow": _read_arrow,
}
