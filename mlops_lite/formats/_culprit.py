"""Which part of a value cannot be pickled: its path, found by walking once more after the pickler has failed."""

from __future__ import annotations

import io
import types
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["unpicklable"]

_MOST = 100_000
_DEEPEST = 50  # steps of a path


def unpicklable(value: Any, name: str = "model") -> tuple[str, Any]:
    """Find the innermost thing inside a value that cannot be pickled.

    Parameters
    ----------
    value : object
        What could not be pickled.
    name : str
        What to call it.

    Returns
    -------
    str, object
        Its path, such as ``model.steps[1].lock``, and the thing itself.

    Examples
    --------
    >>> import threading
    >>> unpicklable({"steps": [1, {"lock": threading.Lock()}]})[0]
    "model['steps'][1]['lock']"
    """
    path, seen = name, {id(value)}
    for _ in range(_DEEPEST):
        for step, child in _children(value):
            if id(child) not in seen and len(seen) < _MOST:
                seen.add(id(child))
                if not _pickles(child):
                    path, value = path + step, child
                    break
        else:
            break
    return path, value


def _pickles(value: Any) -> bool:
    from mlops_lite.formats.container import Writer
    from mlops_lite.formats.pickle import _Pickler

    try:
        _Pickler(io.BytesIO(), Writer()).dump(value)
    except Exception:
        return False
    return True


def _children(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((f"[{key!r}]", item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        yield from ((f"[{index}]", item) for index, item in enumerate(value))
    if isinstance(value, (set, frozenset)):
        yield from (("{…}", item) for item in value)
    if isinstance(value, types.MethodType):
        yield ".__self__", value.__self__
    if isinstance(value, types.FunctionType):
        yield from _inside_function(value)
    yield from _attributes(value)


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, type):
        yield from ((f".{key}", item) for key, item in vars(value).items() if not key.startswith("__"))
        return
    yield from ((f".{key}", item) for key, item in getattr(value, "__dict__", {}).items())
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for slot in [slots] if isinstance(slots, str) else slots:
            if slot != "__dict__" and hasattr(value, slot):
                yield f".{slot}", getattr(value, slot)


def _inside_function(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """Walk over what a function by value takes along: its defaults, its closure, the globals that it names."""
    yield from (("(default)", item) for item in function.__defaults__ or ())
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        yield f"(…{name})", cell.cell_contents
    for name in function.__code__.co_names:
        if name in function.__globals__:
            yield f"(global {name})", function.__globals__[name]
