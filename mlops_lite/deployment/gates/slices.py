"""Slices: no part of the data gets worse, even where the whole gets better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mlops_lite.deployment.held_out import difference
from mlops_lite.deployment.outcome import Outcome
from mlops_lite.errors import InvalidInputError

if TYPE_CHECKING:
    from mlops_lite.deployment.candidate import Candidate

__all__ = ["Slices"]


@attrs.frozen
class Slices:
    """Ask that no slice of the held-out rows loses more than ``max_drop``.

    A slice refuses where its loss is shown to be larger than that: where the whole interval of the difference lies
    below ``-max_drop``. The level is shared by the slices (Bonferroni), so that many slices make no more false alarms
    than one. Slices with fewer than ``least`` rows are named and not judged.

    Parameters
    ----------
    column : str
        The column whose values are the slices.
    max_drop : float
        In units of the metric.
    name : str
        A metric.
    on : Snapshot, ref or frame
    target : str or array
    least : int
        Rows that a slice must have.
    level : float
        Over all slices.

    Examples
    --------
    >>> Slices("region", max_drop=0.02, on="dataset/holdout@1", target="churned").name
    'accuracy'
    """

    column: str
    max_drop: float = attrs.field(default=0.0, validator=attrs.validators.ge(0))
    name: str = attrs.field(default="accuracy", kw_only=True)
    on: Any = attrs.field(default=None, kw_only=True, repr=False)
    target: Any = attrs.field(default=None, kw_only=True, repr=False)
    least: int = attrs.field(default=30, kw_only=True)
    level: float = attrs.field(default=0.95, kw_only=True)

    def __call__(self, candidate: Candidate) -> Outcome:
        """Judge a version."""
        if self.on is None:
            raise InvalidInputError("Slices need held-out rows.", remedy="Slices('region', on=holdout, target='y')")
        if candidate.champion is None:
            return Outcome("Slices", True, "nothing serves yet to compare with")
        values = self._values(candidate)
        sizes = {value: int(np.sum(values == value)) for value in dict.fromkeys(values.tolist())}
        judged = [value for value, size in sizes.items() if size >= self.least]
        gate = attrs.evolve(self, level=1 - (1 - self.level) / max(1, len(judged)))
        found = {value: difference(candidate, gate, np.flatnonzero(values == value))[2] for value in judged}
        worse = [value for value, better in found.items() if better.high < -self.max_drop]
        return Outcome("Slices", not worse, self._sentence(found, worse, len(sizes)), _numbers(found))

    def _values(self, candidate: Candidate) -> Any:
        inputs, _ = candidate.data(self.on, self.target)
        try:
            column = inputs[self.column]
        except (KeyError, IndexError, TypeError) as error:
            raise InvalidInputError(f"The held-out rows have no column {self.column!r}.") from error
        return np.array([str(value) for value in column])

    def _sentence(self, found: dict[str, Any], worse: list[str], total: int) -> str:
        few = f"; {total - len(found)} with fewer than {self.least} rows not judged" if total > len(found) else ""
        if worse:
            told = ", ".join(f"{value} ({found[value]})" for value in worse[:5])
            return f"{self.name} drops by more than {self.max_drop:g} where {self.column} is {told}{few}"
        lowest = min(found, key=lambda value: found[value].value, default=None)
        least = f"; the least: {lowest} ({found[lowest]})" if lowest is not None else ""
        return f"no drop of {self.name} beyond {self.max_drop:g} in {len(found)} slices of {self.column}{least}{few}"


def _numbers(found: dict[str, Any]) -> dict[str, float]:
    listed = sorted(found.items(), key=lambda item: item[1].value)[:100]
    return {f"{value}{end}": getattr(one, part) for value, one in listed for end, part in _PARTS}


_PARTS = (("", "value"), ("_low", "low"), ("_high", "high"))
