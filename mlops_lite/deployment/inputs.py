"""Inputs and outputs as they were at the call: the caller may write into his arrays a moment later."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["Held", "kept"]


class Held:
    """A value as it was; :meth:`restored` gives it back.

    Parameters
    ----------
    kind : str
        ``value`` or ``blocks``.
    parts : object
        The value, or the columns and blocks of a frame.
    """

    __slots__ = ("kind", "parts")

    def __init__(self, kind: str, parts: Any) -> None:
        self.kind = kind
        self.parts = parts

    def restored(self) -> Any:
        """Give the value back."""
        if self.kind == "value":
            return self.parts
        import pandas as pd

        columns, blocks = self.parts
        by_place: dict[int, Any] = {}
        for places, values in blocks:
            two_dimensional = getattr(values, "ndim", 1) == 2
            for row, place in enumerate(places):
                by_place[int(place)] = values[row] if two_dimensional else values
        frame = pd.DataFrame({place: by_place[place] for place in sorted(by_place)}, copy=False)
        frame.columns = columns
        return frame


def kept(value: Any) -> Held:
    """Keep a value as it is now, in a microsecond where it is small.

    Parameters
    ----------
    value : object
        Arrays and frames are copied, without the index; Arrow and polars tables never change; lists and dicts are
        copied one level deep, other things as :func:`copy.copy` does.

    Examples
    --------
    >>> import numpy as np
    >>> row = np.zeros(2)
    >>> held = kept(row)
    >>> row[:] = 1
    >>> held.restored()
    array([0., 0.])
    """
    return _KEEPERS.get(type(value), _slowly)(value)


def _copied(value: Any) -> Held:
    return Held("value", value.copy())


def _as_it_is(value: Any) -> Held:
    return Held("value", value)


def _slowly(value: Any) -> Held:
    """Find out how a type is kept, once a type."""
    keeper = _keeper(type(value))
    _KEEPERS[type(value)] = keeper
    return keeper(value)


def _keeper(cls: type) -> Callable[[Any], Held]:
    home = cls.__module__.split(".")[0]
    if home in ("pyarrow", "polars"):
        return _as_it_is
    if home == "pandas" and cls.__name__ == "DataFrame" and _has_blocks():
        return _blocks
    if home in ("numpy", "pandas"):
        return _copied
    return lambda value: Held("value", copy.copy(value))


def _has_blocks() -> bool:
    """Look whether this pandas keeps frames in the blocks that we read; all versions so far do."""
    try:
        frame = sys.modules["pandas"].DataFrame({"a": [1.0], "b": ["x"]})
        held = _blocks(frame)
        return bool(held.restored().equals(frame))
    except Exception:
        return False


def _blocks(frame: Any) -> Held:
    return Held(
        "blocks", (frame.columns, [(block.mgr_locs.as_array, block.values.copy()) for block in frame._mgr.blocks])
    )


_KEEPERS: dict[type, Callable[[Any], Held]] = {
    type(None): _as_it_is,
    bool: _as_it_is,
    int: _as_it_is,
    float: _as_it_is,
    str: _as_it_is,
    bytes: _as_it_is,
    list: _copied,
    dict: _copied,
}
