"""What a pickle would do, as symbols: the names that it looks up, the calls that it would make, and what they give."""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["Buffer", "Call", "Entries", "Group", "Name", "Reading", "RefusedPickleError"]


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


class Entries(list[tuple[Any, Any]]):
    """A dict: pairs of key and value in the order in which they were set."""


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
