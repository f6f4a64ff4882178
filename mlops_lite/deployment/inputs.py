"""Inputs and outputs as they were at the call: the caller may write into his arrays a moment later."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

__all__ = ["KEEPERS", "kept", "restored"]


def kept(value: Any) -> Any:
    """Keep a value as it is now, in a microsecond where it is small.

    Parameters
    ----------
    value : object
        Arrays and frames are copied, without the index; tables of Arrow never change; lists and dicts are
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
    from mlops_lite.deployment.blocks import Blocks

    return held.frame() if type(held) is Blocks else held


def _copied(value: Any) -> Any:
    return value.copy()


def _cloned(value: Any) -> Any:
    return value.clone()


def _as_it_is(value: Any) -> Any:
    return value


def _slowly(value: Any) -> Any:
    """Find out how a type is kept, once a type."""
    keeper = _keeper(type(value))
    KEEPERS[type(value)] = keeper
    return keeper(value)


def _keeper(cls: type) -> Callable[[Any], Any]:
    home = cls.__module__.split(".")[0]
    if home == "pyarrow":
        return _as_it_is
    if home == "polars" and hasattr(cls, "clone"):  # shares the columns, which never change; the table may
        return _cloned
    if home == "pandas" and cls.__name__ == "DataFrame":
        from mlops_lite.deployment.blocks import keeper

        return keeper()
    if home in ("numpy", "pandas"):
        return _copied
    return copy.copy


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
