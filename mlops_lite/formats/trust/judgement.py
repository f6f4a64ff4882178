"""Judging a pickle, and opening it if the reader allows what it needs."""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Iterable
from typing import Any, Protocol

import attrs

from mlops_lite.base.digest import sha256
from mlops_lite.base.trust import Trust
from mlops_lite.errors import UntrustedError
from mlops_lite.formats.trust import classes, machine, names, sound
from mlops_lite.formats.trust.symbols import Name, Reading, RefusedPickleError

__all__ = ["Judgement", "judge", "require", "unpickle"]

_FEW = 5
_MARKS = "judged"  # a section of the user's own cache


class Marks(Protocol):
    """Where it is remembered what was judged: the cache of this machine."""

    def read(self, section: str, key: str) -> bytes | None:
        """Look."""
        ...

    def write(self, section: str, key: str, data: bytes) -> None:
        """Remember."""
        ...


@attrs.frozen
class Judgement:
    """What a pickle needs, as told by its bytes.

    Parameters
    ----------
    level : {"known", "code"}
        The level that allows it.
    names : tuple of str
        Every class and function that it looks up: names, not behaviour.
    beyond : tuple of str
        Those outside the list of known names.
    refused : str
        Why it cannot be followed, where it cannot.
    """

    level: str
    names: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()
    refused: str = ""

    @property
    def reason(self) -> str:
        """What needs more than ``"known"``, in words; empty where nothing does."""
        if any(name.startswith("cloudpickle.") for name in self.beyond):
            return "it brings functions or classes by value"
        if self.refused:
            return f"its pickle cannot be followed: {self.refused}"
        listed = ", ".join(self.beyond[:_FEW])
        more = len(self.beyond) - _FEW
        return f"it uses {listed}{f' and {more} more' if more > 0 else ''}" if listed else ""


def judge(
    head: bytes | bytearray | memoryview, further: frozenset[str] = frozenset(), marks: Marks | None = None
) -> Judgement:
    """Say what a pickle needs, without running it.

    Parameters
    ----------
    head : bytes-like
        The pickle.
    further : frozenset of str
        Exact names that are allowed besides the known ones.
    marks : Marks, optional
        What was found to be known earlier on this machine; such a pickle is not followed again.

    Returns
    -------
    Judgement

    Examples
    --------
    >>> judge(pickle.dumps({1: [2.5]}, protocol=5)).level
    'known'
    >>> judge(pickle.dumps(print, protocol=5)).beyond
    ('builtins.print',)
    """
    digest = sha256(head)
    if marks is not None and not further and marks.read(_MARKS, _mark(digest)) is not None:
        return Judgement("known")
    found = _judge(digest, bytes(head), further)
    if marks is not None and not further and found.level == "known":
        marks.write(_MARKS, _mark(digest), b"")
    return found


def _mark(digest: str) -> str:
    """Name what was judged, and by which list: another version of mlops_lite judges anew."""
    return f"{names.version()}/{digest}"


_memory: dict[tuple[str, frozenset[str]], Judgement] = {}
_MOST = 1000


def _judge(digest: str, head: bytes, further: frozenset[str]) -> Judgement:
    """Judge the same bytes once a process."""
    key = (digest, further)
    if key not in _memory:
        if len(_memory) >= _MOST:
            _memory.clear()
        _memory[key] = _judge_anew(head, further)
    return _memory[key]


def _judge_anew(head: bytes, further: frozenset[str]) -> Judgement:
    try:
        reading = machine.read(head)
    except RefusedPickleError as refused:
        until = Reading(None, frozenset(), refused.mentioned)
        return Judgement("code", _sorted(refused.mentioned), tuple(names.beyond(until, further)), str(refused))
    unknown = tuple(names.beyond(reading, further))
    looked_up = _sorted(reading.mentioned)
    return Judgement("code" if unknown else "known", looked_up, unknown)


def _sorted(looked_up: Iterable[Name]) -> tuple[str, ...]:
    return tuple(sorted(map(str, looked_up)))


def require(trust: Trust, level: str, what: str, reason: str, remedy: str | None = None) -> None:
    """Refuse to go on where the reader did not allow it.

    Parameters
    ----------
    trust : Trust
        What the reader allows.
    level : str
        What is needed.
    what : str
        What it is, for the message.
    reason : str
        What needs it.
    remedy : str, optional
        The call that puts it right; that of a registry without it.

    Raises
    ------
    UntrustedError
        Names the level that is needed, what needs it, and the call.
    """
    if not trust.allows(level):
        raise UntrustedError(
            f"{what} needs trusted={level!r} to be opened: {reason}. Only {trust.level!r} is allowed here. "
            "Nothing was opened, and nothing is damaged.",
            remedy=remedy
            or f"Look at it with registry.inspect(…). If you trust whoever wrote it: load(…, trusted={level!r}), "
            f"or ml.use(…, trusted={level!r}) for all of a store.",
            needed=level,
            reason=reason,
        )


def unpickle(head: memoryview, buffers: Iterable[Any], trust: Trust, what: str, marks: Marks | None = None) -> Any:
    """Open a pickle, if the reader allows what it needs.

    Parameters
    ----------
    head : memoryview
        The pickle, compared with its digest already.
    buffers : iterable of bytes-like
        The parts that lie outside it.
    trust : Trust
    what : str
        What it is, for messages.
    marks : Marks, optional
        As for :func:`judge`.

    Raises
    ------
    UntrustedError
        It needs more.
    DamagedError
        Compiled code would follow its numbers out of its arrays.
    """
    require(trust, "known", what, "it is a pickle")
    if trust.level == "code":
        return classes.load(head, buffers)
    judgement = judge(head, trust.names, marks)
    require(trust, judgement.level, what, judgement.reason)
    unpickler = _Known(io.BytesIO(head), buffers, trust.names)
    return sound.check(unpickler.load(), unpickler.libraries, what)


class _Known(pickle.Unpickler):
    """The real unpickler, which looks up nothing outside the list either."""

    def __init__(self, file: io.BytesIO, buffers: Iterable[Any], further: frozenset[str]) -> None:
        super().__init__(file, buffers=buffers)
        self._further = further
        self.libraries: set[str] = set()  # whose names were looked up

    def find_class(self, module: str, name: str, /) -> Any:
        wanted = Name(module, name)
        if wanted not in names.known().mentioned and str(wanted) not in self._further:
            raise UntrustedError(
                f"A pickle looked up {wanted}, which is not known.", remedy=f"trusted=[{str(wanted)!r}]", needed="code"
            )
        if "." in name and str(wanted) not in self._further:
            raise UntrustedError(f"A pickle looked up {wanted}, an attribute of something.", needed="code")
        self.libraries.add(module.partition(".")[0])
        __import__(module)
        return getattr(sys.modules[module], name) if "." not in name else super().find_class(module, name)
