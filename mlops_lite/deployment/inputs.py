"""Inputs and outputs as they were at the call: the caller may write into his arrays a moment later."""

from __future__ import annotations

import copy
import operator
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["Blocks", "is_arrow", "kept", "restored"]


class Blocks(tuple[Any, list[tuple[Any, Any, Any]]]):
    """A pandas frame as it was: its columns, and a copy of each of its blocks. The index is not kept.

    Copying a frame of one row costs as much as a small model; copying the few arrays behind it a tenth of that.
    A block is its places among the columns, its values (which tell their type), and what was kept of them: text that
    Arrow holds never changes, other values were copied.
    """

    __slots__ = ()

    @property
    def columns(self) -> Any:
        """The columns."""
        return self[0]

    @property
    def blocks(self) -> list[tuple[Any, Any, Any]]:
        """Places, values, and what was kept of them."""
        return self[1]

    def frame(self) -> Any:
        """Give the frame back."""
        import pandas as pd

        by_place: dict[int, Any] = {}
        for places, values, held in self.blocks:
            for row, place in enumerate(places.as_array):
                by_place[int(place)] = _column(values, held, row)
        frame = pd.DataFrame({place: by_place[place] for place in sorted(by_place)}, copy=False)
        frame.columns = self.columns
        return frame


def is_arrow(values: Any) -> bool:
    """Tell whether Arrow holds the values of a block."""
    return hasattr(values, "_pa_array")


def _column(values: Any, held: Any, row: int) -> Any:
    import pandas as pd

    if is_arrow(values):
        return pd.Series(held.to_pylist(), dtype=values.dtype)
    return held[row] if held.ndim == 2 else held


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
    return _KEEPERS.get(type(value), _slowly)(value)


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
    _KEEPERS[type(value)] = keeper
    return keeper(value)


def _keeper(cls: type) -> Callable[[Any], Any]:
    home = cls.__module__.split(".")[0]
    if home in ("pyarrow", "polars"):
        return _as_it_is
    if home == "pandas" and cls.__name__ == "DataFrame" and _has_blocks():
        return _blocks
    if home in ("numpy", "pandas"):
        return _copied
    return copy.copy


def _has_blocks() -> bool:
    """Look whether this pandas keeps frames in the blocks that we read; all versions so far do."""
    try:
        frame = sys.modules["pandas"].DataFrame({"a": [1.0, 2.0], "b": ["x", "y"], "c": [1.5, 2.5]})
        return bool(_blocks(frame).frame().equals(frame))
    except Exception:
        return False


def _blocks(frame: Any) -> Blocks:
    return Blocks(
        (
            frame.columns,
            [
                (block._mgr_locs, values, _COPIES.get(type(values), _copy_of)(values))
                for block in frame._mgr.blocks
                for values in (block.values,)
            ],
        )
    )


def _copy_of(values: Any) -> Any:
    """Find out how values of a type are copied, once a type."""
    copied = operator.attrgetter("_pa_array") if is_arrow(values) else type(values).copy
    _COPIES[type(values)] = copied
    return copied(values)


_COPIES: dict[type, Callable[[Any], Any]] = {}
_KEEPERS: dict[type, Callable[[Any], Any]] = {
    type(None): _as_it_is,
    bool: _as_it_is,
    int: _as_it_is,
    float: _as_it_is,
    str: _as_it_is,
    bytes: _as_it_is,
    list: _copied,
    dict: _copied,
}
