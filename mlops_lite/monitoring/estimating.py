"""Performance without labels, while they are awaited."""

from __future__ import annotations

import numpy as np

from mlops_lite.errors import InvalidInputError
from mlops_lite.monitoring import performance
from mlops_lite.monitoring.definition import Definition
from mlops_lite.monitoring.finding import Finding
from mlops_lite.monitoring.performance import Rows
from mlops_lite.stats import cbpe, metrics
from mlops_lite.stats.cbpe import Calibration
from mlops_lite.stats.interval import Interval

__all__ = ["OUTSIDE", "PREFIX", "calibrations_of", "estimate", "missed"]

PREFIX = "estimated_"
_LEAST = 100  # rows of each class, below which a calibration says nothing
OUTSIDE = 0.01  # share of rows beyond the reference that a user should know of
_TELLING = ("roc_auc", "accuracy", "mean_absolute_error", "root_mean_squared_error")
_LEFT_OUT = ("calibration_error",)  # of a score that was just calibrated


def calibrations_of(definition: Definition, labelled: Rows) -> list[Calibration]:
    """Calibrate the score on the labelled rows of the reference; nothing where there are too few."""
    if definition.task != "classification" or not len(labelled):
        return []
    labelled = labelled.answers(True)
    score = performance.probabilities(definition, labelled)
    if score is None or len(definition.classes) < 2:
        return []
    y = metrics.positions(labelled.columns[str(definition.target)], list(definition.classes))
    if np.bincount(y, minlength=len(definition.classes)).min() < _LEAST:
        return []
    if score.ndim == 1:
        return [cbpe.calibrate(y, score)]
    return [cbpe.calibrate(y == k, score[:, k]) for k in range(score.shape[1])]


def estimate(
    definition: Definition, calibrations: list[Calibration], rows: Rows, alpha: float
) -> tuple[list[Finding], dict[str, Interval]]:
    """Estimate the metrics of rows without labels.

    Estimates warn and do not alert: they stand on the assumption that score and truth belong together as before.
    """
    is_log, rows = rows.methods is not None, rows.answers(True)
    if not calibrations or not len(rows):
        return [], {}
    try:
        score = performance.probabilities(definition, rows)
    except InvalidInputError as error:
        return [performance.raised(error)], {}
    if score is None:
        return [], {}
    p = None if is_log else rows.get(definition.prediction)
    likeliest = score.argmax(1) if score.ndim == 2 else (score >= 0.5).astype(np.int64)
    try:
        named = likeliest if p is None else metrics.positions(p, list(definition.classes), str(definition.prediction))
    except InvalidInputError as error:
        return [performance.raised(error)], {}
    wanted = [metric for metric in metrics.default("classification") if metric.name not in _LEFT_OUT]
    found = cbpe.estimate(wanted, calibrations, score, named)
    names = [name for name in performance.tested(definition, found) if name in definition.baseline]
    p_values = {}
    for name in names:
        before = performance.read(definition.baseline[name])
        assert before is not None
        p_values[name] = min(1.0, performance.worsening(name, before, found[name])[2] * len(names))
    about = performance.findings(definition, found, p_values, alpha, PREFIX)
    about += _beyond(calibrations, score)
    return about, {PREFIX + name: each for name, each in found.items()}


def _beyond(calibrations: list[Calibration], score: np.ndarray) -> list[Finding]:
    columns = [score] if score.ndim == 1 else list(score.T)
    share = max(each.outside(column) for each, column in zip(calibrations, columns, strict=True))
    if share <= OUTSIDE:
        return []
    words = f"{share:.1%} of the scores lie beyond all of the reference: there the estimates are guesses."
    return [Finding(None, "performance.support", share, None, share, OUTSIDE, "warning", words)]


def missed(estimates: dict[str, Interval], found: dict[str, Interval]) -> list[Finding]:
    """Say where labels show that an estimate was wrong: score and truth no longer belong together as before."""
    made = []
    for name, truth in found.items():
        guess = estimates.get(PREFIX + name)
        if guess is not None and name in _TELLING and (guess.low > truth.high or guess.high < truth.low):
            words = f"{name} was estimated as {guess} and is {truth}: truth follows predictions no longer as before."
            made.append(Finding(None, f"performance.concept.{name}", truth.value, None, None, None, "warning", words))
    return made
