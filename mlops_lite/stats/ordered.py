"""Has a column of numbers moved? Tests of two samples counted on the same ordered cells.

All are permutation tests given the counts of both samples together, so they hold whatever the distribution, and with
ties.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray
from scipy import special

from mlops_lite.stats.combine import cauchy
from mlops_lite.stats.permutation import Score, all_in_current, fisher, linear, quadratic_tail, rough_tail

__all__ = [
    "Move",
    "anderson_darling",
    "anderson_darling_statistic",
    "beyond",
    "move",
    "moves",
    "normal_scores",
    "pool_rare",
]

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
    """Test whether two samples have one distribution: see :func:`moves`, for one column.

    Examples
    --------
    >>> dice = np.random.default_rng(0)
    >>> counts = [np.histogram(dice.normal(mean, 1, 5000), 100, (-5, 5))[0] for mean in (0, 0.2)]
    >>> found = move(*counts)
    >>> found.p_value < 1e-9, round(found.location, 1), found.leading
    (True, 0.2, 'location')
    """
    return moves([(reference, current)])[0]


def moves(tables: Sequence[tuple[Counts, Counts]]) -> list[Move]:
    """Test of many columns, side by side, whether two samples have one distribution: against moves of three kinds.

    Location is tested by normal scores (van der Waerden, 1952), scale by their squares (Klotz, 1962) made orthogonal to
    the first, shape by Anderson and Darling's statistic (1952; Pettitt, 1976; Scholz and Stephens, 1987); the three
    are combined by Cauchy's rule. Cells in which the smaller sample expects fewer than five rows are first put
    together with their neighbours, by the counts of both samples together.

    Parameters
    ----------
    tables : sequence of two ndarrays of shape (k,)
        Of each column the counts of the reference and of the current sample on the same cells, in order.

    Returns
    -------
    list of Move
    """
    found = {place: Move(1.0, 0.0, 0.0, 0.0, "location") for place in range(len(tables))}
    held = [place for place, (then, now) in enumerate(tables) if then.any() and now.any()]
    pooled = dict(zip(held, pool_rare([tables[place] for place in held]), strict=True))
    many = [place for place in held if len(pooled[place][0]) >= 3]
    found |= {place: _of_two(*tables[place], *pooled[place]) for place in held if len(pooled[place][0]) < 3}
    found |= zip(many, _of_many([pooled[place] for place in many]), strict=True)
    return [found[place] for place in range(len(tables))]


def _of_many(tables: Sequence[tuple[Counts, Counts]]) -> list[Move]:
    if not tables:
        return []
    then, now = (_side_by_side([table[side] for table in tables]) for side in (0, 1))
    pooled = then + now
    scores = normal_scores(pooled)
    locations = linear(scores, then, now)
    scales = linear(_orthogonal(scores * scores, scores, pooled), then, now)
    shapes = anderson_darling(then, now).tolist()
    gaps = _largest_gap(then / _total(then), now / _total(now)).tolist()
    rests = (pooled.sum(-1) / then.sum(-1)).tolist()  # of the reference, not of both together, is a move told
    return [_combined(*each) for each in zip(locations, scales, shapes, gaps, rests, strict=True)]


def _combined(location: Score | None, scale: Score | None, shape: float, gap: float, rest: float) -> Move:
    tests = {"location": location.p_value if location else 1.0, "shape": shape}
    if scale is not None:
        tests["scale"] = scale.p_value
    p_value = cauchy(list(tests.values()), [_WEIGHTS[name] for name in tests])
    away = location.mean * rest if location else 0.0
    # squares grow with twice the logarithm of scales
    spread = 0.5 * math.log1p(max(scale.mean * rest, -0.99)) if scale else 0.0
    return Move(p_value, away, spread, gap, _simplest(tests))


def _side_by_side(columns: Sequence[Counts]) -> Floats:
    """Lay columns of several lengths into the rows of a matrix, with zeros behind."""
    sizes = np.array([len(column) for column in columns])
    found = np.zeros((len(columns), sizes.max()))
    found[np.arange(sizes.max()) < sizes[:, None]] = np.concatenate(columns)
    return found


def _total(counts: Counts) -> Any:
    return counts.sum(-1, keepdims=True)


def _simplest(tests: dict[str, float]) -> str:
    """Name the simplest move whose evidence, in digits, is at least half of the strongest."""
    least = math.sqrt(min(tests.values()))
    return next(name for name in _WEIGHTS if tests.get(name, 1.0) <= least)


def _of_two(reference: Counts, current: Counts, then: Counts, now: Counts) -> Move:
    """Test what only two cells are left of exactly; of one, its commonest cell against the others."""
    if len(then) == 1:
        place = int(np.argmax(reference + current))
        then = np.array([reference[place], reference.sum() - reference[place]])
        now = np.array([current[place], current.sum() - current[place]])
    distance = float(_largest_gap(then / then.sum(), now / now.sum()))
    p_value = fisher(int(then[1]), int(now[1]), int(then.sum()), int(now.sum()))
    return Move(p_value, 0.0, 0.0, distance, "shape")


def pool_rare(tables: Sequence[tuple[Counts, Counts]], expected: float = _EXPECTED) -> list[tuple[Counts, Counts]]:
    """Put neighbouring cells together until the smaller sample expects enough rows in each.

    Looks at the counts of both samples together only: to look at one would make every test of them too eager.

    Parameters
    ----------
    tables : sequence of two ndarrays of shape (k,)
        Of each column the counts of both samples.
    """
    if not tables:
        return []
    begins = np.cumsum([0, *(len(then) for then, _ in tables)])
    then, now = (np.concatenate([table[side] for table in tables]) for side in (0, 1))
    sizes = [np.add.reduceat(side, begins[:-1]) for side in (then, now)]
    least = expected * (sizes[0] + sizes[1]) / np.maximum(1, np.minimum(*sizes))
    starts = _starts(then + now, least, begins)
    then, now = (np.add.reduceat(side, starts) for side in (then, now))
    ends = np.searchsorted(starts, begins).tolist()
    return [(then[low:high], now[low:high]) for low, high in itertools.pairwise(ends)]


def _starts(pooled: Counts, least: Floats, begins: Counts) -> NDArray[np.intp]:
    """Say where groups begin that hold enough each, from left to right; only small cells need looking at."""
    column = np.repeat(np.arange(len(least)), np.diff(begins))
    small = np.flatnonzero(pooled < least[column])
    column, upto = column[small], np.cumsum(pooled)
    wanted = upto[small] - pooled[small] + least[column]
    ends = np.minimum(np.searchsorted(upto, wanted), begins[1:][column] - 1)  # of the group that would begin there
    kept, end = [], -1
    for place, (first, last) in enumerate(zip(small.tolist(), ends.tolist(), strict=True)):
        if first > end:
            kept.append(place)
            end = last
    small, ends, firsts, is_enough = small[kept], ends[kept], begins[column[kept]], (upto[ends] >= wanted)[kept]
    inside = np.bincount(small + 1, minlength=len(pooled) + 1) - np.bincount(ends + 1, minlength=len(pooled) + 1)
    opens = np.cumsum(inside)[:-1] == 0
    opens[small] = is_enough | (small == firsts)  # what is left at the end of a column joins the group before
    return np.flatnonzero(opens)


def normal_scores(pooled: Counts) -> Floats:
    """Give each cell the normal quantile of its middle rank; 0 where it is empty."""
    ranks = (np.cumsum(pooled, axis=-1) - pooled / 2) / _total(pooled)
    return np.asarray(special.ndtri(np.where(pooled > 0, ranks, 0.5)))


def _orthogonal(scores: Floats, other: Floats, weights: Counts) -> Floats:
    """Take from scores what another explains."""
    total = _total(weights)
    away = scores - _total(scores * weights) / total
    base = other - _total(other * weights) / total
    weighted = base * weights
    below = _total(weighted * base)
    return np.asarray(away - _total(away * weighted) / np.where(below > 0, below, 1.0) * base)


def anderson_darling(reference: Counts, current: Counts) -> Floats:
    """Give the p-values of Anderson and Darling's test on at most 24 cells of about equal weight.

    With ties the statistic follows no tabled law: here it is the weighted sum of squared normal variables whose weights
    are the eigenvalues of its own permutation covariance.

    Parameters
    ----------
    reference, current : ndarray of shape (n, k)
        One column in each row; cells that are empty on both sides do not matter.

    Returns
    -------
    ndarray of shape (n,)
    """
    reference, current = _coarse(reference, current)
    statistic, middle, spread, share = _standing(reference, current)
    pooled = reference + current
    product = np.minimum(middle[:, :, None], middle[:, None, :])
    product = product - middle[:, :, None] * middle[:, None, :] / _total(pooled)[:, :, None]
    scale = np.sqrt(share * _total(pooled) / spread)
    places = np.arange(product.shape[-1])
    product[:, places, places] = spread / _total(pooled)
    covariance = product * scale[:, :, None] * scale[:, None, :]
    found = rough_tail(statistic, share.sum(-1), np.square(covariance).sum((-2, -1)))
    for place in np.flatnonzero(found <= _UNLIKELY):
        found[place] = quadratic_tail(float(statistic[place]), np.linalg.eigvalsh(covariance[place]))
    return found


def _coarse(*tables: Counts) -> list[Floats]:
    """Put cells together to 24 of about equal weight; columns of so few stay as they are."""
    pooled = tables[0] + tables[1]
    part = (np.cumsum(pooled, axis=-1) - pooled / 2) * (_SHAPE_CELLS / _total(pooled))
    few = np.count_nonzero(pooled, axis=-1, keepdims=True) <= _SHAPE_CELLS
    part = np.where(few, np.cumsum(pooled > 0, axis=-1) - 1, np.minimum(part.astype(np.int64), _SHAPE_CELLS - 1))
    place = (np.maximum(part, 0) + _SHAPE_CELLS * np.arange(len(pooled))[:, None]).ravel()
    size = _SHAPE_CELLS * len(pooled)
    return [np.bincount(place, table.ravel(), size).reshape(-1, _SHAPE_CELLS) for table in tables]


def anderson_darling_statistic(reference: Counts, current: Counts) -> float:
    """Give the statistic with middle ranks, scaled to an expectation of 1 under shuffling, ties or not.

    Without ties it is (N - 1) / N times that of Pettitt (1976) up to terms of the order 1 / N.

    Parameters
    ----------
    reference, current : ndarray of shape (k,)
    """
    return float(_standing(reference.astype(np.float64), current.astype(np.float64))[0])


def _standing(reference: Floats, current: Floats) -> tuple[Any, Floats, Floats, Floats]:
    """Give the statistic, and of each cell its middle rank, the spread of its gap, and its share if that counts."""
    pooled = reference + current
    n, m, total = _total(reference), _total(current), _total(pooled)
    middle = np.cumsum(pooled, axis=-1) - pooled / 2
    spread = middle * (total - middle) - total * pooled / 4
    counts = (spread > 1e-9 * total) & (pooled > 0)
    spread = np.where(counts, spread, 1.0)
    share = np.where(counts, pooled / total, 0.0)
    gap = np.cumsum(current, axis=-1) - current / 2 - m * middle / total
    variance = n * m / total**2 / (total - 1) * spread
    return np.sum(share * np.square(gap) / variance, axis=-1), middle, spread, share


def _largest_gap(then: Floats, now: Floats) -> Any:
    return np.abs(np.cumsum(then - now, axis=-1)).max(-1, initial=0.0)


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
    outside = np.array([current[: held[0]].sum(), current[held[-1] + 1 :].sum()]) if len(held) else np.zeros(2)
    if not outside.any():
        return 0.0, 1.0
    n, m = int(reference.sum()), int(current.sum())
    p_value = 2 * float(all_in_current(outside, n, m).min())
    return float(outside.sum() / m), min(1.0, p_value)
