"""Page and Hinkley's test: the cumulated distance from the running mean, up or down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["Detector"]


class Detector:
    """Find a change of the mean (Page, 1954; Hinkley, 1971).

    Parameters
    ----------
    threshold : float
        How far the sum may stray from its extreme.
    delta : float
        Changes up to this are tolerated.
    least : int
        Values before it can alarm.

    Examples
    --------
    >>> detector = Detector()
    >>> any(detector.update(0.0) for _ in range(1000)), any(detector.update(1.0) for _ in range(100))
    (False, True)
    """

    __slots__ = ("_count", "_down", "_highest", "_lowest", "_mean", "_up", "delta", "least", "threshold")

    def __init__(self, threshold: float = 50.0, delta: float = 0.05, least: int = 30) -> None:
        self.threshold, self.delta, self.least = threshold, delta, least
        self._reset()

    def _reset(self) -> None:
        self._count, self._mean = 0, 0.0
        self._up = self._down = self._lowest = self._highest = 0.0

    def update(self, value: float) -> bool:
        """Take a value; say whether the mean has changed."""
        count = self._count = self._count + 1
        away = value - self._mean
        self._mean += away / count
        up = self._up = self._up + away - self.delta
        down = self._down = self._down + away + self.delta
        if up < self._lowest:
            self._lowest = up
        if down > self._highest:
            self._highest = down
        if count >= self.least and (up - self._lowest > self.threshold or self._highest - down > self.threshold):
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
