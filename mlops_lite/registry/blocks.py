"""The blocks of a pandas frame: what its columns are and how they lie, told in a few microseconds.

pandas keeps columns of one type together in blocks, in a manager that is private. This is the one file that looks at
it. Where a version of pandas keeps them in another way, :data:`PRIVATE` is False and the public way is taken, which
says the same ten times as slowly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["PRIVATE", "Layout", "looker"]


class Layout:
    """Names, order and types of the columns of a frame.

    Parameters
    ----------
    frame : pandas.DataFrame
    """

    __slots__ = ("_columns", "_dtypes", "_places", "_types")

    def __init__(self, frame: pd.DataFrame) -> None:
        self._columns = frame.columns
        self._dtypes = tuple(frame.dtypes)
        self._types, self._places = _of_blocks(frame) if PRIVATE else ((), b"")

    def fits(self, frame: Any) -> bool:
        """Tell whether a frame has this layout."""
        if type(frame) is not pd.DataFrame:
            return False
        if not PRIVATE:
            return self.fits_publicly(frame)
        manager = frame._mgr
        columns = manager.axes[0]
        if columns is not self._columns and not columns.equals(self._columns):
            return False
        blocks = manager.blocks
        types = self._types
        if len(blocks) != len(types):
            return False
        for block, dtype in zip(blocks, types):  # noqa: B905 - of one length; strict costs
            if block.values.dtype is not dtype and block.values.dtype != dtype:
                return False
        return bool(manager.blknos.tobytes() == self._places)

    def fits_publicly(self, frame: pd.DataFrame) -> bool:
        """Tell the same by what pandas promises to everybody."""
        return frame.columns.equals(self._columns) and tuple(frame.dtypes) == self._dtypes


def _of_blocks(frame: Any) -> tuple[tuple[Any, ...], bytes]:
    manager = frame._mgr
    return tuple(block.values.dtype for block in manager.blocks), manager.blknos.tobytes()


def looker(frame: Any, place: int) -> Callable[[Any], bool]:
    """Make a function that tells, of frames with this layout, whether one column has a missing value.

    Parameters
    ----------
    frame : pandas.DataFrame
    place : int
        Which column.

    Returns
    -------
    callable
        ``(frame) -> bool``
    """
    if not PRIVATE:
        return lambda each: bool(each.iloc[:, place].isna().any())
    number = int(frame._mgr.blknos[place])
    values = frame._mgr.blocks[number].values
    look = _way(values)
    if values.ndim == 1 or len(values) == 1:  # the column has its block for itself
        return lambda each: look(each._mgr.blocks[number].values)
    return lambda each: look(each._mgr.blocks[number].values[each._mgr.blklocs[place]])


def _way(values: Any) -> Callable[[Any], bool]:
    """Choose the cheapest way to look for a missing value in arrays of one type."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "fc":
        return _has_nan
    if isinstance(values, pd.Categorical):
        return lambda each: bool(len(each) and each.codes.min() < 0)
    if hasattr(type(values), "_hasna"):
        return lambda each: bool(each._hasna)
    return lambda each: bool(pd.isna(each).any())


def _has_nan(values: Any) -> bool:
    """Look by the sum, which is NaN where a value is; infinities of both signs make it so too: then look closer."""
    total = values.sum()
    return bool(total != total and np.isnan(values).any())


def _is_as_known() -> bool:
    """Try the private way on a frame that has every kind of block."""
    try:
        made = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5], "c": pd.Categorical(["x", "y"]), "d": [3, 4]})
        manager = made._mgr
        dtypes = [manager.blocks[number].values.dtype for number in manager.blknos]
        return manager.axes[0] is made.columns and dtypes == list(made.dtypes)
    except (AttributeError, TypeError, IndexError):
        return False


PRIVATE = _is_as_known()
