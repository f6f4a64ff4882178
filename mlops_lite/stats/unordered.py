"""Has a column of levels moved? Tests of two samples of categories, exact where counts are small."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray
from scipy import special

from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.permutation import all_in_current, fisher

__all__ = ["Levels", "chi_squared", "compare_levels", "level_table"]

Counts = NDArray[Any]

_EXPECTED = 5.0  # rows of the smaller sample that a level shall expect to be tested alone
_POOLED = 0.5  # rarer levels are put together
_WEIGHTS = {"all": 0.45, "one": 0.45, "new": 0.1}


@attrs.frozen
class Levels:
    """How the shares of levels differ.

    Parameters
    ----------
    p_value : float
    total_variation : float
        Half the sum of the differences of shares, less what chance alone gives; not below 0.
    level : str, optional
        The level that moved most.
    share : float
        By how much its share grew.
    leading : {"all", "one", "new"}
        What the evidence is strongest for: all levels together, one of them, or a new one.
    """

    p_value: float
    total_variation: float
    level: str | None
    share: float
    leading: str


def level_table(reference: ColumnProfile, current: ColumnProfile) -> tuple[list[str], Counts, Counts, tuple[int, int]]:
    """Lay the levels of two profiles side by side.

    Returns
    -------
    names : list of str
    reference, current : ndarray of shape (k,)
        By level, or by hash.
    rest : tuple of int
        Rows in levels that are not told apart.
    """
    rest = (reference.rest, current.rest)
    if getattr(reference.cells, "hashed", False):
        return [f"hash {place}" for place in range(reference.cells.size)], reference.counts, current.counts, rest
    if reference.cells is current.cells and not reference.unknown and not current.unknown:
        held = np.flatnonzero(reference.counts + current.counts)
        names = [reference.cells.levels[place] for place in held]  # type: ignore[union-attr]
        return names, reference.counts[held], current.counts[held], rest
    then, now = reference.levels, current.levels
    names = sorted({*then, *now})
    tables = [np.array([side.get(name, 0) for name in names], dtype=np.int64) for side in (then, now)]
    return names, tables[0], tables[1], rest


def compare_levels(reference: ColumnProfile, current: ColumnProfile) -> Levels:
    """Test whether two samples of levels have one distribution.

    Three questions share one p-value: all levels together (the chi-squared statistic with its exact conditional mean
    and variance), the level that moved most (Fisher's exact test, times the levels asked), and the commonest new level
    (exactly, times the rare levels). Levels are put together by the counts of both samples only.

    Parameters
    ----------
    reference, current : ColumnProfile

    Returns
    -------
    Levels
    """
    names, then, now, rest = level_table(reference, current)
    n, m = int(then.sum() + rest[0]), int(now.sum() + rest[1])
    if not n or not m or not names:
        return Levels(1.0, 0.0, None, 0.0, "all")
    expected = (then + now) * (min(n, m) / (n + m))
    tests: dict[str, float] = {"all": chi_squared(*_pooled(then, now, expected, rest))[1]}
    common, rare = np.flatnonzero(expected >= _EXPECTED), np.flatnonzero((expected < _EXPECTED) & (then + now > 1))
    away = _standardised(then, now, n, m)
    if len(common):
        most = common[np.argmax(away[common])]
        tests["one"] = min(1.0, fisher(int(then[most]), int(now[most]), n, m) * len(common))
    if len(rare):
        tests["new"] = _newest(rare, then, now, n, m)
    total = sum(_WEIGHTS[name] for name in tests)
    shared = {name: p * total / _WEIGHTS[name] for name, p in tests.items()}
    leading = min(shared, key=shared.__getitem__)
    distance = _beyond_chance(then, now, n, m)
    place = int(np.argmax(away))
    return Levels(min(1.0, shared[leading]), distance, names[place], float(now[place] / m - then[place] / n), leading)


def _pooled(then: Counts, now: Counts, expected: NDArray[np.float64], rest: tuple[int, int]) -> tuple[Counts, Counts]:
    few = expected < _POOLED
    sides = ((then, rest[0]), (now, rest[1]))
    return tuple(np.append(side[~few], side[few].sum() + more) for side, more in sides)  # type: ignore[return-value]


def _standardised(then: Counts, now: Counts, n: int, m: int) -> NDArray[np.float64]:
    """Say how far the count of each level lies from expectation, in standard deviations."""
    pooled = then + now
    deviation = np.sqrt(n * m / (n + m) ** 2 / (n + m - 1) * pooled * (n + m - pooled))
    away = np.abs(now - pooled * (m / (n + m)))
    return np.asarray(np.divide(away, deviation, out=np.zeros(len(pooled)), where=deviation > 0))


def _newest(rare: Counts, then: Counts, now: Counts, n: int, m: int) -> float:
    """Test the commonest level that the reference does not have, among the rare ones."""
    new = now[rare][then[rare] == 0]
    return min(1.0, float(all_in_current(new.max(), n, m)) * len(rare)) if len(new) else 1.0


def _beyond_chance(then: Counts, now: Counts, n: int, m: int) -> float:
    """Give the total variation, less what two samples of one distribution have by expectation."""
    share = (then + now) / (n + m)
    chance = 0.5 * float(np.sqrt(2 / np.pi * share * (1 - share) * (1 / n + 1 / m)).sum())
    return max(0.0, 0.5 * float(np.abs(then / n - now / m).sum()) - chance)


def chi_squared(reference: Counts, current: Counts) -> tuple[float, float]:
    """Test a table of two rows by its chi-squared statistic.

    The law is a gamma law with the exact conditional mean and variance of the statistic (Haldane, 1940; Dawson, 1954;
    Nass, 1959), which holds with many levels of few rows, where the usual one calls everything a move.

    Returns
    -------
    statistic, p_value : float

    Examples
    --------
    >>> statistic, p = chi_squared(np.array([10, 20, 30]), np.array([20, 20, 20]))
    >>> round(statistic, 3), round(p, 3)
    (5.333, 0.07)
    """
    pooled = (reference + current).astype(np.float64)
    held = pooled > 0
    pooled, k = pooled[held], int(held.sum())
    n, m = float(reference.sum()), float(current.sum())
    total = n + m
    if k < 2 or not n or not m or total < 5:
        return 0.0, 1.0
    statistic = float(np.sum(np.square(current[held] - pooled * m / total) / pooled)) * total**2 / (n * m)
    mean = total / (total - 1) * (k - 1)
    variance = _dawson(np.array([n, m]), pooled, total)
    if variance <= 1e-9:
        return statistic, 1.0
    return statistic, float(special.gammaincc(mean**2 / variance, statistic * mean / variance))


def _dawson(rows: NDArray[np.float64], columns: NDArray[np.float64], total: float) -> float:
    """Give the variance of the statistic over all tables with these margins (Dawson, 1954)."""

    def parts(margin: NDArray[np.float64]) -> tuple[float, float]:
        size = len(margin)
        return (size - 1) * (total - size) / (total - 1), (float((total / margin).sum()) - size**2) / (total - 2)

    (v1, w1), (v2, w2) = parts(rows), parts(columns)
    return 2 * total / (total - 3) * (v1 - w1) * (v2 - w2) + total**2 / (total - 1) * w1 * w2


def top(levels: Mapping[str, int], most: int = 10) -> dict[str, int]:
    """Give the commonest levels."""
    return dict(sorted(levels.items(), key=lambda pair: (-pair[1], pair[0]))[:most])
