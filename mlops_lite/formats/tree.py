"""Our own tree: containers, numbers, text, times, arrays and tensors as JSON, with the bytes of arrays beside it.

Reading it looks up nothing and calls nothing that the tree names. Dicts keep their order and may have any plain key.
An array or tensor that is reached twice stays one; a list or dict that is reached twice, or an object of any other
class, is not for this format.

In the JSON, null, booleans, text, whole numbers and finite floats stand for themselves; everything else is a list
whose first item names its kind, such as ``["dict", [["w", ["array", 1, "<f8", [3], "C"]]]]``.
"""

from __future__ import annotations

import base64
import datetime
import json
import math
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlops_lite.errors import DamagedError
from mlops_lite.formats import numpy as arrays
from mlops_lite.formats._leaf import Leaf

if TYPE_CHECKING:
    from mlops_lite.formats.container import Reader, Writer
    from mlops_lite.formats.trust import Trust

__all__ = ["accepts", "dump", "load"]

PRIORITY = 10
LEVEL = "arrays"

_DEPTH = 100


class _ForeignError(Exception):
    """Something that this format does not hold."""


def accepts(value: Any) -> bool:
    """Take what is made of plain things only."""
    try:
        _Writing(None).write(value)
    except _ForeignError:
        return False
    return True


def dump(value: Any, writer: Writer) -> Mapping[str, Any]:
    """Hand over the bytes of the arrays, then the tree as the last part."""
    tree = _Writing(writer).write(value)
    return {"tree": writer.add(json.dumps(tree, separators=(",", ":"), allow_nan=False).encode("ascii"))}


def load(facts: Mapping[str, Any], reader: Reader, trust: Trust) -> Any:
    """Build the value again.

    Raises
    ------
    DamagedError
        The tree is not one.
    """
    number = int(facts["tree"])
    text = bytes(reader.bytes(number))
    buffers = reader.buffers()
    try:
        return _Reading(buffers).read(json.loads(text))
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError, OverflowError) as error:
        raise DamagedError(f"The tree of {reader.what} is malformed: {error!r}.") from error


def leaves(facts: Mapping[str, Any], reader: Reader) -> Iterator[Leaf]:
    """Name the arrays and tensors by their paths."""
    yield from _leaves("", json.loads(bytes(reader.bytes(int(facts["tree"])))))


def _leaves(path: str, written: Any) -> Iterator[Leaf]:
    if type(written) is not list:
        return
    kind, *rest = written
    if kind == "array":
        number, dtype, shape, order = rest
        yield Leaf(path, (number,), dtype=dtype if isinstance(dtype, str) else None, shape=tuple(shape), order=order)
    elif kind == "tensor":
        number, dtype, shape, strides, offset, *_ = rest
        yield Leaf(path, (number,), dtype=dtype, shape=tuple(shape), strides=tuple(strides), offset=offset)
    elif kind in ("dict", "ordered"):
        for key, item in rest[0]:
            yield from _leaves(f"{path}[{key if isinstance(key, list) else repr(key)}]", item)
    elif kind in ("list", "tuple"):
        for index, item in enumerate(rest[0]):
            yield from _leaves(f"{path}[{index}]", item)


class _Writing:
    """A walk that turns a value into JSON; without a writer it only finds out whether that can be done."""

    def __init__(self, writer: Writer | None) -> None:
        self._writer = writer
        self._containers: set[int] = set()
        self._leaves: dict[int, int] = {}  # id -> its number, in the order written
        self._kept: list[Any] = []  # so that no id is given twice
        self._storages: dict[Any, int] = {}

    def write(self, value: Any, depth: int = 0) -> Any:
        kind = type(value)
        if value is None or kind is bool or kind is int:
            return value
        if kind is str:
            return value if _is_unicode(value) else ["text", base64.b64encode(_surrogates(value)).decode("ascii")]
        if kind is float:
            return value if math.isfinite(value) else ["float", repr(value)]
        if depth > _DEPTH:
            raise _ForeignError
        container = _CONTAINERS.get(kind)
        if container is not None:
            return self._container(container, value, depth)
        plain = _PLAIN.get(kind)
        return plain(value) if plain is not None else self._leaf(value)

    def _container(self, name: str, value: Any, depth: int) -> Any:
        if name not in ("tuple", "frozenset"):
            if id(value) in self._containers:
                raise _ForeignError
            self._containers.add(id(value))
        if name in ("dict", "ordered"):
            pairs = [[self._key(key, depth), self.write(item, depth + 1)] for key, item in value.items()]
            return [name, pairs] if name == "dict" else [name, pairs, self.write(dict(vars(value)), depth + 1)]
        return [name, [self.write(item, depth + 1) for item in value]]

    def _key(self, key: Any, depth: int) -> Any:
        if type(key) in (tuple, str, int, float, bool, type(None)) or type(key) in _PLAIN:
            return self.write(key, depth + 1)
        raise _ForeignError

    def _leaf(self, value: Any) -> Any:
        if id(value) in self._leaves:
            return ["same", self._leaves[id(value)]]
        written = self._array(value) if arrays.accepts(value) else self._tensor(value)
        self._leaves[id(value)] = len(self._leaves)
        self._kept.append(value)
        return written

    def _array(self, value: Any) -> Any:
        number = arrays.add(self._writer, value) if self._writer is not None else 0
        return ["array", number, arrays.name_of(value.dtype), list(value.shape), arrays.order(value)]

    def _tensor(self, value: Any) -> Any:
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, numpy.generic) and arrays.accepts(numpy.asarray(value)):
            array = numpy.asarray(value)
            return ["scalar", arrays.name_of(array.dtype), base64.b64encode(array.tobytes()).decode("ascii")]
        if "torch" not in sys.modules:
            raise _ForeignError
        from mlops_lite.formats import torch

        if not torch.is_plain(value):
            raise _ForeignError
        storage, key = torch.storage_of(value)
        if key not in self._storages:
            self._storages[key] = self._writer.add(storage) if self._writer is not None else 0
        return ["tensor", self._storages[key], *torch.describe(value)]


