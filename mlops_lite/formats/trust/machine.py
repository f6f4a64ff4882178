"""Reading a pickle without running it: an exact stack machine that builds symbols where the unpickler would call.

It knows the opcodes that pickling with protocol 5 writes, and no other: extension codes, persistent ids, old ways to
name a class, numbered memo entries and computed names are refused, because a reader that guesses can be fooled. So
what it accepts, the real unpickler does in the same way, call by call.
"""

from __future__ import annotations

import contextlib
import gc
import pickle
import struct
from collections.abc import Callable, Iterator
from typing import Any

import attrs

__all__ = ["MOST_BYTES", "Buffer", "Call", "Entries", "Group", "Name", "Reading", "RefusedPickleError", "read"]

MOST_BYTES = 64 << 20


class RefusedPickleError(Exception):
    """A pickle that cannot be followed exactly; ``mentioned`` holds what it had looked up until then."""

    mentioned: frozenset[Name] = frozenset()


@attrs.frozen
class Name:
    """A class or function that the pickle looks up."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@attrs.frozen
class Buffer:
    """A part that lies outside the pickle, by its number."""

    index: int


class Entries:
    """A dict: keys and values in the order in which they were set."""

    __slots__ = ("pairs",)

    def __init__(self) -> None:
        self.pairs: list[tuple[Any, Any]] = []


class Group:
    """A set or frozenset."""

    __slots__ = ("items",)

    def __init__(self, items: list[Any]) -> None:
        self.items = items


class Call:
    """What a call would give, and what is done to that: state that is set, items that are added."""

    __slots__ = ("args", "entries", "function", "items", "kwargs", "states")

    def __init__(self, function: Name, args: Any, kwargs: Any = None) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs
        self.states: list[Any] = []
        self.items: list[Any] = []
        self.entries: list[tuple[Any, Any]] = []


@attrs.frozen(eq=False)
class Reading:
    """What a pickle would do.

    Parameters
    ----------
    value : object
        What it would give, as symbols.
    called : frozenset of Name
        What it would call.
    made : frozenset of Name
        Classes of which it would make an instance without calling them: by ``__new__`` alone.
    calls : tuple of Call
        Every call, in order.
    mentioned : frozenset of Name
        What it would look up, called or not.
    """

    value: Any
    called: frozenset[Name]
    mentioned: frozenset[Name]
    made: frozenset[Name] = frozenset()
    calls: tuple[Call, ...] = ()


def read(data: bytes | bytearray | memoryview) -> Reading:
    """Follow a pickle to its end.

    Parameters
    ----------
    data : bytes-like
        The pickle, as protocol 5 writes it.

    Returns
    -------
    Reading

    Raises
    ------
    RefusedPickleError
        It is larger than 64 MiB, or does something that protocol 5 does not write.

    Examples
    --------
    >>> import datetime
    >>> reading = read(pickle.dumps({"day": datetime.date(2026, 11, 1)}, protocol=5))
    >>> [str(name) for name in reading.called]
    ['datetime.date']
    """
    if len(data) > MOST_BYTES:
        raise RefusedPickleError(f"it takes {len(data):,} bytes, and {MOST_BYTES:,} are the most that are read")
    machine = _Machine(bytes(data))
    try:
        with _no_collections():
            value = machine.run()
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise _with(RefusedPickleError(f"it breaks off or is malformed ({error})"), machine) from error
    except RefusedPickleError as refused:
        raise _with(refused, machine) from None
    called, made = frozenset(machine.called), frozenset(machine.made)
    return Reading(value, called, frozenset(machine.mentioned), made, tuple(machine.calls))


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    """Hold off the garbage collector: of many symbols none is garbage before the end, and it would look often."""
    active = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if active:
            gc.enable()


def _with(refused: RefusedPickleError, machine: _Machine) -> RefusedPickleError:
    refused.mentioned = frozenset(machine.mentioned)
    return refused


# makes an instance of its first argument, by __new__ of its second
_MAKERS = frozenset({Name("copyreg", "_reconstructor")})


_INT = struct.Struct("<i")
_FLOAT = struct.Struct(">d")


class _Machine:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: list[Any] = []
        self.buffers = 0
        self.called: set[Name] = set()
        self.made: set[Name] = set()
        self.calls: list[Call] = []
        self.mentioned: set[Name] = set()

    def run(self) -> Any:
        data, steps = self.data, _STEPS
        while True:
            code = data[self.at]
            self.at += 1
            if code == _STOP:
                return self._end()
            step = steps[code]
            if step is None:
                raise RefusedPickleError(f"it has the opcode {bytes([code])!r}, which protocol 5 does not write")
            step(self)

    def _end(self) -> Any:
        value = self.pop()
        if self.stack or self.marks or self.at != len(self.data):
            raise RefusedPickleError("it goes on after its end")
        return value

    # --- bytes and stack -----------------------------------------------------------------------------------------

    def take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self.data):
            raise RefusedPickleError("it breaks off")
        found = self.data[self.at : end]
        self.at = end
        return found

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def pop(self) -> Any:
        if self.marks and self.marks[-1] == len(self.stack):
            raise RefusedPickleError("it takes from below a mark")
        return self.stack.pop()

    def top(self) -> Any:
        if self.marks and self.marks[-1] == len(self.stack):
            raise RefusedPickleError("it takes from below a mark")
        return self.stack[-1]

    def pop_mark(self) -> list[Any]:
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    # --- what most of a pickle is made of, in as few steps as it takes ---------------------------------------------

    def short_text(self) -> None:
        start = self.at + 1
        end = start + self.data[self.at]
        if end > len(self.data):
            raise RefusedPickleError("it breaks off")
        self.stack.append(str(self.data[start:end], "utf-8", "surrogatepass"))
        self.at = end

    def whole_number(self) -> None:
        self.stack.append(_INT.unpack_from(self.data, self.at)[0])
        self.at += 4

    def float(self) -> None:
        self.stack.append(_FLOAT.unpack_from(self.data, self.at)[0])
        self.at += 8

    def memoize(self) -> None:
        self.memo.append(self.top())

    def recall_short(self) -> None:
        index = self.data[self.at]
        self.at += 1
        if index >= len(self.memo):
            raise RefusedPickleError("it recalls what it never kept")
        self.stack.append(self.memo[index])

    # --- looking up and calling -----------------------------------------------------------------------------------

    def look_up(self) -> None:
        name, module = self.pop(), self.pop()
        if type(name) is not str or type(module) is not str:
            raise RefusedPickleError("it computes the name of what it looks up")
        found = Name(module, name)
        self.mentioned.add(found)
        self.stack.append(found)

    def call(self, function: Any, args: Any, kwargs: Any = None) -> None:
        if type(function) is not Name:
            raise RefusedPickleError("it calls what another call gave")
        if type(args) is not tuple:
            raise RefusedPickleError("it calls with arguments that are no tuple")
        if function in _MAKERS:
            if not args or any(type(argument) is not Name for argument in args[:2]):
                raise RefusedPickleError("it makes an instance of what another call gave")
            self.made.update(args[:2])
        self.stack.append(Call(function, args, kwargs))
        self.calls.append(self.stack[-1])

    def build(self) -> None:
        state, target = self.pop(), self.top()
        if type(target) is not Call:
            raise RefusedPickleError(
                f"it sets attributes of {target if type(target) is Name else type(target).__name__}"
            )
        target.states.append(state)

    def append(self, items: list[Any]) -> None:
        target = self.top()
        if type(target) is list:
            target.extend(items)
        elif type(target) is Call:
            target.items.extend(items)
        else:
            raise RefusedPickleError(f"it adds items to a {type(target).__name__}")

    def set_items(self, items: list[Any]) -> None:
        if len(items) % 2:
            raise RefusedPickleError("it sets a key without a value")
        target = self.top()
        pairs = zip(items[::2], items[1::2], strict=True)
        if type(target) is Entries:
            target.pairs.extend(pairs)
        elif type(target) is Call:
            target.entries.extend(pairs)
        else:
            raise RefusedPickleError(f"it sets keys of a {type(target).__name__}")

    def add_to_set(self, items: list[Any]) -> None:
        target = self.top()
        if type(target) is not Group:
            raise RefusedPickleError(f"it adds to a {type(target).__name__}")
        target.items.extend(items)

    def next_buffer(self) -> None:
        self.stack.append(Buffer(self.buffers))
        self.buffers += 1

    def readonly_buffer(self) -> None:
        if type(self.top()) is not Buffer:
            raise RefusedPickleError("it makes something read-only that is no buffer")

    def pop_any(self) -> None:
        """Take an item, or a mark that nothing stands on: what the real one does."""
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self.stack.pop()

    def frame(self) -> None:
        size = self.number(8)
        if self.at + size > len(self.data):
            raise RefusedPickleError("it breaks off")

    def proto(self) -> None:
        if self.number(1) != 5:
            raise RefusedPickleError("it is not of protocol 5")

    def reduce(self) -> None:
        args, function = self.pop(), self.pop()
        self.call(function, args)
        self.called.add(function)

    def new_instance(self) -> None:
        args, cls = self.pop(), self.pop()
        self.call(cls, args)
        self.made.add(cls)

    def new_instance_with_names(self) -> None:
        kwargs, args, cls = self.pop(), self.pop(), self.pop()
        if type(kwargs) is not Entries:
            raise RefusedPickleError("it calls with keywords that are no dict")
        self.call(cls, args, kwargs)
        self.made.add(cls)

    def tuple_of(self, count: int) -> None:
        if len(self.stack) - (self.marks[-1] if self.marks else 0) < count:
            raise RefusedPickleError("it takes from below a mark")
        items = tuple(self.stack[len(self.stack) - count :])
        del self.stack[len(self.stack) - count :]
        self.stack.append(items)

    def set_one(self) -> None:
        value, key = self.pop(), self.pop()
        self.set_items([key, value])

    def append_one(self) -> None:
        item = self.pop()
        self.append([item])

    def recall(self, index: int) -> None:
        if index >= len(self.memo):
            raise RefusedPickleError("it recalls what it never kept")
        self.stack.append(self.memo[index])


def _push(make: Callable[[_Machine], Any]) -> Callable[[_Machine], None]:
    def step(machine: _Machine) -> None:
        machine.stack.append(make(machine))

    return step


def _text(size: int) -> Callable[[_Machine], None]:
    return _push(lambda machine: str(machine.take(machine.number(size)), "utf-8", "surrogatepass"))


def _octets(size: int) -> Callable[[_Machine], None]:
    return _push(lambda machine: machine.take(machine.number(size)))


def _long(size: int) -> Callable[[_Machine], None]:
    return _push(lambda machine: int.from_bytes(machine.take(machine.number(size)), "little", signed=True))


_STOP = pickle.STOP[0]
_OPCODES: dict[bytes, Callable[[_Machine], Any]] = {
    pickle.PROTO: _Machine.proto,
    pickle.FRAME: _Machine.frame,
    pickle.MARK: lambda machine: machine.marks.append(len(machine.stack)),
    pickle.POP: _Machine.pop_any,
    pickle.POP_MARK: _Machine.pop_mark,
    pickle.NONE: _push(lambda _: None),
    pickle.NEWTRUE: _push(lambda _: True),
    pickle.NEWFALSE: _push(lambda _: False),
    pickle.BININT: _Machine.whole_number,
    pickle.BININT1: _push(lambda machine: machine.number(1)),
    pickle.BININT2: _push(lambda machine: machine.number(2)),
    pickle.LONG1: _long(1),
    pickle.LONG4: _long(4),
    pickle.BINFLOAT: _Machine.float,
    pickle.SHORT_BINUNICODE: _Machine.short_text,
    pickle.BINUNICODE: _text(4),
    pickle.BINUNICODE8: _text(8),
    pickle.SHORT_BINBYTES: _octets(1),
    pickle.BINBYTES: _octets(4),
    pickle.BINBYTES8: _octets(8),
    pickle.BYTEARRAY8: _octets(8),
    pickle.NEXT_BUFFER: _Machine.next_buffer,
    pickle.READONLY_BUFFER: _Machine.readonly_buffer,
    pickle.EMPTY_LIST: _push(lambda _: []),
    pickle.APPEND: _Machine.append_one,
    pickle.APPENDS: lambda machine: machine.append(machine.pop_mark()),
    pickle.EMPTY_TUPLE: _push(lambda _: ()),
    pickle.TUPLE: _push(lambda machine: tuple(machine.pop_mark())),
    pickle.TUPLE1: lambda machine: machine.tuple_of(1),
    pickle.TUPLE2: lambda machine: machine.tuple_of(2),
    pickle.TUPLE3: lambda machine: machine.tuple_of(3),
    pickle.EMPTY_DICT: _push(lambda _: Entries()),
    pickle.SETITEM: _Machine.set_one,
    pickle.SETITEMS: lambda machine: machine.set_items(machine.pop_mark()),
    pickle.EMPTY_SET: _push(lambda _: Group([])),
    pickle.ADDITEMS: lambda machine: machine.add_to_set(machine.pop_mark()),
    pickle.FROZENSET: _push(lambda machine: Group(machine.pop_mark())),
    pickle.MEMOIZE: _Machine.memoize,
    pickle.BINGET: _Machine.recall_short,
    pickle.LONG_BINGET: lambda machine: machine.recall(machine.number(4)),
    pickle.STACK_GLOBAL: _Machine.look_up,
    pickle.REDUCE: _Machine.reduce,
    pickle.NEWOBJ: _Machine.new_instance,
    pickle.NEWOBJ_EX: _Machine.new_instance_with_names,
    pickle.BUILD: _Machine.build,
}
_STEPS = [_OPCODES.get(bytes([code])) for code in range(256)]
