"""Has a column of numbers moved? Tests of two samples counted on the same ordered cells.

All are permutation tests given the counts of both samples together, so they hold whatever the distribution, and with
ties.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray
from scipy import special

from mlops_lite.stats.combine import cauchy
from mlops_lite.stats.permutation import Score, all_in_current, fisher, linear, quadratic_tail, rough_tail

__all__ = ["Move", "anderson_darling", "anderson_darling_statistic", "beyond", "move", "normal_scores", "pool_rare"]

Counts = NDArray[Any]
Floats = NDArray[Any]

_EXPECTED = 5  # rows of the smaller sample that a cell shall hold by expectation
_SHAPE_CELLS = 24
_UNLIKELY = 0.1  # p-values above need no exact tail
_WEIGHTS = {"location": 0.4, "scale": 0.2, "shape": 0.4}


@attrs.frozen
class Move:
    """How one sample differs from another.

    Parameters
    ----------
    p_value : float
        Of all of it.
    location : float
        The difference of the mean normal scores: by so many standard deviations a normal column would have moved.
    scale : float
        The logarithm of the ratio of scales, as a normal column would show it.
    shape : float
        The largest distance of the two distribution functions.
    leading : {"location", "scale", "shape"}
        What explains it most simply.
    """

    p_value: float
    location: float
    scale: float
    shape: float
    leading: str


def move(reference: Counts, current: Counts) -> Move:
    """Test whether two samples have one distribution: against moves of location, scale and shape.

    Location is tested by normal scores (van der Waerden, 1952), scale by their squares (Klotz, 1962) made orthogonal to
    the first, shape by Anderson and Darling's statistic (1952; Pettitt, 1976; Scholz and Stephens, 1987); the three
    are combined by Cauchy's rule. Cells in which the smaller sample expects fewer than five rows are first put
    together with their neighbours, by the counts of both samples together.

    Parameters
    ----------
    reference, current : ndarray of shape (k,)
        Counts on the same cells, in order.

    Returns
    -------
    Move

    Examples
    --------
    >>> dice = np.random.default_rng(0)
    >>> counts = [np.histogram(dice.normal(mean, 1, 5000), 100, (-5, 5))[0] for mean in (0, 0.2)]
    >>> found = move(*counts)
    >>> found.p_value < 1e-9, round(found.location, 1), found.leading
    (True, 0.2, 'location')
    """
    n, m = int(reference.sum()), int(current.sum())
    if not n or not m:
        return Move(1.0, 0.0, 0.0, 0.0, "location")
    then, now = pool_rare(reference, current)
    distance = _largest_gap(then / n, now / m)
    if len(then) < 3:
        return _of_two(reference, current, then, now, distance)
    then, now = then.astype(np.float64), now.astype(np.float64)
    scores = normal_scores(then + now)
    location = linear(scores, then, now)
    scale = linear(_orthogonal(scores * scores, scores, then + now), then, now)
    shape = anderson_darling(then, now)
    tests = {"location": location.p_value if location else 1.0, "shape": shape}
    if scale is not None:
        tests["scale"] = scale.p_value
    p_value = cauchy(list(tests.values()), [_WEIGHTS[name] for name in tests])
    leading = _simplest(tests)
    away = location.mean * (n + m) / n if location else 0.0
    return Move(p_value, away, _log_ratio(scale, n, m), distance, leading)


def _simplest(tests: dict[str, float]) -> str:
    """Name the simplest move whose evidence, in digits, is at least half of the strongest."""
    least = np.sqrt(min(tests.values()))
    return next(name for name in _WEIGHTS if tests.get(name, 1.0) <= least)


def _log_ratio(scale: Score | None, n: int, m: int) -> float:
    """Turn the difference of mean squared scores into a logarithm of scales: squares grow with twice of it."""
    return 0.5 * float(np.log1p(max(scale.mean * (n + m) / n, -0.99))) if scale else 0.0


def _of_two(reference: Counts, current: Counts, then: Counts, now: Counts, distance: float) -> Move:
    """Test what only two cells are left of exactly; of one, its commonest cell against the others."""
    if len(then) == 1:
        place = int(np.argmax(reference + current))
        then = np.array([reference[place], reference.sum() - reference[place]])
        now = np.array([current[place], current.sum() - current[place]])
        distance = abs(then[0] / then.sum() - now[0] / now.sum())
    p_value = fisher(int(then[1]), int(now[1]), int(then.sum()), int(now.sum()))
    return Move(p_value, 0.0, 0.0, float(distance), "shape")


def pool_rare(reference: Counts, current: Counts, expected: float = _EXPECTED) -> list[Counts]:
    """Put neighbouring cells together until the smaller sample expects enough rows in each.

    Looks at the counts of both samples together only: to look at one would make every test of them too eager.
    """
    pooled = reference + current
    least = expected * pooled.sum() / max(1, min(reference.sum(), current.sum()))
    if pooled.min(initial=least) >= least:
        return [reference, current]
    return _grouped(_starts(pooled, least), reference, current)


def _starts(pooled: Counts, least: float) -> NDArray[np.intp]:
    """Say where groups begin that hold enough each, from left to right; only small cells need looking at."""
    counts, end = pooled.tolist(), -1
    begins = np.ones(len(counts), dtype=bool)
    for small in np.flatnonzero(pooled < least).tolist():
        if small <= end:
            continue
        held, end = counts[small], small
        while held < least and end + 1 < len(counts):
            end += 1
            held += counts[end]
        begins[small + 1 : end + 1] = False
        if held < least:  # what is left at the end joins the group before
            begins[small] = False
    begins[0] = True
    return np.flatnonzero(begins)


def _grouped(starts: Any, *tables: Counts) -> list[Counts]:
    return [np.add.reduceat(table, starts) for table in tables]


def normal_scores(pooled: Counts) -> Floats:
    """Give each cell the normal quantile of its middle rank."""
    return np.asarray(special.ndtri((np.cumsum(pooled) - pooled / 2) / pooled.sum()))


def _orthogonal(scores: Floats, other: Floats, weights: Counts) -> Floats:
    """Take from scores what another explains."""
    total = weights.sum()
    away = scores - np.dot(scores, weights) / total
    base = other - np.dot(other, weights) / total
    weighted = base * weights
    below = float(np.dot(weighted, base))
    return np.asarray(away - (np.dot(away, weighted) / below if below else 0.0) * base)


def anderson_darling(reference: Counts, current: Counts) -> float:
    """Give the p-value of Anderson and Darling's test on at most 24 cells of about equal weight.

    With ties the statistic follows no tabled law: here it is the weighted sum of squared normal variables whose weights
    are the eigenvalues of its own permutation covariance.
    """
    if len(reference) > _SHAPE_CELLS:
        pooled = reference + current
        part = (np.cumsum(pooled) - pooled / 2) * (_SHAPE_CELLS / pooled.sum())
        starts = np.flatnonzero(np.diff(part.astype(np.int64), prepend=-1))
        reference, current = _grouped(starts, reference, current)
    pooled = (reference + current).astype(np.float64)
    middle = np.cumsum(pooled) - pooled / 2
    kept = pooled < pooled.sum()
    share = pooled[kept] / pooled.sum()
    statistic = anderson_darling_statistic(reference, current)
    if not kept.any():
        return 1.0
    covariance = _covariance(pooled, middle, kept, share)
    rough = rough_tail(statistic, float(np.trace(covariance)), float(np.square(covariance).sum()))
    return rough if rough > _UNLIKELY else quadratic_tail(statistic, np.linalg.eigvalsh(covariance))


def anderson_darling_statistic(reference: Counts, current: Counts) -> float:
    """Give the statistic with middle ranks, scaled to an expectation of 1 under shuffling, ties or not.

    Without ties it is (N - 1) / N times that of Pettitt (1976) up to terms of the order 1 / N.
    """
    pooled = (reference + current).astype(np.float64)
    n, m = reference.sum(), current.sum()
    total = n + m
    middle = np.cumsum(pooled) - pooled / 2
    spread = middle * (total - middle) - total * pooled / 4
    kept = spread > 1e-9 * total
    gap = (np.cumsum(current) - current / 2 - m * middle / total)[kept]
    variance = n * m / total**2 / (total - 1) * spread[kept]
    return float(np.sum(pooled[kept] / total * np.square(gap) / variance))


def _covariance(pooled: Floats, middle: Floats, kept: NDArray[np.bool_], share: Floats) -> Floats:
    """Give the covariance of the standardised gaps, weighted: of means of nested sets, so that the smaller counts."""
    total = pooled.sum()
    low = np.minimum.outer(middle, middle)
    product = low - np.outer(middle, middle) / total - np.diag(pooled / 4)
    product = product[np.ix_(kept, kept)]
    scale = np.sqrt(share / np.diag(product))
    return np.asarray(product * np.outer(scale, scale))


def _largest_gap(then: Floats, now: Floats) -> float:
    return float(np.abs(np.cumsum(then - now)).max(initial=0.0))


def beyond(reference: Counts, current: Counts) -> tuple[float, float]:
    """Test whether the current sample leaves the range of the reference.

    By chance alone the r most extreme rows of both are all current with the probability of drawing so: a tolerance
    test in place of a rule on minimum and maximum, which over many columns practically always alarms.

    Returns
    -------
    share : float
        Of current rows in cells beyond all of the reference.
    p_value : float
    """
    held = np.flatnonzero(reference)
    n, m = int(reference.sum()), int(current.sum())
    if not n or not m:
        return 0.0, 1.0
    outside = np.array([current[: held[0]].sum(), current[held[-1] + 1 :].sum()])
    p_value = 2 * float(all_in_current(outside, n, m).min())
    return float(outside.sum() / m), min(1.0, p_value)
