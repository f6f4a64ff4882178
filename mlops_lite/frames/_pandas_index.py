"""The index of a pandas frame, of rows or of columns, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mlops_lite.errors import InvalidTypeError
from mlops_lite.frames import _labels, _layout, _pandas_columns

__all__ = ["columns_of", "columns_to", "names_of", "rows_of", "rows_to"]


def names_of(columns: pd.Index[Any]) -> list[str]:
    """Name the columns by text, each by its own.

    Examples
    --------
    >>> names_of(pd.Index(["age", 0, "0"], dtype=object))
    ['age', '0', "'0'"]
    """
    texts = [label if isinstance(label, str) else str(label) for label in columns]
    if len(set(texts)) == len(texts):
        return texts
    if not columns.is_unique:
        _layout.check_unique(texts)
    seen: set[str] = set()
    for place, label in enumerate(columns):  # 0 and "0" have one text
        while texts[place] in seen:
            texts[place] = repr(label) if texts[place] != repr(label) else texts[place] + "'"
        seen.add(texts[place])
    return texts


def rows_to(index: pd.Index[Any], taken: set[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Turn the index of rows into columns.

    Parameters
    ----------
    index : pandas.Index
    taken : set of str
        The names of the columns.

    Returns
    -------
    dict
        Name to Arrow array; empty for a range.
    dict
        What :func:`rows_of` needs.
    """
    if type(index) is pd.RangeIndex:
        return {}, {"range": [index.start, index.step], "name": _labels.encode(index.name)}
    many = isinstance(index, pd.MultiIndex)
    columns, described = {}, []
    for place, level in enumerate(_levels(index)):
        name = _free(level.name, place, taken)
        values = np.asarray(level) if isinstance(level.dtype, np.dtype) else level.array
        columns[name], noted = _pandas_columns.to_column(level.name if level.name is not None else "the index", values)
        freq = getattr(level, "freqstr", None) if not many and level.dtype.kind in "Mm" else None
        described.append({"column": name, "name": _labels.encode(level.name), "freq": freq, "noted": noted})
    return columns, {"multi": many, "levels": described}


def _levels(index: pd.Index[Any]) -> list[pd.Index[Any]]:
    """Give the values of each level, with its name; asked by place while a level is called 1, pandas gives that one."""
    nameless = index.set_names([None] * index.nlevels)
    return [nameless.get_level_values(place).rename(name) for place, name in enumerate(index.names)]


def _free(name: object, place: int, taken: set[str]) -> str:
    found = name if isinstance(name, str) and name not in taken else f"__index_level_{place}__"
    while found in taken:
        found += "_"
    taken.add(found)
    return found


def rows_of(table: pa.Table, found: dict[str, Any]) -> pd.Index[Any]:
    """Make the index of rows again."""
    if "range" in found:
        start, step = found["range"]
        return pd.RangeIndex(start, start + step * table.num_rows, step, name=_labels.decode(found["name"]))
    levels = [_level(table[level["column"]], level) for level in found["levels"]]
    if found["multi"]:
        return pd.MultiIndex.from_arrays(levels, names=[level.name for level in levels])
    return levels[0]


def _level(column: pa.ChunkedArray, found: dict[str, Any]) -> pd.Index[Any]:
    values = _pandas_columns.to_pandas(column, found["noted"])
    index: Any = pd.Index(values, name=_labels.decode(found["name"]), dtype=values.dtype, tupleize_cols=False)
    if found["freq"]:
        index.freq = found["freq"]
    return index  # type: ignore[no-any-return]


def columns_to(index: pd.Index[Any]) -> dict[str, Any]:
    """Describe the index of columns.

    Raises
    ------
    InvalidTypeError
        A label would not come back as it is.
    """
    found = _described(index)
    if not _same(columns_of(found), index):
        raise InvalidTypeError(
            f"The column labels ({type(index).__name__} of {index.dtype}) cannot be stored faithfully.",
            remedy="Name the columns by text: frame.columns = list(map(str, frame.columns)).",
        )
    return found


def _described(index: pd.Index[Any]) -> dict[str, Any]:
    if type(index) is pd.RangeIndex:
        return {"range": [index.start, index.stop, index.step], "name": _labels.encode(index.name)}
    names = [_labels.encode(name) for name in index.names]
    if isinstance(index, pd.MultiIndex):
        levels = [_described(level) for level in _levels(index)]
        return {"levels": levels, "names": names}
    if index.dtype == object:
        for label in index:
            try:
                _labels.encode(label)
            except InvalidTypeError:
                raise _layout.refusal(label, f"its label is a {type(label).__qualname__}", "Rename it.") from None
        return {"labels": [_labels.encode(label) for label in index], "names": names}
    values = np.asarray(index) if isinstance(index.dtype, np.dtype) else index.array
    column, noted = _pandas_columns.to_column("the column labels", values)
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    freq = getattr(index, "freqstr", None) if index.dtype.kind in "Mm" else None
    return {"values": _pandas_columns._to_bytes(column), "noted": noted, "names": names, "freq": freq}


def columns_of(found: dict[str, Any]) -> pd.Index[Any]:
    """Make the index of columns again."""
    if "range" in found:
        start, stop, step = found["range"]
        return pd.RangeIndex(start, stop, step, name=_labels.decode(found["name"]))
    names = [_labels.decode(name) for name in found["names"]]
    if "levels" in found:
        return pd.MultiIndex.from_arrays([columns_of(level) for level in found["levels"]], names=names)
    if "labels" in found:
        labels = np.empty(len(found["labels"]), object)
        for place, label in enumerate(found["labels"]):
            labels[place] = _labels.decode(label)
        return pd.Index(labels, dtype=object, name=names[0], tupleize_cols=False)
    column = _pandas_columns._of_bytes(found["values"])
    return _level(column, {**found, "name": found["names"][0]})


def _same(found: pd.Index[Any], given: pd.Index[Any]) -> bool:
    if type(found) is not type(given) or found.dtype != given.dtype or list(found.names) != list(given.names):
        return False
    if given.dtype != object or isinstance(given, pd.MultiIndex):
        return bool(found.equals(given))
    return all(type(mine) is type(yours) for mine, yours in zip(found, given, strict=True))
