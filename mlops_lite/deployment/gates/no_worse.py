"""NoWorse: the version is not worse than what serves, by more than a margin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite.deployment.held_out import difference, own_metric
from mlops_lite.deployment.outcome import Outcome
from mlops_lite.display.format import number

if TYPE_CHECKING:
    from mlops_lite.deployment.candidate import Candidate

__all__ = ["NoWorse", "compared"]


@attrs.frozen
class NoWorse:
    """Ask that the version is not worse than what serves, on the same held-out rows.

    A paired comparison: the interval is that of the difference. The version passes where the whole interval lies above
    ``-margin``. Without a margin it passes unless it is shown to be worse: the interval must reach 0.

    Parameters
    ----------
    name : str
        A metric.
    on : Snapshot, ref, frame, or pair of inputs and truth
    target : str or array, optional
        The truth: a column of ``on``, or an array.
    margin : float
        How much worse is still not worse.
    level : float
        Of the interval.

    Examples
    --------
    >>> NoWorse("roc_auc", on="dataset/holdout@1", target="churned", margin=0.01).margin
    0.01
    """

    name: str
    on: Any = attrs.field(repr=False)
    target: Any = attrs.field(default=None, repr=False)
    margin: float = attrs.field(default=0.0, kw_only=True, validator=attrs.validators.ge(0))
    level: float = attrs.field(default=0.95, kw_only=True)

    def __call__(self, candidate: Candidate) -> Outcome:
        """Judge a version."""
        if candidate.champion is None:
            return alone(candidate, self, "NoWorse")
        _, _, better = found = difference(candidate, self)
        ok = better.low > -self.margin if self.margin else better.high >= 0
        asked = f"not worse by {self.margin:g} or more" if self.margin else "not shown to be worse"
        return compared("NoWorse", ok, self.name, found, asked)


def alone(candidate: Candidate, gate: Any, name: str) -> Outcome:
    """Pass the first version of a place, with its own number."""
    value = own_metric(candidate, gate)
    return Outcome(name, True, f"{gate.name} {number(value)}; nothing serves yet to compare with", {gate.name: value})


def compared(name: str, ok: bool, metric: str, found: tuple[float, float, Any], asked: str) -> Outcome:
    """Tell a comparison."""
    mine, theirs, better = found
    sentence = f"{metric} {number(mine)} against {number(theirs)}, better by {better}; asked for: {asked}"
    measured = {
        metric: mine,
        "champion": theirs,
        "better": better.value,
        "better_low": better.low,
        "better_high": better.high,
    }
    return Outcome(name, bool(ok), sentence, measured)
