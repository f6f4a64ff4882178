"""Holding pandas frames against a signature, fast: by the blocks in which a frame keeps its columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from mlops_lite.registry import blocks
from mlops_lite.registry.check_table import null
from mlops_lite.registry.signature import Mismatch, Signature, mismatched

__all__ = ["checker", "frame_of"]

_MOST_LAYOUTS = 8


def checker(signature: Signature, slowly: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Make the function that checks frames: layouts that were found right are recognised."""
    assert signature.schema is not None
    strict = frozenset(column.name for column in signature.schema if not column.nullable)
    layouts: list[tuple[blocks.Layout, tuple[_Look, ...]]] = []

    def check(X: Any) -> Any:
        for layout, looks in layouts:
            if layout.fits(X):
                missing = [null(name) for name, look in looks if look(X)]
                if missing:
                    raise mismatched(missing)
                return X
        return judged(X)

    def judged(X: Any) -> Any:
        if isinstance(X, pd.DataFrame) and not X.columns.is_unique:
            twice = sorted(set(map(str, X.columns[X.columns.duplicated()])))
            raise mismatched([Mismatch(name, "duplicate", f"{name!r} is there twice") for name in twice])
        checked = slowly(X)
        # an object column may hold anything: its layout says nothing of the next frame
        if (
            checked is X
            and type(X) is pd.DataFrame
            and not any(pd.api.types.is_object_dtype(dtype) for dtype in X.dtypes)
        ):
            layouts.insert(0, (blocks.Layout(X), _looks(X, strict)))
            del layouts[_MOST_LAYOUTS:]
        return checked

    return check


_Look = tuple[str, Callable[[Any], bool]]


def _looks(X: Any, strict: frozenset[str]) -> tuple[_Look, ...]:
    """Make the functions that look for missing values in frames of one layout: of columns where none may be."""
    return tuple(
        (str(label), blocks.looker(X, place))
        for place, (label, dtype) in enumerate(X.dtypes.items())
        if str(label) in strict and not _is_never_missing(dtype)
    )


def _is_never_missing(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind in "biu"


def frame_of(X: Any, columns: dict[str, Any], changed: set[str], signature: Signature) -> Any:
    """Make the frame that the model takes.

    Parameters
    ----------
    X : table
        What was given.
    columns : dict of pyarrow.ChunkedArray
        What the model takes, in order.
    changed : set of str
        Those that have another type than in X.
    signature : Signature
    """
    given = {str(label): label for label in X.columns} if isinstance(X, pd.DataFrame) else {}
    index = X.index if given else None
    series = {}
    for name, values in columns.items():
        if name in given and name not in changed:
            series[given[name]] = X[given[name]]
            continue
        made = values.to_pandas()
        made.index = index if index is not None else made.index
        series[given.get(name, name)] = _typed(made, signature, name)
    return pd.DataFrame(series, index=index)


def _typed(series: Any, signature: Signature, name: str) -> Any:
    assert signature.schema is not None
    column, text = signature.schema[name], signature.dtypes.get(name)
    if column.kind == "category" and column.levels is not None:
        return series.astype(pd.CategoricalDtype(list(column.levels), column.ordered))
    return series.astype(text) if text and text != str(series.dtype) else series
