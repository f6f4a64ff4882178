"""Tests that may be looked at after every observation, and stopped when one likes.

The evidence is the wealth of a gambler who bets against the hypothesis with a stake fixed before each observation: if
the hypothesis holds he cannot expect to win, so that his wealth ever reaches 1 / alpha with probability alpha at most
(Ville, 1939; Waudby-Smith and Ramdas, 2024, "Estimating means of bounded random variables by betting"). He spreads his
money over stakes from timid to bold, since the size of the difference is not known beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlops_lite.errors import InvalidInputError

__all__ = ["SequentialTest"]

_STAKES = np.geomspace(0.01, 0.9, 16)


class SequentialTest:
    """Does ``candidate`` have the higher mean? Valid at any stopping time.

    The hypothesis that it tries to refute: at each moment the expectation of the candidate is at most that of the
    reference plus ``margin``. Both may move together, over the day, say. For error rates the values are 0 and 1; where
    more is better, swap the two or the signs.

    Parameters
    ----------
    alpha : float
        With this probability at most it ever refutes a hypothesis that holds.
    low, high : float
        The range of the values; what lies beyond is counted as the nearer end.
    margin : float
        How much higher the candidate may be.

    Examples
    --------
    >>> test = SequentialTest(alpha=0.05)
    >>> dice = np.random.default_rng(0)
    >>> for hour in range(10):
    ...     test.update(candidate=dice.random(50) < 0.10, reference=dice.random(450) < 0.01)
    >>> test.refuted, test.p_value < 0.05
    (True, True)
    """

    def __init__(self, *, alpha: float = 0.05, low: float = 0.0, high: float = 1.0, margin: float = 0.0) -> None:
        if not 0 < alpha < 1:
            raise InvalidInputError(f"alpha is {alpha}; it is a probability between 0 and 1.")
        if not high > low or not 0 <= margin < high - low:
            raise InvalidInputError(f"A range from {low} to {high} with the margin {margin} leaves nothing to test.")
        self.alpha, self.low, self.high, self.margin = alpha, low, high, margin
        self.candidates = 0
        self.references = 0
        self._log_wealth = np.zeros(len(_STAKES))
        self._best = 0.0  # the logarithm of the greatest wealth so far
        self._waiting: tuple[NDArray[np.float64], NDArray[np.float64]] = (np.zeros(0), np.zeros(0))

    def update(self, candidate: ArrayLike = (), reference: ArrayLike = ()) -> None:
        """Add observations in the order in which they arrived.

        They are bet on in as many rounds as the shorter side has values; a side that is still empty waits.

        Parameters
        ----------
        candidate, reference : array of shape (n,), (m,)
            Not NaN.
        """
        sides = [self._scaled(candidate), self._scaled(reference)]
        self.candidates += len(sides[0])
        self.references += len(sides[1])
        new, old = (np.concatenate(pair) for pair in zip(self._waiting, sides, strict=True))
        rounds = min(len(new), len(old))
        if not rounds:
            self._waiting = new, old
            return
        self._waiting = np.zeros(0), np.zeros(0)
        margin = self.margin / (self.high - self.low)
        gains = (_means(new, rounds) - _means(old, rounds) - margin) / (1 + margin)
        path = self._log_wealth + np.cumsum(np.log1p(np.outer(gains, _STAKES)), axis=0)
        self._log_wealth = path[-1]
        self._best = max(self._best, float(np.max(_log_mean(path))))

    def _scaled(self, values: ArrayLike) -> NDArray[np.float64]:
        found = np.atleast_1d(np.asarray(values, dtype=np.float64))
        if np.isnan(found).any():
            raise InvalidInputError("A sequential test was given NaN.", remedy="Leave such observations out.")
        return (np.clip(found, self.low, self.high) - self.low) / (self.high - self.low)

    @property
    def e_value(self) -> float:
        """The evidence now: the wealth, begun with 1."""
        return float(np.exp(_log_mean(self._log_wealth)))

    @property
    def p_value(self) -> float:
        """The smallest alpha at which it would be refuted by now."""
        return float(np.exp(-self._best))

    @property
    def refuted(self) -> bool:
        """Whether the hypothesis is refuted. Once it is, it stays so."""
        return self.p_value <= self.alpha

    def state(self) -> dict[str, Any]:
        """Give what :meth:`from_state` needs, as plain values."""
        return {
            "alpha": self.alpha,
            "low": self.low,
            "high": self.high,
            "margin": self.margin,
            "seen": [self.candidates, self.references],
            "log_wealth": self._log_wealth.tolist(),
            "best": self._best,
            "waiting": [side.tolist() for side in self._waiting],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> SequentialTest:
        """Go on where another process stopped.

        Examples
        --------
        >>> test = SequentialTest()
        >>> test.update([1, 0, 1], [0, 0, 0])
        >>> SequentialTest.from_state(test.state()).e_value == test.e_value
        True
        """
        self = cls(**{name: state[name] for name in ("alpha", "low", "high", "margin")})
        self.candidates, self.references = state["seen"]
        self._log_wealth = np.array(state["log_wealth"])
        self._best = state["best"]
        new, old = state["waiting"]
        self._waiting = np.array(new, dtype=np.float64), np.array(old, dtype=np.float64)
        return self


def _means(values: NDArray[np.float64], rounds: int) -> NDArray[np.float64]:
    """Average neighbours, so that as many numbers are left as there are rounds."""
    edges = np.arange(rounds + 1) * len(values) // rounds
    return np.add.reduceat(values, edges[:-1]) / np.diff(edges)


def _log_mean(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the logarithm of the mean of exponentials along the last axis."""
    top = logs.max(-1)
    return np.asarray(top + np.log(np.mean(np.exp(logs - top[..., None]), axis=-1)))
