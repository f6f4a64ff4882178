"""A sliding window of which the newest values are held against a sample of the others."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping
from math import exp
from typing import Any

__all__ = ["Detector"]


class Detector:
    """Find a change of the distribution by Kolmogorov and Smirnov's test (Raab, Heusinger and Schleif, 2020).

    Parameters
    ----------
    alpha : float
        Of one test. The paper's 0.005 alarms every few hundred values without any change; the default is rarer.
    window : int
        Values that are kept.
    newest : int
        Of which so many are tested against as many of the others, drawn at random.
    clock : int
        After how many values it tests.
    seed : int

    Examples
    --------
    >>> import random
    >>> dice, detector = random.Random(0), Detector()
    >>> before = sum(detector.update(dice.gauss(0, 1)) for _ in range(2000))
    >>> after = sum(detector.update(dice.gauss(2, 1)) for _ in range(200))
    >>> before, after > 0
    (0, True)
    """

    def __init__(
        self, alpha: float = 1e-4, window: int = 300, newest: int = 80, clock: int = 10, seed: int = 0
    ) -> None:
        self.alpha, self.window, self.newest, self.clock = alpha, window, newest, clock
        self._dice = random.Random(seed)
        self._values: deque[float] = deque(maxlen=window)
        self._since = 0

    def update(self, value: float) -> bool:
        """Take a value; say whether the distribution has changed."""
        self._values.append(value)
        self._since += 1
        if self._since < self.clock or len(self._values) < self.window:
            return False
        self._since = 0
        values = list(self._values)
        new, old = values[-self.newest :], self._dice.sample(values[: -self.newest], self.newest)
        distance = _distance(sorted(old), sorted(new))
        if 2 * exp(-distance * distance * self.newest) > self.alpha:  # the first term of the limit law
            return False
        self._values = deque(new, maxlen=self.window)
        return True

    def state(self) -> dict[str, Any]:
        """Give what :meth:`from_state` needs."""
        settings = {name: getattr(self, name) for name in ("alpha", "window", "newest", "clock")}
        return {**settings, "values": list(self._values), "since": self._since}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Detector:
        """Go on where another process stopped."""
        self = cls(**{name: state[name] for name in ("alpha", "window", "newest", "clock")})
        self._values.extend(state["values"])
        self._since = state["since"]
        return self


def _distance(one: list[float], other: list[float]) -> float:
    """Give the largest distance of the distribution functions of two sorted samples of one size."""
    place = best = 0
    for index, value in enumerate(one):
        while place < len(other) and other[place] < value:
            place += 1
            best = max(best, place - index)
        best = max(best, index + 1 - _up_to(other, value, place))
    return max(best, len(other) - len(one)) / len(one)


def _up_to(values: list[float], value: float, start: int) -> int:
    while start < len(values) and values[start] <= value:
        start += 1
    return start
