"""Metrics of classifiers.

``y`` holds class positions, 0 to k - 1; in the binary case 1 is the positive class. Predictions are positions too, and
scores are the probability of class 1, of shape (n,), or one column a class, of shape (n, k).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "accuracy",
    "average_precision",
    "balanced_accuracy",
    "brier_score",
    "calibration_error",
    "confusion",
    "f1",
    "log_loss",
    "log_losses",
    "precision",
    "recall",
    "roc_auc",
    "squared_errors",
]

Array = NDArray[Any]


def confusion(y: Array, p: Array, weights: Array | None = None) -> NDArray[np.float64]:
    """Count pairs of true (row) and predicted (column) classes.

    Returns
    -------
    ndarray of shape (k, k)
    """
    size = int(max(y.max(initial=0), p.max(initial=0))) + 1
    flat = np.bincount(y * size + p, weights=weights, minlength=size * size)
    return flat.reshape(size, size).astype(np.float64)


def hits(y: Array, p: Array) -> NDArray[np.float64]:
    """Give 1 for a row that is right, 0 for one that is wrong."""
    return np.asarray(y == p, dtype=np.float64)


def accuracy(y: Array, p: Array, weights: Array | None = None) -> float:
    """Give the share of rows that are right."""
    return mean(hits(y, p), weights)


def balanced_accuracy(y: Array, p: Array, weights: Array | None = None) -> float:
    """Give the mean of the recalls of the classes that occur."""
    table = confusion(y, p, weights)
    support = table.sum(1)
    return float(np.mean(np.diag(table)[support > 0] / support[support > 0])) if support.any() else np.nan


def _ratios(y: Array, p: Array, weights: Array | None, kind: str) -> tuple[Array, Array]:
    """Give precision, recall or F1 of each class that occurs, and its support; 0 where it is not defined."""
    table = confusion(y, p, weights)
    right, support, named = np.diag(table), table.sum(1), table.sum(0)
    below = {"precision": named, "recall": support, "f1": (support + named) / 2}[kind]
    ratio = np.divide(right, below, out=np.zeros_like(right), where=below > 0)
    occurs = support + named > 0
    return ratio[occurs], support[occurs]


def _averaged(y: Array, p: Array, weights: Array | None, kind: str, average: str) -> float:
    if not len(y):
        return np.nan
    if average == "auto":
        average = "binary" if max(y.max(), p.max()) <= 1 else "macro"
    if average == "binary":
        table = np.zeros((2, 2))
        found = confusion(y, p, weights)
        table[: len(found), : len(found)] = found
        below = {"precision": table[:, 1].sum(), "recall": table[1].sum()}
        below["f1"] = (below["precision"] + below["recall"]) / 2
        return float(table[1, 1] / below[kind]) if below[kind] > 0 else 0.0
    ratio, support = _ratios(y, p, weights, kind)
    return float(ratio.mean()) if average == "macro" else float(np.average(ratio, weights=support))


def precision(y: Array, p: Array, weights: Array | None = None, average: str = "auto") -> float:
    """Give the share of named rows that are right: of class 1 for two classes, else the mean over classes."""
    return _averaged(y, p, weights, "precision", average)


def recall(y: Array, p: Array, weights: Array | None = None, average: str = "auto") -> float:
    """Give the share of a class's rows that are named: of class 1 for two classes, else the mean over classes."""
    return _averaged(y, p, weights, "recall", average)


def f1(y: Array, p: Array, weights: Array | None = None, average: str = "auto") -> float:
    """Give the harmonic mean of precision and recall: of class 1 for two classes, else the mean over classes."""
    return _averaged(y, p, weights, "f1", average)


def roc_auc(y: Array, p: Array, weights: Array | None = None) -> float:
    """Give the probability that a positive row has the higher score, ties counting half.

    For more than two classes: the mean of each class against the rest (``roc_auc_ovr`` of scikit-learn).

    Returns
    -------
    float
        NaN where a class has no row, or all rows.
    """
    if p.ndim == 2:
        return float(np.mean([roc_auc(y == k, p[:, k], weights) for k in range(p.shape[1])]))
    positive, negative = _steps(y, p, weights)
    below = np.cumsum(negative) - negative
    total = positive.sum() * negative.sum()
    return float(np.sum(positive * (below + negative / 2)) / total) if total > 0 else np.nan


def average_precision(y: Array, p: Array, weights: Array | None = None) -> float:
    """Give the precision averaged over the recalls it is reached at; mean over classes for more than two."""
    if p.ndim == 2:
        return float(np.mean([average_precision(y == k, p[:, k], weights) for k in range(p.shape[1])]))
    positive, negative = (side[::-1] for side in _steps(y, p, weights))
    named = np.cumsum(positive + negative)
    total = positive.sum()
    share = np.divide(np.cumsum(positive), named, out=np.zeros_like(named), where=named > 0)
    return float(np.sum(positive * share) / total) if total > 0 else np.nan


def _steps(y: Array, p: Array, weights: Array | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the weight of positive and negative rows at each distinct score, ascending."""
    order = np.argsort(p, kind="stable")
    score, truth = p[order], np.asarray(y)[order].astype(np.float64)
    weight = np.ones(len(y)) if weights is None else weights[order].astype(np.float64)
    if not len(score):
        return weight, weight
    starts = np.flatnonzero(np.concatenate(([True], score[1:] != score[:-1])))
    return np.add.reduceat(weight * truth, starts), np.add.reduceat(weight * (1 - truth), starts)


def log_losses(y: Array, p: Array) -> NDArray[np.float64]:
    """Give minus the log of the probability of the true class, row by row."""
    tiny = np.finfo(np.float64).eps
    true = np.where(y == 1, p, 1 - p) if p.ndim == 1 else p[np.arange(len(y)), y] / p.sum(1)
    return -np.log(np.clip(true.astype(np.float64), tiny, 1 - tiny))


def log_loss(y: Array, p: Array, weights: Array | None = None) -> float:
    """Give the mean of minus the log of the probability of the true class."""
    return mean(log_losses(y, p), weights)


def squared_errors(y: Array, p: Array) -> NDArray[np.float64]:
    """Give the squared distance of the probabilities from the truth, row by row; summed over classes beyond two."""
    if p.ndim == 1:
        return (p.astype(np.float64) - y) ** 2
    truth = np.zeros(p.shape)
    truth[np.arange(len(y)), y] = 1
    return np.asarray(((p - truth) ** 2).sum(1))


def brier_score(y: Array, p: Array, weights: Array | None = None) -> float:
    """Give the mean squared distance of the probabilities from the truth (Brier, 1950)."""
    return mean(squared_errors(y, p), weights)


def calibration_error(y: Array, p: Array, weights: Array | None = None, bins: int = 10) -> float:
    """Give the mean distance of probability and observed share over bins of equal width.

    The expected calibration error of Naeini, Cooper and Hauskrecht (2015), in the confidence of the class named for
    more than two classes, in the probability of class 1 for two.
    """
    if not len(y):
        return np.nan
    truth, score = (y, p) if p.ndim == 1 else ((p.argmax(1) == y).astype(int), p.max(1))
    cell = np.clip((score * bins).astype(int), 0, bins - 1)
    weight = np.ones(len(y)) if weights is None else weights
    gap = np.bincount(cell, weight * (truth - score), minlength=bins)
    return float(np.abs(gap).sum() / weight.sum())


def mean(values: Array, weights: Array | None) -> float:
    """Average, NaN of nothing."""
    if not len(values):
        return np.nan
    return float(np.mean(values)) if weights is None else float(np.average(values, weights=weights))
