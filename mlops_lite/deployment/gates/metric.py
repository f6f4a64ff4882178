"""Metric: a number of the version alone, against a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite.deployment.held_out import own_metric
from mlops_lite.deployment.outcome import Outcome
from mlops_lite.display.format import number
from mlops_lite.errors import InvalidInputError, NotFoundError, suggest

if TYPE_CHECKING:
    from mlops_lite.deployment.candidate import Candidate

__all__ = ["Metric"]


@attrs.frozen
class Metric:
    """Ask that a metric keeps a bound.

    Parameters
    ----------
    name : str
        A metric that was registered with the version, or, with ``on``, one to compute.
    at_least, at_most : float, optional
        The bound; one or both.
    on : Snapshot, ref, frame, or pair of inputs and truth, optional
        Compute it on these rows. Without it the registered number is read.
    target : str or array, optional
        The truth.

    Examples
    --------
    >>> Metric("roc_auc", at_least=0.8).at_least
    0.8
    """

    name: str
    at_least: float | None = None
    at_most: float | None = None
    on: Any = attrs.field(default=None, repr=False)
    target: Any = attrs.field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        """Ask for a bound."""
        if self.at_least is None and self.at_most is None:
            raise InvalidInputError(f"The gate on {self.name} has no bound.", remedy="Pass at_least= or at_most=.")

    def __call__(self, candidate: Candidate) -> Outcome:
        """Judge a version."""
        value = self._registered(candidate) if self.on is None else own_metric(candidate, self)
        ok = (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)
        bounds = [f"at least {self.at_least:g}"] if self.at_least is not None else []
        bounds += [f"at most {self.at_most:g}"] if self.at_most is not None else []
        where = "as registered" if self.on is None else "on the held-out rows"
        return Outcome("Metric", ok, f"{self.name} {number(value)} {where}, {' and '.join(bounds)}", {self.name: value})

    def _registered(self, candidate: Candidate) -> float:
        known = candidate.version.metrics
        if self.name not in known:
            raise NotFoundError(
                f"{candidate.ref} was registered without {self.name!r}.",
                remedy=f"{suggest(self.name, known)} Or compute it: Metric({self.name!r}, …, on=holdout, target=…).",
            )
        return float(known[self.name])
