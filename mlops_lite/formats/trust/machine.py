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

from mlops_lite.formats.trust.symbols import Buffer, Call, Entries, Group, Name, Reading, RefusedPickleError

__all__ = ["MOST_BYTES", "read"]

MOST_BYTES = 64 << 20


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


_unpack_float = struct.Struct(">d").unpack_from


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
        """Follow opcode by opcode.

        Those that a pickle of many small things is made of stand here, in as few steps as it takes. What they read
        beyond the end makes the next opcode an IndexError.
        """
        data, stack, memo, marks, steps, at = self.data, self.stack, self.memo, self.marks, _STEPS, self.at
        while True:
            code = data[at]
            at += 1
            if code == _BINGET:
                stack.append(memo[data[at]])
                at += 1
            elif code == _MEMOIZE:
                if marks and marks[-1] == len(stack):
                    raise RefusedPickleError("it takes from below a mark")
                memo.append(stack[-1])
            elif code == _SHORT_TEXT:
                end = at + 1 + data[at]
                stack.append(str(data[at + 1 : end], "utf-8", "surrogatepass"))
                at = end
            elif code == _BYTE:
                stack.append(data[at])
                at += 1
            elif code == _TWO_BYTES:
                stack.append(data[at] | data[at + 1] << 8)
                at += 2
            elif code == _FLOAT:
                stack.append(_unpack_float(data, at)[0])
                at += 8
            elif code in _CONSTANTS:
                stack.append(_CONSTANTS[code])
            elif code == _MARK:
                marks.append(len(stack))
            elif code == _SETITEMS:
                items = stack[(start := marks.pop()) :]
                del stack[start:]
                self.set_items(items)
            elif code == _EMPTY_DICT:
                stack.append(Entries())
            elif (step := steps[code]) is not None:
                self.at = at
                step(self)
                at = self.at
            elif code == _STOP:
                self.at = at
                return self._end()
            else:
                raise RefusedPickleError(f"it has the opcode {bytes([code])!r}, which protocol 5 does not write")

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
            target.extend(pairs)
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


_BINGET, _MEMOIZE, _SHORT_TEXT = pickle.BINGET[0], pickle.MEMOIZE[0], pickle.SHORT_BINUNICODE[0]
_BYTE, _TWO_BYTES, _FLOAT = pickle.BININT1[0], pickle.BININT2[0], pickle.BINFLOAT[0]
_MARK, _STOP, _EMPTY_DICT, _SETITEMS = pickle.MARK[0], pickle.STOP[0], pickle.EMPTY_DICT[0], pickle.SETITEMS[0]
_CONSTANTS = {pickle.NONE[0]: None, pickle.NEWTRUE[0]: True, pickle.NEWFALSE[0]: False}
_OPCODES: dict[bytes, Callable[[_Machine], Any]] = {
    pickle.PROTO: _Machine.proto,
    pickle.FRAME: _Machine.frame,
    pickle.POP: _Machine.pop_any,
    pickle.POP_MARK: _Machine.pop_mark,
    pickle.BININT: _push(lambda machine: int.from_bytes(machine.take(4), "little", signed=True)),
    pickle.LONG1: _long(1),
    pickle.LONG4: _long(4),
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
    pickle.SETITEM: _Machine.set_one,
    pickle.EMPTY_SET: _push(lambda _: Group([])),
    pickle.ADDITEMS: lambda machine: machine.add_to_set(machine.pop_mark()),
    pickle.FROZENSET: _push(lambda machine: Group(machine.pop_mark())),
    pickle.LONG_BINGET: lambda machine: machine.recall(machine.number(4)),
    pickle.STACK_GLOBAL: _Machine.look_up,
    pickle.REDUCE: _Machine.reduce,
    pickle.NEWOBJ: _Machine.new_instance,
    pickle.NEWOBJ_EX: _Machine.new_instance_with_names,
    pickle.BUILD: _Machine.build,
}
_STEPS = [_OPCODES.get(bytes([code])) for code in range(256)]
