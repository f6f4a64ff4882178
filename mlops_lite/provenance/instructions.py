"""What the code of a function does, without where it stands and how it is laid out."""

from __future__ import annotations

import bisect
import dis
from types import CodeType
from typing import Any

__all__ = ["instructions"]

_LAYOUT = frozenset({"CACHE", "EXTENDED_ARG", "NOP", "PRECALL", "PUSH_NULL", "RESUME"})
_SAME = {"LOAD_METHOD": "LOAD_ATTR"}
_JUMPS = frozenset({*dis.hasjrel, *dis.hasjabs})


def instructions(code: CodeType) -> list[tuple[str, Any]]:
    """List what code does.

    One text compiles to ``LOAD_METHOD`` or ``LOAD_ATTR``, depending on whether the module imports a name at its top; so
    a function that is compiled again from its recorded source has other bytes.
    """
    kept = [each for each in dis.get_instructions(code) if each.opname not in _LAYOUT]
    offsets = [each.offset for each in kept]
    found: list[tuple[str, Any]] = []
    for each in kept:
        argument = each.argval
        if isinstance(argument, CodeType):
            argument = instructions(argument)
        elif each.opcode in _JUMPS:
            argument = bisect.bisect_left(offsets, argument)
        elif each.opname == "LOAD_CONST":
            argument = type(argument), argument
        found.append((_SAME.get(each.opname, each.opname), argument))
    return found
