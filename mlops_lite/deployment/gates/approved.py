"""Approved: people have looked at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mlops_lite.deployment.outcome import Outcome

if TYPE_CHECKING:
    from mlops_lite.deployment.candidate import Candidate

__all__ = ["Approved"]


@attrs.frozen
class Approved:
    """Ask that people approved the version: ``registry.approve("churn@2", note)``.

    Parameters
    ----------
    by : int
        How many different people.
    other_than_author : bool
        Whether the approval of who registered it does not count.

    Examples
    --------
    >>> Approved(by=2).other_than_author
    True
    """

    by: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    other_than_author: bool = True

    def __call__(self, candidate: Candidate) -> Outcome:
        """Judge a version."""
        author = candidate.version.author
        people = {one.author for one in candidate.version.approvals}
        counted = sorted(people - {author} if self.other_than_author else people)
        other = f" other than {author}, its author" if self.other_than_author else ""
        sentence = f"approved by {', '.join(counted) or 'nobody'}{other}; {self.by} asked for"
        return Outcome("Approved", len(counted) >= self.by, sentence, {"approvals": len(counted)})
