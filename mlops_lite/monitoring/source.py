"""What a check is given, as blocks of columns: frames of every library, snapshots, streams of batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlops_lite import frames, workspace
from mlops_lite.base import progress
from mlops_lite.base.ref import HasRef, Ref
from mlops_lite.errors import InvalidInputError, InvalidTypeError

__all__ = ["Block", "blocks", "origin", "source"]

Block = Mapping[str, Any]


def source(data: Any, store: Any = None) -> Any:
    """Open what was named by a ref; give everything else back."""
    return workspace.open(data, store) if isinstance(data, str) else data


def origin(data: Any) -> Ref | None:
    """Say which version data is, or was loaded from; None where that is not known."""
    if isinstance(data, HasRef):
        return data.ref
    return workspace.origin(data)


def blocks(data: Any) -> Iterator[Block]:
    """Walk over data in blocks: name of a column → numpy or Arrow array.

    Parameters
    ----------
    data : table, snapshot, or iterator of tables

    Raises
    ------
    InvalidTypeError
        It is no table.
    InvalidInputError
        Two columns have one name.
    """
    kind = frames.kind(data)
    if kind == "pandas":
        yield _of_pandas(data)
    elif kind == "records":
        yield _of_records(data)
    elif kind is not None:
        yield _of_arrow(frames.to_arrow(data))
    elif hasattr(data, "to_batches") or hasattr(data, "__arrow_c_stream__"):
        yield from map(_of_arrow, progress.bar(frames.batches(data), description="check", unit=" batches"))
    elif hasattr(data, "__iter__") and not isinstance(data, (str, bytes)):
        for part in data:
            yield from blocks(part)
    else:
        raise InvalidTypeError(
            f"A {type(data).__name__} cannot be checked.",
            remedy="Give a pandas or polars frame, an Arrow table, a numpy array, a snapshot or an iterator of these.",
        )


def _of_arrow(table: Any) -> Block:
    return _unique(table.schema.names, table.columns)


def _of_pandas(frame: Any) -> Block:
    """Take columns as they lie in memory; only those of pandas' own kinds go through Arrow."""
    return _unique([str(name) for name in frame.columns], [_column(frame.iloc[:, i]) for i in range(frame.shape[1])])


def _of_records(rows: Any) -> Block:
    """Take the values as they are: what cannot be stored faithfully, such as a pandas.Timestamp, can be counted."""
    import numpy as np

    names = dict.fromkeys(name for row in rows for name in row)
    values = [np.fromiter((row.get(name) for row in rows), dtype=object, count=len(rows)) for name in names]
    return _unique([str(name) for name in names], [_objects(column) for column in values])


def _column(series: Any) -> Any:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    dtype = series.dtype
    if isinstance(dtype, np.dtype):
        return _objects(series.to_numpy()) if dtype.kind == "O" else series.to_numpy()
    if isinstance(dtype, pd.DatetimeTZDtype):
        return pa.array(series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(), pa.timestamp(dtype.unit, "UTC"))
    if isinstance(dtype, pd.CategoricalDtype):
        values = series.cat
        codes = pa.array(values.codes.to_numpy(), mask=(values.codes == -1).to_numpy())
        return pa.DictionaryArray.from_arrays(codes, _objects(values.categories.to_numpy()), safe=False)
    if isinstance(dtype, (pd.IntervalDtype, pd.PeriodDtype)):
        return pa.array(series.astype("string").array)
    return pa.array(series.array)


def _objects(values: Any) -> Any:
    """Let Arrow find the type of objects; leave them where they have several, for the check to say so."""
    import pyarrow as pa

    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, UnicodeEncodeError, OverflowError):
        return values


def _unique(names: list[str], columns: list[Any]) -> Block:
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise InvalidInputError(f"Two columns are named {twice[0]!r}.", remedy="Rename one of them.", columns=twice)
    return dict(zip(names, columns, strict=True))
