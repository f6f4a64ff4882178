"""Schema: the version takes what the place takes now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mlops_lite.deployment.outcome import Outcome

if TYPE_CHECKING:
    from mlops_lite.deployment.candidate import Candidate

__all__ = ["Schema"]


@attrs.frozen
class Schema:
    """Ask that whoever calls the place can go on calling it as before: same columns, types that fit.

    Parameters
    ----------
    allow : tuple of str
        Kinds of differences to put up with, as :meth:`mlops_lite.frames.schema.Schema.differences` names them. What a
        model no longer asks for, new levels and missing values disturb no caller.

    Examples
    --------
    >>> Schema().allow
    ('levels', 'nullable', 'position')
    """

    allow: tuple[str, ...] = attrs.field(default=("levels", "nullable", "position"), converter=tuple)

    def __call__(self, candidate: Candidate) -> Outcome:
        """Judge a version."""
        mine = candidate.version.signature
        if mine is None:
            return Outcome("Schema", False, f"{candidate.ref} has no signature; register it with example=X.head()")
        if candidate.champion is None or candidate.champion.signature is None:
            return Outcome("Schema", True, "nothing with a signature serves yet to compare with")
        differences = candidate.champion.signature.differences(mine)
        found = [one for one in differences if one.kind not in self.allow]
        sentence = " ".join(one.sentence for one in found[:10]) or "it takes what the place takes now"
        return Outcome("Schema", not found, sentence, {"differences": len(found)})
