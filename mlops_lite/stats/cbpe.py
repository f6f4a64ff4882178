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
_EDGE = 0.01  # share of rows beyond the scores of the reference that a user should know of


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

    def drawn(self, dice: np.random.Generator) -> Floats:
        """Fit again on rows drawn anew from the reference."""
        total = int(self.rows.sum())
        chances = np.concatenate((self.positives, self.rows - self.positives)) / total
        counts = dice.multinomial(total, chances)
        positives, negatives = counts[: len(self.rows)], counts[len(self.rows) :]
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
        How often the interval shall hold the metric that the labels would give. It covers that labels are drawn, and
        that the calibration was learnt from the rows of the reference.
    seed : int

    Returns
    -------
    dict of str to Interval
        By the names of the metrics.
    """
    from scipy.special import ndtri

    dice = np.random.default_rng(seed)
    chances = _chances([c.fit() for c in calibrations], calibrations, score)
    few = dice.choice(len(score), min(len(score), _SPREAD_ROWS), replace=False)
    learnt: dict[str, list[float]] = {metric.name: [] for metric in metrics}
    drawn: dict[str, list[float]] = {metric.name: [] for metric in metrics}
    for _ in range(_DRAWS):
        again = _chances([c.drawn(dice) for c in calibrations], calibrations, score[few])
        labels = (dice.random((len(few), 1)) > np.cumsum(again, axis=1)[:, :-1]).sum(1)
        for metric in metrics:
            p = (score if metric.needs == "score" else prediction)[few]
            learnt[metric.name].append(_expected(metric, again, p))
            drawn[metric.name].append(metric(labels, p))
    factor, found = float(ndtri((1 + level) / 2)), {}
    for metric in metrics:
        value = _expected(metric, chances, score if metric.needs == "score" else prediction)
        of_learning, of_both = float(np.nanvar(learnt[metric.name])), float(np.nanvar(drawn[metric.name]))
        of_labels = max(of_both - of_learning, 0.0) * len(few) / len(score)
        half = factor * float(np.sqrt(of_learning + of_labels))
        found[metric.name] = Interval(value, value - half, value + half, level)
    return found


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