def _is_unicode(text: str) -> bool:
    """Tell texts that JSON keeps from those with surrogates, two of which it would join."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _surrogates(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _when(value: datetime.datetime) -> Any:
    if value.tzinfo is not None and type(value.tzinfo) is not datetime.timezone:
        raise _ForeignError  # a zone with rules is more than an offset
    return ["datetime", value.isoformat(), value.fold]


_CONTAINERS: dict[type, str] = {
    list: "list",
    tuple: "tuple",
    dict: "dict",
    OrderedDict: "ordered",
    set: "set",
    frozenset: "frozenset",
}
_PLAIN: dict[type, Callable[[Any], Any]] = {
    bytes: lambda value: ["bytes", base64.b64encode(value).decode("ascii")],
    bytearray: lambda value: ["bytearray", base64.b64encode(value).decode("ascii")],
    complex: lambda value: ["complex", repr(value.real), repr(value.imag)],
    datetime.date: lambda value: ["date", value.isoformat()],
    datetime.datetime: _when,
    datetime.timedelta: lambda value: ["timedelta", value.days, value.seconds, value.microseconds],
}


class _Reading:
    def __init__(self, buffers: list[memoryview]) -> None:
        self._buffers = buffers
        self._leaves: list[Any] = []
        self._storages: dict[int, Any] = {}

    def read(self, written: Any) -> Any:
        if type(written) is not list:
            if type(written) is dict:
                raise ValueError("an object of JSON")
            return written
        kind, *rest = written
        if kind in _VALUES:
            return _VALUES[kind](*rest)
        made = _MAKERS[kind](self, *rest)
        if kind in ("array", "tensor", "scalar"):
            self._leaves.append(made)
        return made

    def _items(self, items: list[Any]) -> list[Any]:
        return [self.read(item) for item in items]

    def _dict(self, pairs: list[Any]) -> dict[Any, Any]:
        return {self.read(key): self.read(item) for key, item in pairs}

    def _ordered(self, pairs: list[Any], attributes: Any) -> OrderedDict[Any, Any]:
        made = OrderedDict(self._dict(pairs))
        for name, value in self.read(attributes).items():
            if not name.startswith("__"):
                made.__dict__[name] = value
        return made

    def _array(self, number: int, dtype: Any, shape: list[int], order: str) -> Any:
        return arrays.array(self._buffers[number], arrays.dtype_of(dtype), tuple(shape), order)

    def _scalar(self, dtype: Any, text: str) -> Any:
        return arrays.array(bytearray(base64.b64decode(text)), arrays.dtype_of(dtype), (), "C")[()]

    def _tensor(self, number: int, *described: Any) -> Any:
        from mlops_lite.formats import torch

        if number not in self._storages:
            self._storages[number] = torch.storage(self._buffers[number])
        return torch.tensor(self._storages[number], *described)

    def _same(self, number: int) -> Any:
        return self._leaves[number]


_VALUES: dict[str, Callable[..., Any]] = {
    "text": lambda text: base64.b64decode(text).decode("utf-8", "surrogatepass"),
    "float": float,
    "complex": lambda real, imaginary: complex(float(real), float(imaginary)),
    "bytes": lambda text: base64.b64decode(text),
    "bytearray": lambda text: bytearray(base64.b64decode(text)),
    "date": datetime.date.fromisoformat,
    "datetime": lambda text, fold: datetime.datetime.fromisoformat(text).replace(fold=fold),
    "timedelta": datetime.timedelta,
}
_MAKERS: dict[str, Callable[..., Any]] = {
    "list": _Reading._items,
    "tuple": lambda reading, items: tuple(reading._items(items)),
    "set": lambda reading, items: set(reading._items(items)),
    "frozenset": lambda reading, items: frozenset(reading._items(items)),
    "dict": _Reading._dict,
    "ordered": _Reading._ordered,
    "array": _Reading._array,
    "scalar": _Reading._scalar,
    "tensor": _Reading._tensor,
    "same": _Reading._same,
}
