"""Better: the version is better than what serves, beyond chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite.deployment.gates.no_worse import alone, compared
from mlops_lite.deployment.held_out import difference
from mlops_lite.deployment.outcome import Outcome

if TYPE_CHECKING:
    from mlops_lite.deployment.candidate import Candidate

__all__ = ["Better"]


@attrs.frozen
class Better:
    """Ask that the version is better than what serves, on the same held-out rows, by more than a margin.

    Parameters
    ----------
    name : str
        A metric.
    on : Snapshot, ref, frame, or pair of inputs and truth
    target : str or array, optional
        The truth: a column of ``on``, or an array.
    margin : float
        By how much at least; the whole interval of the difference must lie above it.
    level : float
        Of the interval.

    Examples
    --------
    >>> Better("roc_auc", on="dataset/holdout@1", target="churned").margin
    0.0
    """

    name: str
    on: Any = attrs.field(repr=False)
    target: Any = attrs.field(default=None, repr=False)
    margin: float = attrs.field(default=0.0, kw_only=True, validator=attrs.validators.ge(0))
    level: float = attrs.field(default=0.95, kw_only=True)

    def __call__(self, candidate: Candidate) -> Outcome:
        """Judge a version."""
        if candidate.champion is None:
            return alone(candidate, self, "Better")
        _, _, better = found = difference(candidate, self)
        asked = f"better by more than {self.margin:g}" if self.margin else "better"
        return compared("Better", better.low > self.margin, self.name, found, asked)
