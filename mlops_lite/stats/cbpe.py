"""What a classifier would score if the labels were there: confidence-based performance estimation.

The score is calibrated on the reference by isotonic regression (Zadrozny and Elkan, 2002); then a row of calibrated
probability p counts as p of a positive and 1 - p of a negative one, and every metric is computed with these weights
(NannyML's CBPE). It holds as long as the relation of score and truth does: it cannot see that it broke (concept drift).
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from mlops_lite.stats.interval import Interval
from mlops_lite.stats.metrics import Metric

__all__ = ["Calibration", "calibrate", "estimate"]

Floats = NDArray[Any]
_GROUPS = 2_000  # distinct scores that are kept; more are put together by rank
_DRAWS = 40
_SPREAD_ROWS = 5_000  # rows from which the interval is found
_HALF = 2 ** (2 / 3) - 1  # by how much of itself the optimism grows when half of the rows are left


@attrs.frozen(eq=False)
class Calibration:
    """How often rows of a score turned out positive, in the reference.

    Parameters
    ----------
    scores : ndarray of shape (g,)
        Ascending.
    rows, positives : ndarray of shape (g,)
    """

    scores: Floats
    rows: Floats
    positives: Floats

    def fit(self, rows: Floats | None = None, positives: Floats | None = None) -> Floats:
        """Give the calibrated probability at each score: the closest that never falls."""
        from scipy.optimize import isotonic_regression

        rows = self.rows if rows is None else rows
        positives = self.positives if positives is None else positives
        held = rows > 0
        fitted = isotonic_regression(positives[held] / rows[held], weights=rows[held].astype(np.float64)).x
        return np.asarray(np.interp(self.scores, self.scores[held], fitted))

    def halved(self, dice: np.random.Generator) -> Floats:
        """Fit again on a random half of the rows of the reference."""
        counts = np.concatenate((self.positives, self.rows - self.positives)).astype(np.int64)
        drawn = dice.multivariate_hypergeometric(counts, int(counts.sum()) // 2, method="marginals")
        positives, negatives = drawn[: len(self.rows)], drawn[len(self.rows) :]
        return self.fit(positives + negatives, positives)

    def outside(self, score: Floats) -> float:
        """Give the share of rows whose score lies beyond all of the reference."""
        return float(np.mean((score < self.scores[0]) | (score > self.scores[-1]))) if len(score) else 0.0

    def describe(self) -> dict[str, Any]:
        """Give plain values."""
        return {name: getattr(self, name).tolist() for name in ("scores", "rows", "positives")}

    @classmethod
    def of(cls, described: Any) -> Calibration:
        """Read what :meth:`describe` gave."""
        return cls(*(np.array(described[name]) for name in ("scores", "rows", "positives")))


def calibrate(y: NDArray[Any], score: Floats) -> Calibration:
    """Count positives by score.

    Parameters
    ----------
    y : ndarray of shape (n,)
        1 for positive rows, 0 for others.
    score : ndarray of shape (n,)

    Examples
    --------
    >>> calibrate(np.array([0, 0, 1, 1]), np.array([0.1, 0.3, 0.3, 0.8])).fit().tolist()
    [0.0, 0.5, 1.0]
    """
    order = np.argsort(score, kind="stable")
    score, y = score[order], np.asarray(y)[order].astype(np.float64)
    if len(score) > _GROUPS:
        group = np.arange(len(score)) * _GROUPS // len(score)
        fresh = (score[1:] != score[:-1]) & (group[1:] != group[:-1])
    else:
        fresh = score[1:] != score[:-1]
    starts = np.flatnonzero(np.concatenate(([True], fresh)))
    rows = np.diff(np.append(starts, len(score)))
    return Calibration(np.add.reduceat(score, starts) / rows, rows, np.add.reduceat(y, starts))


def estimate(
    metrics: list[Metric],
    calibrations: list[Calibration],
    score: Floats,
    prediction: NDArray[Any],
    *,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Interval]:
    """Estimate metrics without labels.

    Parameters
    ----------
    metrics : list of Metric
        Of classifiers.
    calibrations : list of Calibration
        One for two classes, else one a class.
    score : ndarray of shape (n,) or (n, k)
    prediction : ndarray of shape (n,)
        Class positions.
    level : float
        How often the interval shall hold the metric that the labels would give. It covers that labels are drawn, that
        the calibration was learnt from the rows of the reference, and that a calibration flatters the rows it was
        learnt from.
    seed : int

    Returns
    -------
    dict of str to Interval
        By the names of the metrics. The value is that of the definition; the interval lies around the value less its
        optimism.

    Notes
    -----
    What the reference does to the estimate is learnt from random halves of it (Politis and Romano, 1994), as the
    bootstrap is not consistent for isotonic regression. The spread of halves around the whole is that of the whole
    around the truth. Its optimism shrinks with n as n^(-2/3), the rate of isotonic regression (Zhang, 2002), so that of
    the whole is what a half adds, over 2^(2/3) - 1; it counts once more as its own uncertainty.
    """
    from scipy.special import ndtri

    dice = np.random.default_rng(seed)
    given = {metric.name: score if metric.needs == "score" else prediction for metric in metrics}
    chances = _chances([c.fit() for c in calibrations], calibrations, score)
    few = dice.choice(len(score), min(len(score), _SPREAD_ROWS), replace=False)
    halves = [
        _on_half(metrics, calibrations, score[few], {m: p[few] for m, p in given.items()}, dice) for _ in range(_DRAWS)
    ]
    factor, found = float(ndtri((1 + level) / 2)), {}
    for metric in metrics:
        p = given[metric.name]
        expected, drawn = np.array([half[metric.name] for half in halves]).T
        value = _expected(metric, chances, p)
        optimism = (float(np.nanmean(expected)) - _expected(metric, chances[few], p[few])) / _HALF
        of_learning = float(np.nanvar(expected))
        of_labels = max(float(np.nanvar(drawn)) - of_learning, 0.0) * len(few) / len(score)
        reach = factor * float(np.sqrt(of_learning + of_labels + optimism**2))
        found[metric.name] = Interval(value, value - optimism - reach, value - optimism + reach, level)
    return found


def _on_half(
    metrics: list[Metric],
    calibrations: list[Calibration],
    score: Floats,
    given: dict[str, NDArray[Any]],
    dice: np.random.Generator,
) -> dict[str, tuple[float, float]]:
    """Give what each metric is expected to be by a half of the reference, and what it is for labels drawn by it."""
    chances = _chances([c.halved(dice) for c in calibrations], calibrations, score)
    labels = (dice.random((len(score), 1)) > np.cumsum(chances, axis=1)[:, :-1]).sum(1)
    return {m.name: (_expected(m, chances, given[m.name]), m(labels, given[m.name])) for m in metrics}


def _chances(fits: list[Floats], calibrations: list[Calibration], score: Floats) -> Floats:
    """Give the calibrated probability of each class, of shape (n, k)."""
    if len(fits) == 1:
        p = np.interp(score, calibrations[0].scores, fits[0])
        return np.column_stack((1 - p, p))
    each = [np.interp(score[:, k], c.scores, fit) for k, (c, fit) in enumerate(zip(calibrations, fits, strict=True))]
    raw = np.column_stack(each)
    total = raw.sum(1, keepdims=True)
    return np.where(total > 0, raw / np.where(total > 0, total, 1), 1 / raw.shape[1])


def _expected(metric: Metric, chances: Floats, p: NDArray[Any]) -> float:
    """Compute a metric with every row once for each class, weighted by its chance."""
    rows, classes = chances.shape
    y = np.repeat(np.arange(classes), rows)
    return metric(y, np.concatenate([p] * classes), chances.T.ravel())
