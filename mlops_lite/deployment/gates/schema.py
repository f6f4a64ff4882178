"""Schema: whoever calls the place can go on calling it as before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite.deployment.outcome import Outcome

if TYPE_CHECKING:
    from mlops_lite.deployment.candidate import Candidate
    from mlops_lite.frames.schema import Difference

__all__ = ["Schema"]


@attrs.frozen
class Schema:
    """Ask that the version takes what the place takes now, so that no caller has to change.

    A version may ask for less: columns that it does not need, values that it does not mind missing, categories that
    are new. It may not ask for more: another column, another type, a value where one may be missing now.

    Examples
    --------
    >>> Schema()
    Schema()
    """

    def __call__(self, candidate: Candidate) -> Outcome:
        """Judge a version."""
        mine = candidate.version.signature
        if mine is None:
            return Outcome("Schema", False, f"{candidate.ref} has no signature; register it with example=X.head()")
        if candidate.champion is None or candidate.champion.signature is None:
            return Outcome("Schema", True, "nothing with a signature serves yet to compare with")
        found = list(_demands(candidate.champion.signature, mine))
        sentence = " ".join(found[:10]) or "it takes what the place takes now"
        return Outcome("Schema", not found, sentence, {"demands": len(found)})


def _demands(now: Any, mine: Any) -> Iterator[str]:
    """Say what a version asks for that callers need not give now."""
    if now.container != mine.container and "text" in (now.container, mine.container):
        yield f"It takes {mine.container} where {now.container} is given."
    if now.schema is not None and mine.schema is not None:
        for difference in now.schema.differences(mine.schema):
            if _asks_more(difference, mine):
                yield difference.sentence
    elif (now.schema is None) != (mine.schema is None):
        yield f"It takes {mine.container} where {now.container} is given."
    elif (now.dtype, now.shape) != (mine.dtype, mine.shape):
        yield f"It takes {mine.dtype} of shape {mine.shape} where {now.dtype} of shape {now.shape} is given."
    elif now.nullable and not mine.nullable:
        yield "It takes no missing values."


def _asks_more(difference: Difference, mine: Any) -> bool:
    before, after = difference.before, difference.after
    if difference.kind in ("removed", "position", "ordered"):
        return False
    if difference.kind == "added":
        return difference.column not in mine.optional
    if difference.kind == "nullable":
        return bool(before) and not after
    if difference.kind == "levels":
        return after is not None and (before is None or not {*before} <= {*after})
    if difference.kind == "type":
        return not _is_wider(str(before), str(after))
    return True


_WIDTHS = ("bool", "int8", "int16", "int32", "int64", "float", "double")


def _is_wider(before: str, after: str) -> bool:
    """Tell whether every number of the one type can be given as the other."""
    return before in _WIDTHS[1:] and after in _WIDTHS and _WIDTHS.index(before) <= _WIDTHS.index(after)
