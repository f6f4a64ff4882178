"""A sequential test with a promise: without a change, one false alarm in 100,000 values on average, or fewer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["Detector"]

_STAKES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)


class Detector:
    """Find that a stream leaves the reference, wherever in it that begins.

    At every value new gamblers join, who bet on larger and on smaller values with fixed stakes (see
    :mod:`mlops_lite.stats.sequential`). Their common wealth less their number cannot be expected to grow while nothing
    changes, so that it takes at least ``run_length`` values on average until it reaches ``run_length`` (the e-detector
    of Shin, Ramdas and Rinaldo, 2022). Values are standard deviations from the mean of the reference, drawn into the
    range from -1 to 1 by x / (1 + abs(x)), whose mean is zero for symmetric laws; ``margin`` is what it may be off for
    others, and because the reference itself is a sample.

    Parameters
    ----------
    run_length : float
        The average number of values between false alarms, at least.
    margin : float

    Examples
    --------
    >>> import random
    >>> dice, detector = random.Random(0), Detector()
    >>> before = sum(detector.update(dice.gauss(0, 1)) for _ in range(3000))
    >>> after = sum(detector.update(dice.gauss(1, 1)) for _ in range(300))
    >>> before, after > 0
    (0, True)
    """

    def __init__(self, run_length: float = 100_000.0, margin: float = 0.03) -> None:
        self.run_length, self.margin = run_length, margin
        self._reset()

    def _reset(self) -> None:
        self._up = [0.0] * len(_STAKES)
        self._down = [0.0] * len(_STAKES)

    def update(self, value: float) -> bool:
        """Take a value; say whether the stream has left the reference."""
        drawn = value / (1.0 + abs(value))
        scale = 1.0 + self.margin
        up, down = (drawn - self.margin) / scale, (-drawn - self.margin) / scale
        self._up = [(m + 1.0) * (1.0 + stake * up) for m, stake in zip(self._up, _STAKES, strict=True)]
        self._down = [(m + 1.0) * (1.0 + stake * down) for m, stake in zip(self._down, _STAKES, strict=True)]
        if sum(self._up) + sum(self._down) < self.run_length * 2 * len(_STAKES):
            return False
        self._reset()
        return True

    def state(self) -> dict[str, Any]:
        """Give what :meth:`from_state` needs."""
        return {"run_length": self.run_length, "margin": self.margin, "up": self._up, "down": self._down}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Detector:
        """Go on where another process stopped."""
        self = cls(state["run_length"], state["margin"])
        self._up, self._down = list(state["up"]), list(state["down"])
        return self
