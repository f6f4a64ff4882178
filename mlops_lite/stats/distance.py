"""Distances of two distributions, from counts on the same cells or from the values themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "cramer_von_mises",
    "hellinger",
    "jensen_shannon",
    "kolmogorov_smirnov",
    "kolmogorov_smirnov_bounds",
    "kolmogorov_smirnov_p",
    "population_stability",
    "total_variation",
    "wasserstein",
]

Array = NDArray[Any]


def _shares(counts: Array) -> NDArray[np.float64]:
    total = counts.sum()
    return counts / total if total else np.zeros(len(counts))


def kolmogorov_smirnov(reference: Array, current: Array) -> float:
    """Give the largest distance of the two distribution functions, from counts on cells in order.

    Examples
    --------
    >>> kolmogorov_smirnov(np.array([5, 5]), np.array([2, 8]))
    0.3
    """
    gap = np.cumsum(_shares(reference) - _shares(current))
    return float(round(np.abs(gap).max(initial=0.0), 15))


def kolmogorov_smirnov_bounds(reference: Array, current: Array) -> tuple[float, float]:
    """Say between what the exact distance lies, whatever happens inside the cells."""
    then, now = _shares(reference), _shares(current)
    before, after = np.cumsum(then), np.cumsum(now)
    widest = np.maximum(before - (after - now), after - (before - then))
    return kolmogorov_smirnov(reference, current), float(widest.max(initial=0.0))


def kolmogorov_smirnov_p(statistic: float, n: int, m: int) -> float:
    """Give the p-value of the two-sided test by the limit law of Kolmogorov (1933) and Smirnov (1939).

    With ties it is conservative.
    """
    from scipy.special import kolmogorov

    return float(kolmogorov(statistic * np.sqrt(n * m / (n + m)))) if n and m else 1.0


def total_variation(reference: Array, current: Array) -> float:
    """Give half the sum of the differences of shares.

    Examples
    --------
    >>> total_variation(np.array([5, 5]), np.array([2, 8]))
    0.3
    """
    return float(round(0.5 * np.abs(_shares(reference) - _shares(current)).sum(), 15))


def hellinger(reference: Array, current: Array) -> float:
    """Give Hellinger's distance (1909): between 0 and 1, a metric.

    Examples
    --------
    >>> round(hellinger(np.array([5, 5]), np.array([2, 8])), 4)
    0.2265
    """
    gap = np.sqrt(_shares(reference)) - np.sqrt(_shares(current))
    return float(np.sqrt(0.5 * np.square(gap).sum()))


def jensen_shannon(reference: Array, current: Array) -> float:
    """Give the root of the divergence of Jensen and Shannon, with logarithms of base 2: between 0 and 1 (Lin, 1991).

    Examples
    --------
    >>> round(jensen_shannon(np.array([5, 5]), np.array([2, 8])), 4)
    0.2704
    """
    then, now = _shares(reference), _shares(current)
    middle = (then + now) / 2
    divergence = 0.5 * (_relative_entropy(then, middle) + _relative_entropy(now, middle))
    return float(np.sqrt(max(divergence, 0.0) / np.log(2)))


def _relative_entropy(one: Array, other: Array) -> float:
    held = one > 0
    return float(np.sum(one[held] * np.log(one[held] / other[held])))


def population_stability(reference: Array, current: Array, least: float = 1e-4) -> float:
    """Give the population stability index: the sum of (q - p) log(q / p) over bins (Siddiqi, 2006).

    Parameters
    ----------
    reference, current : ndarray of shape (k,)
        Counts by bin.
    least : float
        What an empty bin counts as.

    Examples
    --------
    >>> round(population_stability(np.array([5, 5]), np.array([2, 8])), 4)
    0.4159
    """
    then, now = (np.maximum(_shares(counts), least) for counts in (reference, current))
    return float(np.sum((now - then) * np.log(now / then)))


def wasserstein(reference: Array, current: Array, ends: Array) -> float:
    """Give the distance of earth movers from counts on cells: the area between the two distribution functions.

    Within a cell both are taken as even, so that the area is right where they do not cross inside.

    Parameters
    ----------
    reference, current : ndarray of shape (k,)
    ends : ndarray of shape (k + 1,)
        Where cells begin and end.
    """
    gap = np.concatenate(([0.0], np.cumsum(_shares(reference) - _shares(current))))
    left, right = np.abs(gap[:-1]), np.abs(gap[1:])
    crosses = gap[:-1] * gap[1:] < 0
    both = np.where(left + right > 0, left + right, 1.0)
    area = np.where(crosses, (left * left + right * right) / both, left + right) / 2
    return float(np.sum(area * np.diff(ends)))


def cramer_von_mises(reference: Array, current: Array) -> tuple[float, float]:
    """Test by Cramér and von Mises's statistic of two samples (Anderson, 1962), with middle ranks in the cells.

    The p-value is of the weighted sum of squares that the statistic is under shuffling, so that it holds with ties.

    Returns
    -------
    statistic : float
        T of Anderson, equal to that of scipy where no two values share a cell.
    p_value : float
    """
    from mlops_lite.stats.permutation import quadratic_tail

    pooled = (reference + current).astype(np.float64)
    held = pooled > 0
    pooled, now = pooled[held], current[held].astype(np.float64)
    n, m, total = float(reference.sum()), float(current.sum()), pooled.sum()
    if not n or not m or len(pooled) < 2:
        return 0.0, 1.0
    after = np.cumsum(pooled)
    gap = (np.cumsum(now) - m * after / total) * total / (n * m)  # of the distribution functions
    statistic = n * m / total**2 * float(np.sum(pooled * np.square(gap)))
    return statistic, quadratic_tail(statistic, _cramer_weights(pooled, after, total))


def _cramer_weights(pooled: Array, after: Array, total: float) -> NDArray[np.float64]:
    if len(pooled) > 64:  # neighbours hardly differ: their weights by 64 groups
        part = np.flatnonzero(np.diff((after * 64 / total).astype(np.int64), prepend=-1))
        pooled = np.add.reduceat(pooled, part)
        after = np.cumsum(pooled)
    share = after / total
    covariance = (np.minimum.outer(share, share) - np.outer(share, share)) * total / (total - 1)
    scale = np.sqrt(pooled / total)
    return np.linalg.eigvalsh(covariance * np.outer(scale, scale))
