"""Metrics of rankings: one row a query, one column an item; shorter queries end in NaN."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlops_lite.stats.classification import mean
from mlops_lite.stats.ranks import ranks

__all__ = [
    "average_precisions",
    "by_query",
    "mean_average_precision",
    "mean_reciprocal_rank",
    "ndcg",
    "ndcgs",
    "reciprocal_ranks",
]

Array = NDArray[Any]


def by_query(query: Array, *columns: Array) -> list[NDArray[np.float64]]:
    """Lay rows out as one line a query.

    Parameters
    ----------
    query : ndarray of shape (n,)
        To which query each row belongs.
    *columns : ndarray of shape (n,)

    Returns
    -------
    list of ndarray of shape (queries, longest)

    Examples
    --------
    >>> by_query(np.array(["a", "b", "a"]), np.array([1, 0, 2]))[0].tolist()
    [[1.0, 2.0], [0.0, nan]]
    """
    _, group, count = np.unique(query, return_inverse=True, return_counts=True)
    order = np.argsort(group, kind="stable")
    line = group[order]
    place = np.arange(len(line)) - np.repeat(np.cumsum(count) - count, count)
    laid = [np.full((len(count), int(count.max(initial=0))), np.nan) for _ in columns]
    for table, column in zip(laid, columns, strict=True):
        table[line, place] = column[order]
    return laid


def ndcg(y: Array, p: Array, weights: Array | None = None) -> float:
    """Give the normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002).

    Items of equal score share the discounts of their places. A query without a relevant item counts 0.
    """
    return mean(ndcgs(y, p), weights)


def ndcgs(y: Array, p: Array) -> Array:
    """Give it query by query."""
    return np.array([_ndcg(*_items(line, score)) for line, score in zip(y, p, strict=True)])


def _ndcg(y: Array, p: Array) -> float:
    discount = 1 / np.log2(np.arange(len(y)) + 2)
    best = float(np.sort(y)[::-1] @ discount)
    _, group, count = np.unique(-p, return_inverse=True, return_counts=True)
    ends = np.cumsum(count)
    total = np.concatenate(([0], np.cumsum(discount)))
    gains = np.bincount(group, y) / count
    return float(gains @ (total[ends] - total[ends - count])) / best if best > 0 else 0.0


def mean_average_precision(y: Array, p: Array, weights: Array | None = None) -> float:
    """Give the mean over queries of the precision at each relevant item.

    Ties rank last among equals; a query whose items are all relevant, or none, counts 1, as in
    ``label_ranking_average_precision_score`` of scikit-learn.
    """
    return mean(average_precisions(y, p), weights)


def average_precisions(y: Array, p: Array) -> Array:
    """Give it query by query."""
    return np.array([_precision(*_items(line, score)) for line, score in zip(y, p, strict=True)])


def _precision(y: Array, p: Array) -> float:
    relevant = y > 0
    if relevant.all() or not relevant.any():
        return 1.0
    return float(np.mean(ranks(-p[relevant], "last") / ranks(-p, "last")[relevant]))


def mean_reciprocal_rank(y: Array, p: Array, weights: Array | None = None) -> float:
    """Give the mean over queries of one over the place of the first relevant item; 0 where there is none."""
    return mean(reciprocal_ranks(y, p), weights)


def reciprocal_ranks(y: Array, p: Array) -> Array:
    """Give it query by query."""
    return np.array([_first(*_items(line, score)) for line, score in zip(y, p, strict=True)])


def _first(y: Array, p: Array) -> float:
    relevant = y > 0
    return float(1 / np.sum(p >= p[relevant].max())) if relevant.any() else 0.0


def _items(y: Array, p: Array) -> tuple[Array, Array]:
    there = ~np.isnan(y)
    return y[there], p[there]
