"""Metrics of regressions: ``y`` and ``p`` are numbers of shape (n,)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlops_lite.stats.classification import mean

__all__ = [
    "absolute_errors",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_error",
    "mean_pinball_loss",
    "mean_squared_error",
    "median_absolute_error",
    "percentage_errors",
    "pinball_losses",
    "r2",
    "root_mean_squared_error",
    "squared_errors",
]

Array = NDArray[Any]


def absolute_errors(y: Array, p: Array) -> Array:
    """Give |y - p| row by row."""
    return np.asarray(np.abs(y - p))


def squared_errors(y: Array, p: Array) -> Array:
    """Give (y - p)² row by row."""
    return np.asarray((y - p) ** 2)


def percentage_errors(y: Array, p: Array) -> Array:
    """Give |y - p| / |y| row by row, as a fraction; a y of zero counts as the smallest positive step."""
    return np.asarray(np.abs(y - p) / np.maximum(np.abs(y), np.finfo(np.float64).eps))


def errors(y: Array, p: Array) -> Array:
    """Give p - y row by row."""
    return np.asarray(p - y)


def pinball_losses(y: Array, p: Array, alpha: float = 0.5) -> Array:
    """Give the loss of a forecast of a quantile, row by row."""
    return np.asarray(np.maximum(alpha * (y - p), (alpha - 1) * (y - p)))


def mean_absolute_error(y: Array, p: Array, weights: Array | None = None) -> float:
    """Give the mean of |y - p|."""
    return mean(absolute_errors(y, p), weights)


def mean_squared_error(y: Array, p: Array, weights: Array | None = None) -> float:
    """Give the mean of (y - p)²."""
    return mean(squared_errors(y, p), weights)


def root_mean_squared_error(y: Array, p: Array, weights: Array | None = None) -> float:
    """Give the root of the mean of (y - p)²."""
    return float(np.sqrt(mean_squared_error(y, p, weights)))


def mean_absolute_percentage_error(y: Array, p: Array, weights: Array | None = None) -> float:
    """Give the mean of |y - p| / |y|, as a fraction."""
    return mean(percentage_errors(y, p), weights)


def mean_error(y: Array, p: Array, weights: Array | None = None) -> float:
    """Give the bias, the mean of p - y."""
    return mean(errors(y, p), weights)


def mean_pinball_loss(y: Array, p: Array, weights: Array | None = None, alpha: float = 0.5) -> float:
    """Give the mean loss of a forecast of the quantile ``alpha`` (Koenker and Bassett, 1978)."""
    return mean(pinball_losses(y, p, alpha), weights)


def median_absolute_error(y: Array, p: Array, weights: Array | None = None) -> float:
    """Give the median of |y - p|; weights count rows and need to be whole numbers."""
    if not len(y):
        return np.nan
    errors = absolute_errors(y, p)
    return float(np.median(errors if weights is None else np.repeat(errors, weights.astype(int))))


def r2(y: Array, p: Array, weights: Array | None = None) -> float:
    """Give the share of the variance of y that is explained; NaN below two rows, 1 or 0 for a constant y."""
    if len(y) < 2:
        return np.nan
    total = mean((y - mean(y, weights)) ** 2, weights)
    left = mean_squared_error(y, p, weights)
    if total == 0:
        return 1.0 if left == 0 else 0.0
    return 1 - left / total
