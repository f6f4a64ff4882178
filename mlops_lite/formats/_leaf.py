"""The arrays of a stored value, by their paths in it, told without opening it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite.formats.trust import machine
from mlops_lite.formats.trust.symbols import Buffer, Call, Entries, Group, Name

if TYPE_CHECKING:
    from mlops_lite.formats.container import Reader

__all__ = ["Leaf", "leaves", "of_pickle"]

_ARRAY = Name("mlops_lite.formats.numpy", "array")
_TENSOR = Name("mlops_lite.formats.torch", "tensor")


@attrs.frozen(eq=False)
class Leaf:
    """One array, tensor or run of bytes inside a stored value.

    Parameters
    ----------
    path : str
        Where it is, such as ``['layers'][0].weight``.
    parts : tuple of int
        The parts that hold it.
    data : bytes, optional
        Its bytes, where it stands in the pickle itself.
    dtype : str, optional
        Its type, as numpy names it; None where it has none.
    shape : tuple of int, optional
    order : {"C", "F"}
    strides : tuple of int, optional
        Of a tensor: in items; with ``offset`` it says which items of the part it shows.
    offset : int
        In items.
    """

    path: str
    parts: tuple[int, ...] = ()
    data: bytes | None = None
    dtype: str | None = None
    shape: tuple[int, ...] | None = None
    order: str = "C"
    strides: tuple[int, ...] | None = None
    offset: int = 0


def leaves(plugin: Any, reader: Reader) -> list[Leaf]:
    """List the arrays of a stored value.

    Parameters
    ----------
    plugin : module
        Its format. One that does not tell has one leaf for each part.
    reader : Reader
    """
    tell = getattr(plugin, "leaves", None)
    if tell is not None:
        return list(tell(reader.manifest.facts, reader))
    return [Leaf(f"part {number}", (number,)) for number in range(len(reader))]


def of_pickle(head: bytes | memoryview) -> Iterator[Leaf]:
    """Follow a pickle and name the arrays in it; nothing of it is run.

    Raises
    ------
    RefusedPickleError
        It cannot be followed.
    """
    seen: set[int] = set()
    waiting: list[tuple[str, Any]] = [("", machine.read(head).value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, (Call, Entries, Group, list)):
            if id(value) in seen:
                continue
            seen.add(id(value))
        leaf = _leaf(path, value)
        if leaf is not None:
            yield leaf
        else:
            waiting.extend(reversed(list(_children(path, value))))


def _leaf(path: str, value: Any) -> Leaf | None:
    if isinstance(value, Buffer):
        return Leaf(path, (value.index,))
    if not isinstance(value, Call) or value.function not in (_ARRAY, _TENSOR):
        return None
    if value.function == _ARRAY:
        where, dtype, shape, order = value.args
        named = dtype if isinstance(dtype, str) else None
        return Leaf(path, **_place(where), dtype=named, shape=tuple(shape), order=order)
    storage, dtype, shape, strides, offset, *_ = value.args
    where = storage.args[0] if isinstance(storage, Call) else b""
    return Leaf(path, **_place(where), dtype=dtype, shape=tuple(shape), strides=tuple(strides), offset=offset)


def _place(where: Any) -> dict[str, Any]:
    return {"parts": (where.index,)} if isinstance(where, Buffer) else {"data": bytes(where)}


def _children(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Entries):
        yield from ((f"{path}[{_shown(key)}]", item) for key, item in value)
    elif isinstance(value, (list, tuple)):
        yield from ((f"{path}[{index}]", item) for index, item in enumerate(value))
    elif isinstance(value, Group):
        yield from ((f"{path}{{…}}", item) for item in value.items)
    elif isinstance(value, Call):
        yield from _of_call(path, value)


def _of_call(path: str, value: Call) -> Iterator[tuple[str, Any]]:
    """Walk over what a call is given, and what is set on what it gives: attributes go by name."""
    yield from ((f"{path}({index})", item) for index, item in enumerate(value.args))
    for state in value.states:
        for part in state if isinstance(state, tuple) else (state,):
            if isinstance(part, Entries):
                yield from ((f"{path}.{key}" if _is_word(key) else f"{path}[{_shown(key)}]", item)
                            for key, item in part)  # fmt: skip
            else:
                yield f"{path}.state", part
    yield from ((f"{path}[{index}]", item) for index, item in enumerate(value.items))
    yield from ((f"{path}[{_shown(key)}]", item) for key, item in value.entries)


def _is_word(key: Any) -> bool:
    return isinstance(key, str) and key.isidentifier()


def _shown(key: Any) -> str:
    return repr(key) if isinstance(key, (str, int, float, bool, tuple)) else "…"
