"""Any Python object: a pickle of protocol 5, with the bytes of arrays and tensors as parts beside it.

Functions and classes of a notebook, and of modules that were registered for it, go by value (cloudpickle); those of
importable modules by name. Arrays keep type, shape and memory order; those of less than 4 KiB stand in the pickle.
"""

from __future__ import annotations

import inspect
import io
import pickle
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import cloudpickle

from mlops_lite.errors import IncompatibleError, InvalidInputError, MlopsLiteError
from mlops_lite.formats import numpy as arrays
from mlops_lite.formats import trust as trusting
from mlops_lite.formats._leaf import Leaf, of_pickle
from mlops_lite.formats.trust.symbols import RefusedPickleError

if TYPE_CHECKING:
    from mlops_lite.formats.container import Reader, Writer
    from mlops_lite.formats.trust import Trust

__all__ = ["accepts", "dump", "load"]

PRIORITY = 0
LEVEL = None  # the pickle says

_OUT_OF_BAND = 4096
_MOST_SOURCE = 8192


def accepts(value: Any) -> bool:
    """Take anything; asked last."""
    return True


def dump(value: Any, writer: Writer) -> Mapping[str, Any]:
    """Pickle it.

    Raises
    ------
    InvalidInputError
        Something inside cannot be pickled; the message names the path to it.
    """
    file = io.BytesIO()
    pickler = _Pickler(file, writer)
    try:
        pickler.dump(value)
    except Exception as error:
        if isinstance(error, RecursionError) or "recursion" in str(error):
            raise InvalidInputError(f"A {type(value).__name__} is nested too deeply to be stored.") from error
        from mlops_lite.formats._culprit import unpicklable

        path, culprit = unpicklable(value)
        raise InvalidInputError(
            f"{path} cannot be stored: {error}.",
            remedy=f"Take it out before registering ({path} = None), or give the class of what holds it a "
            "__getstate__ that leaves it out.",
            path=path,
            type=type(culprit).__name__,
        ) from error
    facts: dict[str, Any] = {"head": writer.add(file.getbuffer())}
    if pickler.by_value:
        facts["by_value"] = pickler.by_value
        facts["python"] = _python()
    return facts


def load(facts: Mapping[str, Any], reader: Reader, trust: Trust) -> Any:
    """Open it.

    Raises
    ------
    UntrustedError
        It needs more than the reader allowed.
    IncompatibleError
        It brings functions by value, which are code of another version of Python; or what it calls raised.
    """
    number = int(facts["head"])
    trusting.require(trust, "known", reader.what, "it is a pickle")
    head = reader.bytes(number)
    if trust.level != "code":
        judgement = trusting.judge(head, trust.names, reader.cache)
        trusting.require(trust, judgement.level, reader.what, judgement.reason)
    written = facts.get("python")
    if written is not None and written != _python():
        raise IncompatibleError(
            f"{reader.what} brings functions by value, which are code of Python {written}; this is {_python()}.",
            remedy=f"Open it with Python {written}, or register it again from functions of an importable module.",
        )
    buffers = reader.buffers()[:number]
    try:
        return trusting.unpickle(head, buffers, trust, reader.what, reader.cache)
    except (MlopsLiteError, ModuleNotFoundError, MemoryError):
        raise
    except Exception as error:  # of whatever the pickle calls
        raise IncompatibleError(
            f"{reader.what} could not be made again: its pickle raised {type(error).__name__}: {error}.",
            remedy="Its classes are others here than where it was registered, or cannot be pickled: see that "
            "pickle.loads(pickle.dumps(model)) works, and register it again. version.environment names the libraries "
            "that it was made with, version.inspect() the classes.",
        ) from error


