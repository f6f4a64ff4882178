"""Whether opened values are sound: whether the numbers that compiled code follows stay inside its arrays.

A pickle that names known classes only can hand them numbers that no library would write: a tree whose children lie
outside of it, a sparse matrix with wild indices. Compiled code follows those without looking. So below ``"code"`` what
was opened is walked over, and what such code will follow is looked at, in the memory where it will be used.

A plug-in is one file, named after the library, with

``CHECKS``
    Qualified names of classes → a function that is given all instances in a value, as a list, and tells whether they
    are sound. What it raises means that they are not.
"""

from __future__ import annotations

import gc
import importlib
import types
from collections.abc import Callable
from typing import Any

from mlops_lite.errors import DamagedError

__all__ = ["check"]

LIBRARIES = ("numpy", "pandas", "pyarrow", "scipy", "sklearn")

_CLOSED = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, str, bytes, int, float)


def check(value: Any, looked_up: set[str], what: str) -> Any:
    """Give a value back if what compiled code will follow in it is sound.

    Parameters
    ----------
    value : object
        What was opened.
    looked_up : set of str
        The top modules of the classes in it; a value that none of ours checks is not walked over.
    what : str
        What it is, for messages.

    Raises
    ------
    DamagedError
        Numbers in it point outside its arrays; says of which class.
    """
    if looked_up.isdisjoint(LIBRARIES):
        return value
    for name, found in _gather(value).items():
        if not _is_sound(name, found):
            raise DamagedError(
                f"{what} holds a {name} with numbers that point outside of it, as its library never writes them. "
                "It was not given out: compiled code would have followed them.",
                remedy="Ask whoever registered it. trusted='code' opens it unlooked at.",
            )
    return value


def _is_sound(name: str, found: list[Any]) -> bool:
    library, _, _ = name.partition(".")
    try:
        return bool(_checks(library)[name](found))
    except Exception:  # whatever a malformed value makes a check raise
        return False


def _checks(library: str) -> dict[str, Callable[[list[Any]], bool]]:
    found: dict[str, Callable[[list[Any]], bool]] = importlib.import_module(f"{__name__}.{library}").CHECKS
    return found


def _checked_as(cls: type) -> str | None:
    """Name the class, or the nearest base of it, that has a check."""
    for base in cls.__mro__:
        library, name = base.__module__.partition(".")[0], f"{base.__module__}.{base.__qualname__}"
        if library in LIBRARIES and name in _checks(library):
            return name
    return None


def _gather(value: Any) -> dict[str, list[Any]]:
    """Walk over all that a value holds, and sort what has a check by the name of that."""
    found: dict[str, list[Any]] = {}
    seen: set[int] = set()
    names: dict[type, str | None] = {}
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, _CLOSED) or id(one) in seen:
            continue
        seen.add(id(one))
        if (kind := type(one)) not in names:
            names[kind] = _checked_as(kind)
        if (name := names[kind]) is not None:
            found.setdefault(name, []).append(one)
        waiting.extend(_inside(one))
    return found


def _inside(one: Any) -> list[Any]:
    """List what an object refers to: as the garbage collector sees it, which does not look into arrays."""
    dtype = getattr(one, "dtype", None) if type(one).__module__ == "numpy" else None
    return list(one.ravel()) if dtype is not None and dtype.hasobject else gc.get_referents(one)
