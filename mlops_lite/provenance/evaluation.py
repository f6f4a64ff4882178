"""Models evaluated on the same rows: each with an interval, and each against the first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from mlops_lite.deployment.candidate import Candidate
from mlops_lite.deployment.held_out import encoded
from mlops_lite.errors import InvalidInputError
from mlops_lite.provenance.side import Side
from mlops_lite.stats import metrics as known
from mlops_lite.stats.interval import Interval
from mlops_lite.stats.resampling import interval, paired_difference
from mlops_lite.store import Store

__all__ = ["Evaluation", "evaluate"]


@attrs.frozen
class Evaluation:
    """What models scored on the same rows.

    Parameters
    ----------
    scores : mapping of (str, str) to Interval
        By metric and side.
    differences : mapping of (str, str) to Interval
        The side minus the first one, paired row by row.
    """

    scores: dict[tuple[str, str], Interval]
    differences: dict[tuple[str, str], Interval]


@attrs.frozen
class _Question:
    name: str
    on: Any
    target: Any


def evaluate(
    sides: Sequence[Side], on: Any, target: Any, metrics: Iterable[str] | None, store: Store, trusted: Any
) -> Evaluation:
    """Evaluate the model of each side.

    Parameters
    ----------
    sides : sequence of Side
    on : Snapshot, ref or frame
    target : str or array
        The column of the truth, or the truth.
    metrics : iterable of str, optional
        By name; those that suit the truth without it.
    store : Store
    trusted : str or list of str, optional
        What opening the models may do.

    Returns
    -------
    Evaluation
    """
    candidate = Candidate(store, sides[0].version, None, "", trusted)
    if target is None and not isinstance(on, tuple):
        raise InvalidInputError(
            "An evaluation needs the truth.", remedy="Pass target='churned', the name of its column."
        )
    _, truth = candidate.data(on, target)
    names = list(metrics) if metrics is not None else [metric.name for metric in known.default(_task(truth))]
    scores: dict[tuple[str, str], Interval] = {}
    differences: dict[tuple[str, str], Interval] = {}
    for name in names:
        question = _Question(name, on, target)
        answers = [encoded(candidate, side.version, question) for side in sides]
        for side, (y, p) in zip(sides, answers, strict=True):
            scores[name, side.name] = interval(name, y, p)
            if side is not sides[0]:
                differences[name, side.name] = paired_difference(name, y, p, answers[0][1])
    return Evaluation(scores, differences)


def _task(truth: Any) -> str:
    """Guess the task: few distinct values, or none that is a fraction, are classes."""
    import numpy as np

    array = np.asarray(truth)
    if array.dtype.kind not in "if":
        return "classification"
    distinct = np.unique(array)
    whole = bool((distinct == np.floor(distinct)).all())
    return "classification" if whole and len(distinct) <= 20 else "regression"