def leaves(facts: Mapping[str, Any], reader: Reader) -> Iterator[Leaf]:
    """Name the arrays, without opening the pickle; those of one that cannot be followed have no names."""
    number = int(facts["head"])
    try:
        yield from of_pickle(reader.bytes(number))
    except RefusedPickleError:
        yield from (Leaf(f"array {part}", (part,)) for part in range(number))


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """A pickler that hands arrays and tensors to the writer, and notes what it takes by value."""

    def __init__(self, file: io.BytesIO, writer: Writer) -> None:
        super().__init__(file, protocol=5, buffer_callback=self._take)
        self._writer = writer
        self._waiting: dict[int, tuple[pickle.PickleBuffer, Callable[[], object]]] = {}
        self._storages: dict[Any, _Storage] = {}
        self.by_value: list[dict[str, str]] = []

    def reducer_override(self, obj: Any) -> Any:
        """Say how an object is taken apart; asked for everything but atoms and plain containers."""
        kind = type(obj)
        if kind is _Storage:
            return self._reduce_storage(obj)
        if kind.__module__.partition(".")[0] in ("numpy", "torch") and (reduced := self._reduce(obj)) is not None:
            return reduced
        if isinstance(obj, io.IOBase) and kind not in (io.BytesIO, io.StringIO):
            raise pickle.PicklingError("it is an open file")
        found = super().reducer_override(obj)
        by_value = found is not NotImplemented and isinstance(obj, (type, types.FunctionType))
        if by_value and obj.__module__ != "builtins":
            self._note(obj)
        return found

    def _note(self, obj: Any) -> None:
        self.by_value.append({"name": f"{obj.__module__}.{obj.__qualname__}", "source": _source(obj)})

    def _reduce(self, obj: Any) -> Any:
        if arrays.is_plain(obj):
            return self._reduce_array(obj)
        numpy = sys.modules["numpy"]
        if type(obj) is numpy.ma.MaskedArray and not obj.dtype.hasobject:
            mask = obj.mask if obj.mask is not numpy.ma.nomask else False
            return arrays.masked, (obj.data, mask, obj._fill_value, obj.hardmask)
        if type(obj) is numpy.recarray and not obj.dtype.hasobject:
            return arrays.record, (obj.view(numpy.ndarray),)
        if "torch" in sys.modules:
            from mlops_lite.formats import torch

            if torch.is_plain(obj):
                return self._reduce_tensor(torch, obj)
        return None

    def _reduce_array(self, obj: Any) -> Any:
        small = obj.nbytes < _OUT_OF_BAND
        order = arrays.order(obj)
        data = bytearray(obj.tobytes(order)) if small else self._later(lambda: arrays.add(self._writer, obj))
        return arrays.array, (data, arrays.shortest(obj.dtype), obj.shape, order)

    def _reduce_tensor(self, torch: Any, obj: Any) -> Any:
        data, key = torch.storage_of(obj)
        if key not in self._storages:
            self._storages[key] = _Storage(data, torch.storage)
        return torch.tensor, (self._storages[key], *torch.describe(obj))

    def _reduce_storage(self, obj: _Storage) -> Any:
        if memoryview(obj.data).nbytes < _OUT_OF_BAND:
            return obj.make, (bytearray(obj.data),)
        return obj.make, (self._later(lambda: self._writer.add(obj.data)),)

    def _later(self, add: Callable[[], object]) -> pickle.PickleBuffer:
        """Stand in for a part that is handed over when the pickler comes to it, so that the order is the pickler's."""
        stand_in = pickle.PickleBuffer(bytearray())
        self._waiting[id(stand_in)] = stand_in, add
        return stand_in

    def _take(self, buffer: pickle.PickleBuffer) -> bool:
        waiting = self._waiting.pop(id(buffer), None)
        if waiting is not None:
            waiting[1]()
            return False
        raw = buffer.raw()
        if raw.nbytes < _OUT_OF_BAND:
            return True
        self._writer.add(raw)
        return False


class _Storage:
    """One storage of tensors: pickled once, however many tensors show it."""

    def __init__(self, data: Any, make: Callable[[Any], Any]) -> None:
        self.data = data
        self.make = make


def _source(obj: Any) -> str:
    """Read the source of a function or class, for people who inspect the model."""
    try:
        return inspect.getsource(obj)[:_MOST_SOURCE]
    except (OSError, TypeError):
        return ""
