"""The adaptive window: the past is forgotten as soon as some cut parts two different means."""

from __future__ import annotations

from collections.abc import Mapping
from math import log, sqrt
from typing import Any

__all__ = ["Detector"]

_SAME_SIZE = 5  # buckets of one size, before two become one


class Detector:
    """Find a change of the mean over a window that grows while nothing changes (Bifet and Gavaldà, 2007).

    The window is kept as buckets whose sizes double, so that it takes logarithmic room. Every 32 values all cuts
    between buckets are tried, with the bound of the paper's algorithm ADWIN2 for the difference of the means.

    Parameters
    ----------
    delta : float
        The confidence of the bound.
    clock : int
        After how many values cuts are tried.

    Examples
    --------
    >>> import random
    >>> dice, detector = random.Random(0), Detector()
    >>> before = sum(detector.update(dice.gauss(0, 1)) for _ in range(2000))
    >>> after = sum(detector.update(dice.gauss(1, 1)) for _ in range(500))
    >>> before, after > 0, detector.size < 600
    (0, True, True)
    """

    __slots__ = ("_rows", "_since", "_squares", "_total", "clock", "delta", "least", "size")

    def __init__(self, delta: float = 0.002, clock: int = 32, least: int = 5) -> None:
        self.delta, self.clock, self.least = delta, clock, least
        self._rows: list[list[tuple[float, float]]] = [
            []
        ]  # of size 2**row: sum, sum of squared distances; oldest first
        self.size, self._since = 0, 0
        self._total = self._squares = 0.0

    def update(self, value: float) -> bool:
        """Take a value; say whether the mean has changed."""
        self._rows[0].append((value, 0.0))
        self.size += 1
        self._total += value
        self._squares += value * value
        if len(self._rows[0]) > _SAME_SIZE:
            self._compress()
        self._since += 1
        if self._since < self.clock or self.size < 2 * self.least:
            return False
        self._since = 0
        changed = False
        while self._cut():
            changed = True
        return changed

    def _compress(self) -> None:
        row = 0
        while len(self._rows[row]) > _SAME_SIZE:
            (one, inside), (other, outside) = self._rows[row][:2]
            del self._rows[row][:2]
            if row + 1 == len(self._rows):
                self._rows.append([])
            half = 1 << row
            apart = (one - other) / half
            self._rows[row + 1].append((one + other, inside + outside + half / 2 * apart * apart))
            row += 1

    def _cut(self) -> bool:
        """Drop the oldest bucket if some cut parts two different means."""
        size, total = self.size, self._total
        variance = max(self._squares / size - (total / size) ** 2, 0.0)
        confidence = log(2.0 * log(size) / self.delta)
        old_size, old_total = 0, 0.0
        for row in range(len(self._rows) - 1, -1, -1):
            for held, _ in self._rows[row]:
                old_size += 1 << row
                old_total += held
                new_size = size - old_size
                if old_size < self.least:
                    continue
                if new_size < self.least:
                    return False
                harmonic = 1.0 / (old_size - self.least + 1) + 1.0 / (new_size - self.least + 1)
                bound = sqrt(2.0 * harmonic * variance * confidence) + 2.0 / 3.0 * harmonic * confidence
                if abs(old_total / old_size - (total - old_total) / new_size) > bound:
                    self._drop()
                    return True
        return False

    def _drop(self) -> None:
        row = len(self._rows) - 1
        held, inside = self._rows[row].pop(0)
        count = 1 << row
        self.size -= count
        self._total -= held
        self._squares -= inside + held * held / count
        while len(self._rows) > 1 and not self._rows[-1]:
            self._rows.pop()

    def state(self) -> dict[str, Any]:
        """Give what :meth:`from_state` needs."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Detector:
        """Go on where another process stopped."""
        self = cls()
        for name, value in state.items():
            setattr(self, name, value)
        self._rows = [[(bucket[0], bucket[1]) for bucket in row] for row in state["_rows"]]
        return self
