"""Laws of statistics when the rows of two samples are shuffled: exact moments, and tails that fit them."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["Score", "all_in_current", "all_of_one", "fisher", "linear", "pearson_three", "quadratic_tail"]

Floats = NDArray[Any]
_WIDE = 4_000  # beyond so many possible tables the fitted law is as good as the sum over all


@attrs.frozen
class Score:
    """A linear statistic of a table, and how it lies in its permutation law.

    Parameters
    ----------
    mean : float
        The mean score of the current sample less that of both.
    z : float
        Its distance from expectation in standard deviations.
    p_value : float
        Of both sides.
    """

    mean: float
    z: float
    p_value: float


def linear(scores: Floats, reference: NDArray[Any], current: NDArray[Any]) -> list[Score | None]:
    """Test the mean scores of two samples counted on the same cells, of many columns side by side.

    Mean, variance and skewness of the permutation law are exact, its tail that of Pearson's type III with the same
    (Mielke and Berry, 2007): the normal tail fails where sizes differ.

    Parameters
    ----------
    scores, reference, current : ndarray of shape (t, k)
        Of each column, in a row, and of each cell its score and counts.

    Returns
    -------
    list of Score or None
        None where all scores are equal.
    """
    pooled = reference + current
    n, m = reference.sum(-1).astype(np.float64), current.sum(-1).astype(np.float64)
    total = n + m
    away = scores - ((scores * pooled).sum(-1) / total)[:, None]
    weighted = away * away * pooled
    squares = weighted.sum(-1)
    varies = squares > 1e-12 * total * np.maximum(np.abs(scores).max(-1) ** 2, 1e-300)
    varies &= total > 2
    squares[~varies] = 1.0
    with np.errstate(divide="ignore", invalid="ignore"):  # of fewer than three rows
        deviation = np.sqrt(n * m / total / (total - 1) * squares)
        third = n * m * (n - m) / total / (total - 1) / (total - 2) * (weighted * away).sum(-1)
        distance = (away * current).sum(-1)
        facts = zip(distance / m, distance / deviation, third / deviation**3, strict=True)
    found = [(float(mean), float(z), float(skewness)) for mean, z, skewness in facts]
    return [
        Score(mean, z, pearson_three(z, skewness)) if each else None
        for each, (mean, z, skewness) in zip(varies, found, strict=True)
    ]


def pearson_three(z: float, skewness: float) -> float:
    """Give both tails of a standardised law of Pearson's type III.

    Examples
    --------
    >>> round(pearson_three(1.959964, 0.0), 6)
    0.05
    """
    if abs(skewness) < 1e-3:
        return float(2 * special.ndtr(-abs(z)))
    if skewness < 0:
        z, skewness = -z, -skewness
    shape = 4 / skewness**2
    point = shape + z * np.sqrt(shape)
    if point <= 0:
        return 0.0
    return float(min(1.0, 2 * min(special.gammaincc(shape, point), special.gammainc(shape, point))))


def fisher(a: int, b: int, n: int, m: int) -> float:
    """Give the p-value of Fisher's exact test of two shares, of both sides.

    Parameters
    ----------
    a, b : int
        How many of the first and of the second sample.
    n, m : int
        Their sizes.

    Examples
    --------
    >>> round(fisher(1, 9, 12, 14), 6)
    0.005304
    """
    both, total = a + b, n + m
    if both in (0, total) or not n or not m:
        return 1.0
    low, high = max(0, both - n), min(both, m)
    if high - low > _WIDE:
        mean = m * both / total
        variance = n * m * both * (total - both) / total**2 / (total - 1)
        skewness = (total - 2 * both) * (total - 2 * m) * np.sqrt(total - 1)
        skewness /= np.sqrt(float(n) * m * both * (total - both)) * (total - 2)
        away = max(abs(b - mean) - 0.5, 0.0) * np.sign(b - mean)
        return pearson_three(away / np.sqrt(variance), skewness)
    possible = np.arange(low, high + 1)
    logs = _log_choose(m, possible) + _log_choose(n, both - possible) - _log_choose(total, both)
    here = logs[b - low]
    return float(min(1.0, np.exp(logs[logs <= here + 1e-7]).sum()))


def _log_choose(n: Any, k: Any) -> Any:
    return special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)


def all_in_current(counts: NDArray[Any], n: int, m: int) -> Floats:
    """Give the probability that all of so many rows, of both samples together, lie in the current one."""
    return np.asarray(np.exp(_log_choose(m, counts) - _log_choose(n + m, counts)))


def rough_tail(value: Any, mean: Any, squares: Any) -> Floats:
    """Give the upper tail of weighted sums of squared normal variables by gamma laws of the same mean and variance.

    Parameters
    ----------
    value : float, or ndarray
    mean, squares : float, or ndarray
        The sum of the weights and of their squares.
    """
    below = np.where(squares > 0, squares, 1.0)
    return np.where(squares > 0, special.gammaincc(mean**2 / 2 / below, value * mean / 2 / below), 1.0)


def quadratic_tail(value: float, weights: Floats) -> float:
    """Give the upper tail of a weighted sum of squared normal variables.

    By the saddlepoint of Kuonen (1999), good to a few per cent far into the tail.

    Parameters
    ----------
    value : float
    weights : ndarray of shape (k,)
        Not negative.

    Examples
    --------
    >>> round(quadratic_tail(3.841459, np.array([1.0])), 2)
    0.05
    """
    weights = weights[weights > 1e-9 * weights.max(initial=0.0)]
    if not len(weights) or value <= 0:
        return 1.0
    mean = float(weights.sum())
    if abs(value - mean) < 1e-3 * mean:  # the formula has a hole at the mean
        value = mean * (1 + (1e-3 if value >= mean else -1e-3))
    point = _saddlepoint(value, weights)
    inner = 1 - 2 * point * weights
    generating = -0.5 * float(np.log(inner).sum())
    curvature = 2 * float(np.square(weights / inner).sum())
    w = np.sign(point) * np.sqrt(max(2 * (point * value - generating), 1e-300))
    v = point * np.sqrt(curvature)
    return float(np.clip(special.ndtr(-(w + np.log(v / w) / w)), 0.0, 1.0))


def _saddlepoint(value: float, weights: Floats) -> float:
    """Solve for where the tilted mean is the value, by Newton's steps kept between bounds."""
    high = 1 / (2 * float(weights.max()))
    low = -len(weights) / (2 * value)
    point = 0.0
    for _ in range(60):
        inner = weights / (1 - 2 * point * weights)
        excess = float(inner.sum()) - value
        if abs(excess) < 1e-10 * value:
            break
        low, high = (low, point) if excess > 0 else (point, high)
        step = point - excess / (2 * float(np.square(inner).sum()))
        point = step if low < step < high else (low + high) / 2
    return point


def all_of_one(pooled: NDArray[Any], n: int, m: int) -> float:
    """Give the probability that all rows of the current sample lie in one cell, whichever.

    Parameters
    ----------
    pooled : ndarray of shape (k,)
        Counts of both samples together.
    n, m : int
        Sizes of the reference and of the current sample.

    Examples
    --------
    >>> round(all_of_one(np.array([2, 2]), 2, 2), 6)
    0.333333
    """
    large = pooled[pooled >= m]
    return float(min(1.0, np.exp(_log_choose(large, m) - _log_choose(n + m, m)).sum()))
