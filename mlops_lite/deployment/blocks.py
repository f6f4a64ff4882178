"""Frames of pandas as they were at a call, kept by the arrays behind them: a frame of one row in a microsecond."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

__all__ = ["Blocks", "keeper"]


class Blocks(list[Any]):
    """A pandas frame as it was: its columns, then three entries a block; not its index.

    Copying a frame of one row costs as much as a small model; copying what its blocks hold a fifth of that. The entries
    of a block are where its columns stand (a placement of pandas, which never changes), what says its type, and what it
    held: bytes, for the bytes of a small array are copied in a quarter of the time that a copied array takes; an array
    of Arrow, which never changes; or a copy. All of it is one list: what waits to be written is looked at by the
    garbage collector too.
    """

    __slots__ = ()

    @property
    def columns(self) -> Any:
        """The columns."""
        return self[0]

    @property
    def look(self) -> tuple[Any, ...]:
        """What frames have in common whose blocks can be put behind each other."""
        return (*self[0].tolist(), *((w.as_array.tobytes(), _type(kind, held)) for w, kind, held in self._entries()))

    def blocks(self) -> list[tuple[list[int], Any]]:
        """Give each block: where its columns stand, and its values as pandas or Arrow holds them."""
        return [(where.as_array.tolist(), _values(len(where), kind, held)) for where, kind, held in self._entries()]

    def frame(self) -> Any:
        """Give the frame back."""
        import pandas as pd

        columns: dict[int, Any] = {}
        for where, kind, held in self._entries():
            values = _values(len(where), kind, held)
            if hasattr(values, "to_pylist"):
                values = pd.array(values.to_pylist(), dtype=kind.dtype)
            rows = values if values.ndim == 2 else [values]
            columns.update(zip(where.as_array.tolist(), rows, strict=True))
        frame = pd.DataFrame({place: columns[place] for place in sorted(columns)}, copy=True)
        frame.columns = self.columns
        return frame

    def _entries(self) -> Iterator[tuple[Any, Any, Any]]:
        rest = iter(self[1:])
        return zip(rest, rest, rest, strict=True)


def _type(kind: Any, held: Any) -> Any:
    if type(held) is bytes:
        return kind if isinstance(kind, np.dtype) else str(kind.dtype)
    return str(held.dtype if kind is None else held.type)


def _values(columns: int, kind: Any, held: Any) -> Any:
    """Give the values of a block again: with a row for each of its columns, where it can have several."""
    if not isinstance(held, bytes):
        return held
    if isinstance(kind, np.dtype):
        return np.frombuffer(held, kind).reshape(columns, -1)
    flat = np.frombuffer(held, kind._ndarray.dtype)
    return kind._from_backing_data(flat.reshape(columns, -1) if kind.ndim == 2 else flat)


def keeper() -> Callable[[Any], Any]:
    """Give the way to keep frames: by their blocks, or, where this pandas has none such, as a copy."""
    pandas = sys.modules["pandas"]
    try:
        keep = _by_blocks()
        frame = pandas.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"], "c": [1.5, 2.5], "d": pandas.Categorical([1, 2])})
        frame["e"] = pandas.Timestamp("2026-01-01")
        return keep if keep(frame).frame().equals(frame) else _copied
    except Exception:  # what is private may be gone tomorrow
        return _copied


def _copied(frame: Any) -> Any:
    return frame.copy()


def _by_blocks() -> Callable[[Any], Blocks]:
    import pandas as pd

    array = np.ndarray
    backed = (pd.arrays.DatetimeArray, pd.arrays.TimedeltaArray, pd.arrays.PeriodArray, pd.Categorical)
    text, times = type(pd.Series(["x"]).array), backed[0]

    def keep(frame: Any) -> Blocks:
        """Keep a frame; written out for what most frames hold, for each call of a function would cost as much."""
        manager = frame._mgr
        held = Blocks()
        add = held.append
        add(manager.axes[0])
        for block in manager.blocks:
            values = block.values
            add(block._mgr_locs)
            kind = type(values)
            if kind is text:  # first, for pandas keeps each column of text by itself
                add(values)
                add(values._pa_array)
            elif kind is array and not values.dtype.hasobject:
                add(values.dtype)
                add(values.tobytes())
            elif kind is times:
                add(values)
                add(values._ndarray.tobytes())
            else:
                held += other(values)
        return held

    def other(values: Any) -> tuple[Any, Any]:
        if isinstance(values, backed):
            return values, values._ndarray.tobytes()
        if hasattr(values, "_pa_array"):
            return values, values._pa_array
        return None, values.copy()

    return keep
