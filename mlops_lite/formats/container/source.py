"""Where the objects of a stored value come from."""

from __future__ import annotations

from typing import Literal, Protocol

__all__ = ["Source", "Verify"]

Verify = Literal["once", "always", "never"]


class Source(Protocol):
    """What gives objects: those of a store."""

    def read(self, digest: str, start: int = 0, stop: int | None = None, *, verify: bool = True) -> bytes:
        """Read an object, or a range of it."""
        ...

    def map(self, digest: str, *, readonly: bool = False, verify: Verify = "once") -> memoryview:
        """Map an object into memory, privately."""
        ...
