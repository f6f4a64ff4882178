"""Rows as points: columns of numbers, levels, and arrays in cells, side by side, on the scale of the reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlops_lite.errors import InvalidInputError
from mlops_lite.monitoring.examine import as_numpy

__all__ = ["Encoder"]


class Encoder:
    """Turns rows into points: learnt on the reference.

    Numbers are counted in standard deviations, what is missing as the mean; levels as 0 or 1 for each of the commonest
    20; arrays in cells as they are.

    Parameters
    ----------
    columns : sequence of str
    embed : mapping of str to callable
        For text, images and the like: from an array of values to a matrix.
    """

    def __init__(self, columns: Sequence[str], embed: Mapping[str, Callable[[Any], Any]] | None = None) -> None:
        self.columns = list(columns)
        self.embed = dict(embed or {})
        self._learnt: dict[str, Any] = {}

    def fit(self, block: Mapping[str, Any]) -> NDArray[np.float64]:
        """Learn the scales of the reference, and give its points."""
        for name in self.columns:
            values = self._raw(block, name)
            if values.ndim == 2 or values.dtype.kind == "f":
                spread = np.nanstd(values, axis=0)
                self._learnt[name] = (np.nanmean(values, axis=0), np.where(spread > 0, spread, 1.0))
            else:
                levels, counts = np.unique(values, return_counts=True)
                self._learnt[name] = levels[np.argsort(-counts, kind="stable")[:20]]
        return self.points(block)

    def points(self, block: Mapping[str, Any]) -> NDArray[np.float64]:
        """Give the points of other rows, of shape (n, d)."""
        return np.column_stack([self._scaled(self._raw(block, name), self._learnt[name]) for name in self.columns])

    def _scaled(self, values: NDArray[Any], learnt: Any) -> NDArray[np.float64]:
        if isinstance(learnt, tuple):
            return np.asarray(np.nan_to_num((values - learnt[0]) / learnt[1], nan=0.0, posinf=10.0, neginf=-10.0))
        return np.asarray(values[:, None] == learnt[None, :], dtype=np.float64)

    def _raw(self, block: Mapping[str, Any], name: str) -> NDArray[Any]:
        if name not in block:
            raise InvalidInputError(f"Column {name!r} is missing; it is tested together with others.")
        values = as_numpy(block[name])
        if name in self.embed:
            return np.asarray(self.embed[name](values), dtype=np.float64).reshape(len(values), -1)
        if values.dtype == object and len(values) and hasattr(values[0], "__len__") and not isinstance(values[0], str):
            return _stacked(name, values)
        if values.dtype.kind in "iuf":
            return values.astype(np.float64)
        return values.astype(str)


def _stacked(name: str, cells: NDArray[Any]) -> NDArray[np.float64]:
    """Put arrays in cells (of any depth: images are lists of rows) below each other."""
    rows = [np.asarray(_flat(each), dtype=np.float64) for each in cells]
    sizes = {len(row) for row in rows}
    if len(sizes) > 1:
        raise InvalidInputError(
            f"The cells of {name!r} have different sizes: {sorted(sizes)[:5]}.",
            remedy=f"Give a function that makes them equal: embed={{{name!r}: function}}.",
        )
    return np.stack(rows)


def _flat(cell: Any) -> list[Any]:
    if cell is None:
        return []
    if isinstance(cell, np.ndarray) and cell.dtype != object:
        return list(cell.ravel())
    return [value for part in cell for value in (_flat(part) if hasattr(part, "__len__") else [part])]
