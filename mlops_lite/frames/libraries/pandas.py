"""Pandas frames: dtypes, index, labels and attrs come back exactly, or the column that cannot is named."""

from __future__ import annotations

import sys
from typing import Any

from mlops_lite.errors import InvalidTypeError
from mlops_lite.frames import _layout

__all__ = ["from_arrow", "recognises", "to_arrow"]


def recognises(value: object) -> bool:
    """Tell whether a value is a pandas frame."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)


def to_arrow(value: Any, whole: bool) -> Any:
    """Turn a frame into columns; ``whole`` adds the index as further columns."""
    import pandas as pd
    import pyarrow as pa

    from mlops_lite.frames import _labels, _pandas_columns, _pandas_index

    if type(value) is not pd.DataFrame:
        raise InvalidTypeError(
            f"A {type(value).__qualname__} would come back as a plain frame.", remedy="Give pandas.DataFrame(value)."
        )
    names = _pandas_index.names_of(value.columns)
    columns, fields = {}, {}
    for place, name in enumerate(names):
        series = value.iloc[:, place]
        values = series.to_numpy(copy=False) if isinstance(series.dtype, _numpy_dtype()) else series.array
        columns[name], fields[name] = _pandas_columns.to_column(name, values)
    layout: dict[str, Any] = {"kind": "pandas", "fields": fields}
    if whole:
        rows, layout["index"] = _pandas_index.rows_to(value.index, set(names))
        columns |= rows
        layout["columns"] = _pandas_index.columns_to(value.columns)
        layout["names"] = names
        layout["attrs"] = _attributes(value.attrs, _labels.encode)
        if not value.flags.allows_duplicate_labels:
            layout["unique"] = True
    if not columns:
        raise InvalidTypeError("A frame without a column or an index holds nothing.", remedy="Give it a column first.")
    return _layout.attach(pa.table(columns), layout)


def _numpy_dtype() -> Any:
    import numpy as np

    return np.dtype


def _attributes(attributes: dict[Any, Any], encode: Any) -> Any:
    try:
        return encode(attributes)
    except InvalidTypeError as error:
        raise InvalidTypeError(
            f"frame.attrs cannot be stored: {error.message}", remedy="Keep plain data there."
        ) from None


def from_arrow(table: Any) -> Any:
    """Make the frame again; of a selection of columns the frame of those columns."""
    import pandas as pd

    from mlops_lite.frames import _labels, _pandas_index

    layout = _layout.read(table.schema)
    if layout.get("kind") != "pandas" or "index" not in layout:
        return table.replace_schema_metadata(None).to_pandas()
    known = {name: place for place, name in enumerate(layout["names"])}
    places = [known[name] for name in table.column_names if name in known]
    arrays = _arrays(table, [layout["names"][place] for place in places], layout["fields"])
    index = _pandas_index.rows_of(table, layout["index"])
    columns = _pandas_index.columns_of(layout["columns"])
    frame = pd.DataFrame({place: _as_such(array, index) for place, array in enumerate(arrays)}, index=index, copy=False)
    frame.columns = columns if places == list(range(len(columns))) else columns[places]
    frame.attrs = _labels.decode(layout["attrs"])
    return frame.set_flags(allows_duplicate_labels=False) if "unique" in layout else frame


def _as_such(array: Any, index: Any) -> Any:
    """Keep objects from being looked at: a frame would make times of them."""
    import pandas as pd

    return pd.Series(array, index, dtype=object, copy=False) if array.dtype == object else array


def _arrays(table: Any, names: list[str], fields: dict[str, Any]) -> list[Any]:
    from concurrent.futures import ThreadPoolExecutor

    from mlops_lite.frames._pandas_columns import to_pandas

    if table.nbytes < 1 << 20:
        return [to_pandas(table[name], fields[name]) for name in names]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda name: to_pandas(table[name], fields[name]), names))
