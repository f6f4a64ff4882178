"""Held-out data: rows whose truth is known, and what versions score on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_lite import frames
from mlops_lite.errors import InvalidInputError, NotFoundError, suggest
from mlops_lite.stats import metrics
from mlops_lite.stats.interval import Interval

if TYPE_CHECKING:
    from mlops_lite.deployment.candidate import Candidate

__all__ = ["difference", "encoded", "fitting", "own_metric", "split"]

_TABLES = ("pandas", "arrow", "polars", "dict")


def split(data: Any, target: Any) -> tuple[Any, Any]:
    """Part the truth from the inputs.

    Parameters
    ----------
    data : table, dict of columns, array, or pair of inputs and truth
    target : str or array
        The column of the truth, or the truth itself.

    Returns
    -------
    inputs, truth

    Examples
    --------
    >>> split({"age": [31, 45], "churned": [0, 1]}, "churned")
    ({'age': [31, 45]}, [0, 1])
    """
    if isinstance(data, tuple) and len(data) == 2:
        return data
    if target is None:
        raise InvalidInputError("A gate on held-out data needs the truth.", remedy="Pass target='churned'.")
    if not isinstance(target, str):
        return data, target
    kind = frames.kind(data)
    columns = _columns(data, kind)
    if target not in columns:
        raise NotFoundError(
            f"The held-out data have no column {target!r}.", remedy=suggest(target, map(str, columns)) or None
        )
    rest = _chosen(data, [name for name in columns if name != target], kind)
    return rest, data.column(target).to_pylist() if kind == "arrow" else data[target]


def fitting(version: Any, inputs: Any) -> Any:
    """Give the inputs as a version takes them: its columns in its order, in the kind of table that it was made for.

    Held-out data often hold ids and dates too, and are read as Arrow where the model learned from pandas.
    """
    signature, kind = getattr(version, "signature", None), frames.kind(inputs)
    names = getattr(signature, "names", None)
    if signature is None or not names or kind not in _TABLES:
        return inputs
    if {*names} <= {*_columns(inputs, kind)}:
        inputs = _chosen(inputs, list(names), kind)
    if signature.container in _TABLES and signature.container != kind:
        return frames.from_arrow(frames.to_arrow(inputs), signature.container)
    return inputs


def _columns(data: Any, kind: str | None) -> list[Any]:
    if kind == "dict":
        return list(data)
    return list(getattr(data, "column_names" if kind == "arrow" else "columns", ()))


def _chosen(data: Any, names: list[str], kind: str | None) -> Any:
    if kind == "dict":
        return {name: data[name] for name in names}
    return data[names] if kind == "pandas" else data.select(names)


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
