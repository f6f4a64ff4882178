"""Which snapshot a frame was loaded from, for as long as the frame lives."""

from __future__ import annotations

import contextlib
import weakref
from typing import Any

from mlops_lite.base.fingerprint import fingerprint
from mlops_lite.base.ref import HasRef, Ref

__all__ = ["origin", "remember", "was_changed"]

_origins: dict[int, tuple[weakref.ref[Any], Ref, int]] = {}


def remember(value: Any, ref: HasRef | Ref | str) -> None:
    """Remember, weakly, that a frame was loaded from a snapshot.

    Parameters
    ----------
    value : object
        A frame or array that is recognised by identity; what cannot be referred to weakly is passed over.
    ref : Ref
    """
    key = id(value)
    with contextlib.suppress(TypeError):
        gone = weakref.ref(value, lambda _: _origins.pop(key, None))
        _origins[key] = gone, Ref.parse(ref), fingerprint(value)


def origin(value: Any) -> Ref | None:
    """Say which snapshot a frame was loaded from; None where that is not known."""
    found = _origins.get(id(value))
    return found[1] if found is not None and found[0]() is value else None


def was_changed(value: Any) -> bool:
    """Tell whether a frame was changed in place since it was loaded from a snapshot."""
    return origin(value) is not None and fingerprint(value) != _origins[id(value)][2]
