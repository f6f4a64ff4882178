"""The names that come with mlops_lite: what a pickle may look up at the level ``"known"``.

The list is exact (module and name, no prefixes) and generated from real pickles of each library in each version that
is tested (``tests/formats/generate_names.py``); it stands in ``known.json`` beside this file. A name is there because
it is called, or because instances are made of it without calling it (so its constructor may not be called), or only
because it is mentioned, as the class that another call is given (so nothing may be made of it).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable
from importlib import resources
from typing import Any

import attrs

from mlops_lite.base.digest import sha256
from mlops_lite.formats.trust.symbols import Call, Name, Reading

__all__ = ["Known", "beyond", "known", "version"]


@attrs.frozen
class Known:
    """The list.

    Parameters
    ----------
    called : frozenset of Name
        What may be called.
    made : frozenset of Name
        What instances may be made of.
    mentioned : frozenset of Name
        What may be looked up.
    libraries : dict
        The versions from which the list was made, by library.
    """

    called: frozenset[Name]
    made: frozenset[Name]
    mentioned: frozenset[Name]
    libraries: dict[str, list[str]]


@functools.cache
def _text() -> str:
    return resources.files(__package__).joinpath("known.json").read_text("utf-8")


@functools.cache
def version() -> str:
    """Name this list, and the machine that is held against it, by digest."""
    rules = resources.files(__package__)
    code = [rules.joinpath(name).read_text("utf-8") for name in ("machine.py", "names.py", "symbols.py")]
    return sha256("".join([_text(), *code]).encode())[:16]


@functools.cache
def known() -> Known:
    """Read the list."""
    found = json.loads(_text())
    called = frozenset(_names(found["called"]))
    made = called | frozenset(_names(found["made"]))
    return Known(called, made, made | frozenset(_names(found["mentioned"])), found["libraries"])


def _names(listed: dict[str, list[str]]) -> Iterable[Name]:
    return (Name(module, name) for module, names in listed.items() for name in names)


def beyond(reading: Reading, further: frozenset[str] = frozenset()) -> list[str]:
    """Name what a pickle would look up or call and may not.

    Parameters
    ----------
    reading : Reading
    further : frozenset of str
        Exact names that the reader allows besides.

    Returns
    -------
    list of str
        Sorted; empty where everything is known.
    """
    listed = known()
    unknown = (reading.called - listed.called) | (reading.made - listed.made) | (reading.mentioned - listed.mentioned)
    unbounded = {call.function for call in reading.calls if not _SIZES.get(call.function, _any_size)(call.args)}
    return sorted(str(name) for name in unknown | unbounded if str(name) not in further)


def _any_size(args: tuple[Any, ...]) -> bool:
    return True


def _is_counted(features: Any, classes: Any, outputs: Any) -> bool:
    """Tell whether a tree is given as many numbers of classes as it will read: one for each output."""
    plain = isinstance(classes, Call) and classes.function == _ARRAY and not (classes.states or classes.entries)
    return plain and classes.args[2] == (outputs,)


_ARRAY = Name("mlops_lite.formats.numpy", "array")

# calls that take any size at all, and are given this one where a library pickles
_SIZES: dict[Name, Callable[[tuple[Any, ...]], bool]] = {
    Name("sklearn.tree._tree", "Tree"): lambda args: _is_counted(*args),
    Name("numpy.ma.core", "_mareconstruct"): lambda args: args[2:3] == ((0,),),
}
for _core in ("numpy._core.multiarray", "numpy.core.multiarray"):  # of numpy 2 and 1
    _SIZES[Name(_core, "_reconstruct")] = lambda args: args[1:2] == ((0,),)
    _SIZES[Name(_core, "scalar")] = lambda args: len(args) == 2
