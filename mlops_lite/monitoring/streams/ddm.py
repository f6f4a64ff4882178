"""The drift detection method: an error rate that rises above its best."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, sqrt
from typing import Any

__all__ = ["Detector"]


class Detector:
    """Find a rise of an error rate (Gama, Medas, Castillo and Rodrigues, 2004).

    Parameters
    ----------
    deviations : float
        It alarms where rate and standard deviation exceed the lowest rate by so many standard deviations.
    least : int
        Values before it can alarm.

    Examples
    --------
    >>> detector = Detector()
    >>> any(detector.update(n % 10 == 0) for n in range(1000)), any(detector.update(1) for n in range(100))
    (False, True)
    """

    __slots__ = ("_best_deviation", "_best_rate", "_best_sum", "_count", "_errors", "deviations", "least")

    def __init__(self, deviations: float = 3.0, least: int = 30) -> None:
        self.deviations, self.least = deviations, least
        self._reset()

    def _reset(self) -> None:
        self._count = 0
        self._errors = 0.0
        self._best_rate = self._best_deviation = self._best_sum = inf

    def update(self, value: float) -> bool:
        """Take a 1 for an error, a 0 for none; say whether errors have become more."""
        count = self._count = self._count + 1
        self._errors += value
        if count < self.least:
            return False
        rate = self._errors / count
        deviation = sqrt(rate * (1.0 - rate) / count)
        total = rate + deviation
        if total <= self._best_sum:
            self._best_sum, self._best_rate, self._best_deviation = total, rate, deviation
            return False
        if total > self._best_rate + self.deviations * self._best_deviation and self._errors >= 1:
            if self._best_deviation == 0.0 and self._errors < self.deviations:
                return False  # after a beginning without errors a single one proves nothing
            self._reset()
            return True
        return False

    def state(self) -> dict[str, Any]:
        """Give what :meth:`from_state` needs."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Detector:
        """Go on where another process stopped."""
        self = cls()
        for name, value in state.items():
            setattr(self, name, value)
        return self
