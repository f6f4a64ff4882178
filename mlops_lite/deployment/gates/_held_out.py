"""Metrics on held-out rows, of one version or of two on the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_lite.errors import InvalidInputError
from mlops_lite.stats import metrics
from mlops_lite.stats.interval import Interval

if TYPE_CHECKING:
    from mlops_lite.deployment.candidate import Candidate

__all__ = ["difference", "encoded", "own_metric"]


def encoded(candidate: Candidate, version: Any, gate: Any) -> tuple[Any, Any]:
    """Give truth and what a version said, as the metric takes them.

    Parameters
    ----------
    candidate : Candidate
    version : ModelVersion
    gate : object
        With ``name``, ``on`` and ``target``.

    Returns
    -------
    y, p : array
    """
    metric = metrics.get(gate.name)
    _, y = candidate.data(gate.on, gate.target)
    said = candidate.predicted(version, gate.on, gate.target)
    truth = np.asarray(y)
    if metric.task != "classification":
        return truth.astype(np.float64), np.asarray(said.prediction, dtype=np.float64)
    classes = list(said.classes) if said.classes is not None else metrics.classes_of(truth, said.prediction, said.score)
    places = metrics.positions(truth, classes, "the truth")
    if metric.needs == "prediction":
        return places, metrics.positions(said.prediction, classes, "the prediction")
    if said.score is None:
        raise InvalidInputError(
            f"{gate.name} needs probabilities, and {version.ref} gives none.",
            remedy="Choose a metric of predictions, such as accuracy.",
        )
    return places, metrics.scores(said.score, len(truth), classes)


def own_metric(candidate: Candidate, gate: Any) -> float:
    """Compute a metric of the version that wants to serve."""
    return metrics.get(gate.name)(*encoded(candidate, candidate.version, gate))


def difference(candidate: Candidate, gate: Any, rows: Any = None) -> tuple[float, float, Interval]:
    """Compare the version with the champion on the same rows.

    Returns
    -------
    challenger, champion : float
        The metric of each.
    better : Interval
        How much better the challenger is: above 0 is better, whichever way the metric counts.
    """
    from mlops_lite.stats.resampling import paired_difference

    metric = metrics.get(gate.name)
    y, mine = encoded(candidate, candidate.version, gate)
    truth, theirs = encoded(candidate, candidate.champion, gate)
    if rows is not None:
        y, mine, theirs = y[rows], mine[rows], theirs[rows]
    elif not np.array_equal(y, truth):
        raise InvalidInputError(f"{candidate.ref} and {candidate.champion.ref} know different classes.")
    found = paired_difference(metric, y, mine, theirs, level=gate.level)
    if not metric.greater_is_better:
        found = Interval(-found.value, -found.high, -found.low, found.level)
    return metric(y, mine), metric(y, theirs), found
