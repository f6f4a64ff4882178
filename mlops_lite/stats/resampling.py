"""Intervals around metrics: by formula where there is one, else by resampling rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlops_lite.errors import InvalidInputError
from mlops_lite.stats import metrics
from mlops_lite.stats.interval import Interval
from mlops_lite.stats.metrics import Metric
from mlops_lite.stats.ranks import ranks

__all__ = ["difference_p_value", "interval", "normal_quantile", "paired_difference"]

Array = NDArray[Any]
_SOME_ROWS = 1_000  # from here leaving out groups is as good as drawing anew, and ten times cheaper
_MANY_ROWS = 20_000  # from here so is the spread of the groups themselves, and a hundred times cheaper
_GROUPS = 50


def interval(
    metric: str | Metric | Callable[..., float],
    y: Any,
    p: Any,
    *,
    level: float = 0.95,
    resamples: int = 500,
    seed: int = 0,
) -> Interval:
    """Compute a metric and an interval around it.

    A mean of rows has a t interval, a share (accuracy) Wilson's (1927), the ROC AUC DeLong's (1988) on the logit
    scale; everything else the percentiles of a bootstrap (Efron, 1979), from 1,000 rows a jackknife that leaves out one
    of 50 groups at a time (Quenouille, 1956; Tukey, 1958), and from 20,000 rows the spread of the 50 groups.

    Parameters
    ----------
    metric : str, Metric or callable
        A callable is given ``(y, p)``.
    y, p : array of shape (n,) or (n, k)
        Truth, and predictions or scores, as the metric takes them: classes as positions.
    level : float
        How often the interval shall hold the truth.
    resamples : int
    seed : int
        The same seed gives the same interval.

    Returns
    -------
    Interval
        NaN at the ends where there is too little data for one.

    Examples
    --------
    >>> y = np.tile([0, 1], 100)
    >>> str(interval("accuracy", y, np.where(np.arange(200) < 20, 0, y)))
    '0.950 [0.910, 0.973]'
    """
    function, y, p = _asked(metric, y, p)
    value = float(function(y, p))
    if isinstance(function, Metric):
        if function.name == "accuracy":
            return Interval(value, *_wilson(value, len(y), level), level)
        if function.rows is not None:
            return Interval(value, *_around_mean(function.rows(y, p), level), level)
        if function.name == "roc_auc" and p.ndim == 1 and np.isfinite(value):
            return Interval(value, *_around_auc(value, *_placements(y, p), level), level)
    return Interval(
        value, *_resampled(lambda rows: function(y[rows], p[rows]), value, len(y), level, resamples, seed), level
    )


def paired_difference(
    metric: str | Metric | Callable[..., float],
    y: Any,
    a: Any,
    b: Any,
    *,
    level: float = 0.95,
    resamples: int = 500,
    seed: int = 0,
) -> Interval:
    """Compute how much two models differ on the same rows: metric of ``a`` minus metric of ``b``.

    Because the rows are the same, the interval is much narrower than that of two separate samples.

    Parameters
    ----------
    metric : str, Metric or callable
    y, a, b : array of shape (n,) or (n, k)
        Truth, and what each model said.
    level, resamples, seed
        As for :func:`interval`.

    Returns
    -------
    Interval

    Examples
    --------
    >>> y = np.tile([0, 1], 100)
    >>> worse = np.where(np.arange(200) < 20, 0, y)
    >>> str(paired_difference("accuracy", y, y, worse))
    '0.050 [0.020, 0.080]'
    """
    function, y, a = _asked(metric, y, a)
    _, _, b = _asked(metric, y, b)
    value = float(function(y, a)) - float(function(y, b))
    if isinstance(function, Metric):
        if function.rows is not None:
            return Interval(value, *_around_mean(function.rows(y, a) - function.rows(y, b), level), level)
        if function.name == "roc_auc" and a.ndim == b.ndim == 1 and np.isfinite(value):
            return Interval(value, *_around_auc_difference(value, _placements(y, a), _placements(y, b), level), level)

    def difference(rows: Array) -> float:
        return float(function(y[rows], a[rows])) - float(function(y[rows], b[rows]))

    return Interval(value, *_resampled(difference, value, len(y), level, resamples, seed), level)


def _asked(metric: Any, y: Any, p: Any) -> tuple[Callable[..., float], Array, Array]:
    y, p = np.asarray(y), np.asarray(p)
    if len(y) != len(p):
        raise InvalidInputError(f"y has {len(y):,} rows, the prediction {len(p):,}.", remedy="Pass the same rows.")
    return (metrics.get(metric) if isinstance(metric, (str, Metric)) else metric), y, p


def normal_quantile(level: float) -> float:
    """Give how many standard errors an interval of a level reaches to each side."""
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))


def _student(level: float, freedom: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + level) / 2))


def _wilson(share: float, rows: int, level: float) -> tuple[float, float]:
    """Give the score interval of a share (Wilson, 1927)."""
    if not rows:
        return np.nan, np.nan
    z = normal_quantile(level)
    centre = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * np.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    return max(0.0, centre - half), min(1.0, centre + half)


def _around_mean(values: Array, level: float) -> tuple[float, float]:
    rows = len(values)
    if rows < 2:
        return np.nan, np.nan
    half = _student(level, rows - 1) * values.std(ddof=1) / np.sqrt(rows)
    return float(values.mean() - half), float(values.mean() + half)


def _placements(y: Array, p: Array) -> tuple[Array, Array]:
    """Give, for each positive row, the share of negative rows below it, and the other way round."""
    positive, negative = p[y == 1], p[y != 1]
    together = ranks(np.concatenate((positive, negative)))
    n, m = len(positive), len(negative)
    above = (together[:n] - ranks(positive)) / m
    below = 1 - (together[n:] - ranks(negative)) / n
    return above, below


def _spread(above: Array, below: Array) -> float:
    if len(above) < 2 or len(below) < 2:
        return np.nan
    return float(np.sqrt(above.var(ddof=1) / len(above) + below.var(ddof=1) / len(below)))


def _around_auc(value: float, above: Array, below: Array, level: float) -> tuple[float, float]:
    """Give the interval of DeLong, DeLong and Clarke-Pearson (1988) on the logit scale: it stays in [0, 1]."""
    if not 0 < value < 1:  # perfect separation has no spread: the exact bound for the rarer class instead
        bound = ((1 - level) / 2) ** (1 / min(len(above), len(below)))
        return (bound, 1.0) if value == 1 else (0.0, 1 - bound)
    half = normal_quantile(level) * _spread(above, below) / (value * (1 - value))
    centre = np.log(value / (1 - value))
    return float(1 / (1 + np.exp(half - centre))), float(1 / (1 + np.exp(-half - centre)))


def _around_auc_difference(
    value: float, a: tuple[Array, Array], b: tuple[Array, Array], level: float
) -> tuple[float, float]:
    half = normal_quantile(level) * _spread(a[0] - b[0], a[1] - b[1])
    return value - half, value + half


def _resampled(
    function: Callable[[Array], float], value: float, rows: int, level: float, resamples: int, seed: int
) -> tuple[float, float]:
    if rows < 2:
        return np.nan, np.nan
    dice = np.random.default_rng(seed)
    if rows >= _SOME_ROWS:
        half = _of_groups(function, dice.permutation(rows), level)
        if np.isfinite(half):
            return float(value - half), float(value + half)
    found = np.array([function(dice.integers(0, rows, rows)) for _ in range(resamples)])
    found = found[np.isfinite(found)]
    if len(found) < resamples // 2:
        return np.nan, np.nan
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _of_groups(function: Callable[[Array], float], order: Array, level: float) -> float:
    """Give half of the width of an interval, from disjoint groups of rows; NaN where most of them have no value."""
    groups = np.array_split(order, _GROUPS)
    if len(order) >= _MANY_ROWS:
        found = np.array([function(group) for group in groups])
        error = np.nanstd(found, ddof=1) / np.sqrt(_GROUPS) if np.isfinite(found).sum() > _GROUPS // 2 else np.nan
    else:
        left = [np.concatenate(groups[:place] + groups[place + 1 :]) for place in range(_GROUPS)]
        found = np.array([function(rows) for rows in left])
        error = np.std(found) * np.sqrt(_GROUPS - 1)
    return _student(level, _GROUPS - 1) * float(error)


def difference_p_value(difference: float, before: Interval, now: Interval) -> float:
    """Test whether a metric of other rows differs by more than chance, to one side.

    Parameters
    ----------
    difference : float
        Positive where it became worse.
    before, now : Interval
        Of the two samples, of the same level. Half their widths are taken as so many standard errors.

    Returns
    -------
    float
        1 where there is no interval to go by.

    Examples
    --------
    >>> before, now = Interval(0.90, 0.88, 0.92), Interval(0.80, 0.77, 0.83)
    >>> difference_p_value(0.10, before, now) < 1e-6
    True
    """
    from scipy.special import ndtr

    errors = [(each.high - each.low) / 2 / normal_quantile(each.level) for each in (before, now)]
    spread = float(np.hypot(errors[0], errors[1]))
    if not np.isfinite(difference) or not np.isfinite(spread):
        return 1.0
    if spread == 0:
        return 0.0 if difference > 0 else 1.0
    return float(ndtr(-difference / spread))
