"""Many p-values: one of them for a column, and which columns to name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["benjamini_hochberg", "cauchy", "weighted_bonferroni"]

_CAP = 0.99  # ties give a p of 1, which would swamp the sum
_LEAST = 1e-300


def cauchy(p_values: Sequence[float], weights: Sequence[float]) -> float:
    """Combine p-values of tests of the same data, whatever their dependence.

    The Cauchy combination of Liu and Xie (2020): the sum of Cauchy variables has a tail that hardly depends on how
    they hang together.

    Parameters
    ----------
    p_values : sequence of float
    weights : sequence of float
        They are scaled to a sum of 1.

    Examples
    --------
    >>> round(cauchy([0.01, 0.6], [0.5, 0.5]), 4)
    0.0202
    """
    if not p_values:
        return 1.0
    pairs = zip(p_values, weights, strict=True)
    terms = [weight / math.tan(math.pi * min(max(p, _LEAST), _CAP)) for p, weight in pairs]
    return math.atan2(1.0, sum(terms) / sum(weights)) / math.pi


def weighted_bonferroni(p_values: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, float]:
    """Share one column's chance of a false alarm between its tests: the smallest of what is given back counts.

    Parameters
    ----------
    p_values, weights : mapping of str to float
        By test.

    Returns
    -------
    dict of str to float
        Each p-value over its share, at most 1.

    Examples
    --------
    >>> weighted_bonferroni({"moved": 0.01, "missing": 0.01}, {"moved": 0.5, "missing": 0.25})
    {'moved': 0.015, 'missing': 0.03}
    """
    total = sum(weights[name] for name in p_values)
    return {name: min(1.0, p * total / weights[name]) for name, p in p_values.items()}


def benjamini_hochberg(p_values: ArrayLike, alpha: float) -> tuple[float, NDArray[np.float64]]:
    """Control the share of false discoveries.

    The procedure of Benjamini and Hochberg (1995). That any is found at all is the test of Simes (1986).

    Parameters
    ----------
    p_values : array of shape (n,)
    alpha : float

    Returns
    -------
    threshold : float
        Discoveries are the p-values up to it; 0 where there are none.
    adjusted : ndarray of shape (n,)
        The smallest alpha at which each would be one.

    Examples
    --------
    >>> threshold, adjusted = benjamini_hochberg([0.001, 0.02, 0.8], 0.05)
    >>> round(threshold, 4), adjusted.round(3).tolist()
    (0.0333, [0.003, 0.03, 0.8])
    """
    p = np.asarray(p_values, dtype=np.float64)
    if not len(p):
        return 0.0, p
    order = np.argsort(p)
    ranks = np.arange(1, len(p) + 1)
    passed = np.flatnonzero(p[order] <= alpha * ranks / len(p))
    scaled = np.minimum.accumulate((p[order] * len(p) / ranks)[::-1])[::-1]
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(scaled, 1.0)
    return (float(alpha * (passed[-1] + 1) / len(p)) if len(passed) else 0.0), adjusted
