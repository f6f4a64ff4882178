"""Inputs and outputs as they were at the call: the caller may write into his arrays a moment later."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["KEEPERS", "Blocks", "kept", "restored"]


class Blocks(list[Any]):
    """A pandas frame as it was: its columns, where each stands, and what its blocks held; not its index.

    Copying a frame of one row costs as much as a small model; copying the few arrays behind it a third of that. Blocks
    of pandas' own types (text, times, categories) stand in the list as themselves, for their type, and as what they
    held: an array that was copied, or one of Arrow, which never changes. All of it is one list: what waits to be
    written is looked at by the garbage collector too.
    """

    __slots__ = ()

    @property
    def columns(self) -> Any:
        """The columns."""
        return self[0]

    def blocks(self) -> list[tuple[Any, Any]]:
        """Give each block: the type that Arrow's values have in pandas (None for others), and the values."""
        held = iter(self[3:])
        found: list[tuple[Any, Any]] = []
        for one in held:
            if hasattr(one, "_pa_array"):
                found.append((one.dtype, next(held)))
            elif hasattr(one, "_from_backing_data"):
                found.append((None, one._from_backing_data(next(held))))
            else:
                found.append((None, one))
        return found

    def places(self) -> list[tuple[int, int]]:
        """Give, for each column, its block and its row in it."""
        import numpy as np

        numbers, rows = (np.frombuffer(one, dtype=np.intp).tolist() for one in self[1:3])
        return list(zip(numbers, rows, strict=True))

    def frame(self) -> Any:
        """Give the frame back."""
        import pandas as pd

        blocks = self.blocks()
        columns = [_column(*blocks[block], row) for block, row in self.places()]
        frame = pd.DataFrame(dict(enumerate(columns)), copy=False)
        frame.columns = self.columns
        return frame


def _column(dtype: Any, values: Any, row: int) -> Any:
    import pandas as pd

    if dtype is not None:
        return pd.Series(values.to_pylist(), dtype=dtype)
    return values[row] if values.ndim == 2 else values


def kept(value: Any) -> Any:
    """Keep a value as it is now, in a microsecond where it is small.

    Parameters
    ----------
    value : object
        Arrays and frames are copied, without the index; Arrow and polars tables never change; lists and dicts are
        copied one level deep, other things as :func:`copy.copy` does.

    Returns
    -------
    object
        For :func:`restored`.

    Examples
    --------
    >>> import numpy as np
    >>> row = np.zeros(2)
    >>> held = kept(row)
    >>> row[:] = 1
    >>> restored(held)
    array([0., 0.])
    """
    return KEEPERS.get(type(value), _slowly)(value)


def restored(held: Any) -> Any:
    """Give back what was kept."""
    return held.frame() if type(held) is Blocks else held


def _copied(value: Any) -> Any:
    return value.copy()


def _as_it_is(value: Any) -> Any:
    return value


def _slowly(value: Any) -> Any:
    """Find out how a type is kept, once a type."""
    keeper = _keeper(type(value))
    KEEPERS[type(value)] = keeper
    return keeper(value)


def _keeper(cls: type) -> Callable[[Any], Any]:
    home = cls.__module__.split(".")[0]
    if home in ("pyarrow", "polars"):
        return _as_it_is
    if home == "pandas" and cls.__name__ == "DataFrame":
        return _frames()
    if home in ("numpy", "pandas"):
        return _copied
    return copy.copy


def _frames() -> Callable[[Any], Any]:
    """Give the way to keep frames: by their blocks, or, where this pandas has none such, as a copy."""
    from numpy import ndarray

    arrow: set[type] = set()
    backed: set[type] = set()

    def keep(frame: Any) -> Blocks:
        manager = frame._mgr
        held = Blocks((manager.axes[0], manager.blknos.tobytes(), manager.blklocs.tobytes()))
        for block in manager.blocks:
            values = block.values
            if type(values) is ndarray:
                held.append(values.copy())
            elif type(values) in arrow:
                held.append(values)
                held.append(values._pa_array)
            elif type(values) in backed:
                held.append(values)
                held.append(values._ndarray.copy())
            else:
                held += other(values)
        return held

    def other(values: Any) -> tuple[Any, ...]:
        """Find out how values of a type are kept, once a type."""
        if hasattr(values, "_pa_array"):
            arrow.add(type(values))
            return values, values._pa_array
        if hasattr(values, "_ndarray") and hasattr(values, "_from_backing_data"):
            backed.add(type(values))
            return values, values._ndarray.copy()
        return (values.copy(),)

    try:
        frame = sys.modules["pandas"].DataFrame({"a": [1.0, 2.0], "b": ["x", "y"], "c": [1.5, 2.5]})
        return keep if keep(frame).frame().equals(frame) else _copied
    except Exception:  # what is private may be gone tomorrow
        return _copied


# type -> how it is kept; filled as types are met
KEEPERS: dict[type, Callable[[Any], Any]] = {
    type(None): _as_it_is,
    bool: _as_it_is,
    int: _as_it_is,
    float: _as_it_is,
    str: _as_it_is,
    bytes: _as_it_is,
    list: _copied,
    dict: _copied,
}
