"""The parts of a function's code: functions and classes of the user's, and what they read of their modules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from mlops_lite.base.digest import sha256
from mlops_lite.tracking.describe import describe, is_exact
from mlops_lite.tracking.masking import mask
from mlops_lite.tracking.pickling import NotKeptError, pickled

__all__ = ["WHOLE", "Module", "Part", "Space"]

_MOST_GLOBAL = 1 << 20  # bytes up to which a global is digested
WHOLE = "<module>"  # a part that is the whole text of a module


@attrs.frozen
class Part:
    """One function or class of the user's.

    Parameters
    ----------
    name, module, file : str
    line : int
    source : str
        Empty where it is not to be had.
    fits : bool
        The source is that of the code that runs.
    """

    name: str
    module: str
    file: str
    line: int
    source: str
    fits: bool = True


@attrs.frozen
class Module:
    """What the parts of one module need besides each other.

    Parameters
    ----------
    name : str
    imports : tuple of str
        The lines that bind names of other modules.
    globals : mapping
        Values that are read, described.
    kept : mapping of str to str
        The digests of pickles of small ones that are no plain data.
    lost : mapping of str to str
        Why others are not kept.
    """

    name: str
    imports: tuple[str, ...] = ()
    globals: Mapping[str, Any] = attrs.field(factory=dict)
    kept: Mapping[str, str] = attrs.field(factory=dict)
    lost: Mapping[str, str] = attrs.field(factory=dict)


class Space:
    """What is found of one module while its functions are followed."""

    def __init__(self) -> None:
        self.imports: set[str] = set()
        self.values: dict[str, Any] = {}
        self.kept: dict[str, bytes] = {}
        self.lost: dict[str, str] = {}

    def note_value(self, name: str, value: Any) -> None:
        """Take in a global that is read."""
        described = describe(value, most=_MOST_GLOBAL)
        self.values[name] = mask(described, name)
        if self.values[name] != described:
            self.lost[name] = "it holds what looks like a secret"
        elif not is_exact(value, described):
            try:
                self.kept[name] = pickled(value)
            except NotKeptError as error:
                self.lost[name] = str(error)

    def describe(self) -> dict[str, Any]:
        """Describe it as plain data."""
        kept = {name: sha256(data) for name, data in self.kept.items()}
        return {"imports": sorted(self.imports), "globals": self.values, "kept": kept, "lost": self.lost}
