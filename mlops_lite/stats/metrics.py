"""The metrics, by the names that scikit-learn gives them: one set for gates, comparisons and monitors."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from mlops_lite.errors import InvalidInputError, NotFoundError, suggest
from mlops_lite.stats import classification, ranking, regression

__all__ = ["Metric", "classes_of", "default", "evaluate", "get", "names", "positions", "scores"]

Task = Literal["classification", "regression", "ranking"]
Array = NDArray[Any]


@attrs.frozen
class Metric:
    """One number that says how good a model is; called with the truth and what the model said.

    Parameters
    ----------
    name : str
    task : {"classification", "regression", "ranking"}
    greater_is_better : bool
    needs : {"prediction", "score"}
        What the second argument is: classes or values, or probabilities.
    function : callable
        ``(y, p, weights=None) -> float``, NaN where the metric is not defined. For classifiers ``y`` and predictions
        are class positions 0 to k - 1; see :func:`evaluate`, which takes classes of any kind.
    rows : callable, optional
        Where the metric is a mean: its values row by row, which makes intervals cheap.

    Examples
    --------
    >>> accuracy = get("accuracy")
    >>> accuracy(np.array([0, 1, 1]), np.array([0, 1, 0]))
    0.6666666666666666
    """

    name: str
    task: Task
    greater_is_better: bool
    needs: Literal["prediction", "score"]
    function: Callable[..., float] = attrs.field(repr=False)
    rows: Callable[..., Array] | None = attrs.field(default=None, repr=False)

    def __call__(self, y: Array, p: Array, weights: Array | None = None) -> float:
        """Compute it."""
        y, p = np.asarray(y), np.asarray(p)
        return self.function(y, p) if weights is None else self.function(y, p, weights)


def _named(average: str, kind: Callable[..., float]) -> Callable[..., float]:
    return functools.partial(kind, average=average)


def _known() -> Iterable[Metric]:
    c, r = classification, regression
    yield Metric("accuracy", "classification", True, "prediction", c.accuracy, c.hits)
    yield Metric("balanced_accuracy", "classification", True, "prediction", c.balanced_accuracy)
    for function in (c.precision, c.recall, c.f1):
        yield Metric(function.__name__, "classification", True, "prediction", function)
        for average in ("macro", "weighted"):
            name = f"{function.__name__}_{average}"
            yield Metric(name, "classification", True, "prediction", _named(average, function))
    yield Metric("roc_auc", "classification", True, "score", c.roc_auc)
    yield Metric("average_precision", "classification", True, "score", c.average_precision)
    yield Metric("log_loss", "classification", False, "score", c.log_loss, c.log_losses)
    yield Metric("brier_score", "classification", False, "score", c.brier_score, c.squared_errors)
    yield Metric("calibration_error", "classification", False, "score", c.calibration_error)
    for loss, rows in (
        (r.mean_absolute_error, r.absolute_errors),
        (r.mean_squared_error, r.squared_errors),
        (r.root_mean_squared_error, None),
        (r.mean_absolute_percentage_error, r.percentage_errors),
        (r.median_absolute_error, None),
        (r.mean_pinball_loss, r.pinball_losses),
    ):
        yield Metric(loss.__name__, "regression", False, "prediction", loss, rows)
    yield Metric("r2", "regression", True, "prediction", r.r2)
    for order, queries in (
        (ranking.ndcg, ranking.ndcgs),
        (ranking.mean_average_precision, ranking.average_precisions),
        (ranking.mean_reciprocal_rank, ranking.reciprocal_ranks),
    ):
        yield Metric(order.__name__, "ranking", True, "score", order, queries)


_METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _known()}
_ALIASES = {
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
    "rmse": "root_mean_squared_error",
    "mape": "mean_absolute_percentage_error",
    "pinball": "mean_pinball_loss",
    "auc": "roc_auc",
    "roc_auc_ovr": "roc_auc",
    "brier": "brier_score",
    "brier_score_loss": "brier_score",
    "map": "mean_average_precision",
    "mrr": "mean_reciprocal_rank",
}
_DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "classification": (
        "accuracy",
        "precision",
        "recall",
        "f1",
        "roc_auc",
        "average_precision",
        "log_loss",
        "brier_score",
        "calibration_error",
    ),
    "regression": ("mean_absolute_error", "root_mean_squared_error", "mean_absolute_percentage_error", "r2"),
    "ranking": ("ndcg", "mean_average_precision"),
}


def names() -> list[str]:
    """List the metrics."""
    return sorted(_METRICS)


def get(name: str | Metric) -> Metric:
    """Find a metric.

    Parameters
    ----------
    name : str or Metric
        A name of scikit-learn, such as ``roc_auc`` or ``mean_absolute_error``; short ones (``mae``, ``rmse``) too.

    Returns
    -------
    Metric

    Raises
    ------
    NotFoundError
        There is none; names the nearest.

    Examples
    --------
    >>> get("rmse").name, get("rmse").greater_is_better
    ('root_mean_squared_error', False)
    """
    if isinstance(name, Metric):
        return name
    found = _METRICS.get(_ALIASES.get(name, name))
    if found is None:
        raise NotFoundError(f"There is no metric {name!r}.", remedy=suggest(name, {*_METRICS, *_ALIASES}), name=name)
    return found


def default(task: str) -> list[Metric]:
    """List the metrics that are computed where none are named.

    Parameters
    ----------
    task : {"classification", "regression", "ranking"}
    """
    if task not in _DEFAULTS:
        raise NotFoundError(f"There is no task {task!r}.", remedy=suggest(task, _DEFAULTS))
    return [_METRICS[name] for name in _DEFAULTS[task]]


def evaluate(
    names: Iterable[str | Metric],
    y: Any,
    prediction: Any = None,
    score: Any = None,
    classes: Sequence[Any] | None = None,
) -> dict[str, float]:
    """Compute metrics.

    Parameters
    ----------
    names : iterable of str or Metric
    y : array of shape (n,)
        The truth: classes of any kind, or numbers. For rankings of shape (queries, items).
    prediction : array of shape (n,), optional
        The class or value that the model gave.
    score : array of shape (n,) or (n, k), optional
        The probability of the later class of two, or one column a class. Where the prediction is missing, the likeliest
        class is taken.
    classes : sequence, optional
        The classes in the order of the columns; else the sorted classes that occur.

    Returns
    -------
    dict of str to float
        By the names as given; NaN where a metric is not defined (such as the ROC AUC of a single class).

    Raises
    ------
    InvalidInputError
        Lengths differ, a metric lacks what it needs, a class is unknown, or probabilities leave [0, 1].

    Examples
    --------
    >>> evaluate(["accuracy", "roc_auc"], ["no", "yes", "yes", "no"], score=[0.1, 0.9, 0.4, 0.2])
    {'accuracy': 0.75, 'roc_auc': 1.0}
    """
    wanted = {str(getattr(name, "name", name)): get(name) for name in names}
    given = np.asarray(y)
    inputs: dict[str, tuple[Array, Array | None]] = {}
    if any(metric.task == "classification" for metric in wanted.values()):
        known = classes_of(given, prediction, score) if classes is None else list(classes)
        truth = positions(given, known, "y")
        chances = None if score is None else scores(score, len(given), known)
        named = _likeliest(chances) if prediction is None else positions(prediction, known, "prediction")
        inputs["prediction"], inputs["score"] = (truth, named), (truth, chances)
    return {name: _evaluated(name, metric, given, prediction, score, inputs) for name, metric in wanted.items()}


def _evaluated(name: str, metric: Metric, y: Array, prediction: Any, score: Any, inputs: Mapping[str, Any]) -> float:
    if metric.task == "classification":
        y, p = inputs[metric.needs]
    else:
        p = score if metric.needs == "score" and score is not None else prediction
        p = None if p is None else np.asarray(p, dtype=np.float64)
        y = y.astype(np.float64)
    if p is None:
        raise InvalidInputError(f"{name} needs a {metric.needs}.", remedy=f"Pass {metric.needs}=.")
    if len(p) != len(y):
        raise InvalidInputError(f"y has {len(y):,} rows, the {metric.needs} {len(p):,}.", remedy="Pass the same rows.")
    return metric(y, p)


def _likeliest(chances: Array | None) -> Array | None:
    if chances is None:
        return None
    return chances.argmax(1) if chances.ndim == 2 else (chances >= 0.5).astype(np.int64)


def classes_of(y: Any, prediction: Any = None, score: Any = None) -> list[Any]:
    """Find the classes: those that occur, sorted; 0 and 1, or 0 to k - 1, where that is what the columns mean."""
    found = {*_plain(y), *(() if prediction is None else _plain(prediction))}
    if found <= {0, 1}:
        return [0, 1]
    columns = np.asarray(score).shape[1] if score is not None and np.ndim(score) == 2 else None
    if columns is not None and len(found) < columns and found <= set(range(columns)):
        return list(range(columns))
    try:
        return sorted(found)
    except TypeError:
        return sorted(found, key=lambda value: (type(value).__name__, str(value)))


def _plain(values: Any) -> list[Any]:
    array = np.asarray(values)
    if array.dtype == object:
        return list(dict.fromkeys(array.tolist()))
    return list(np.unique(array).tolist())


def positions(values: Any, classes: Sequence[Any], what: str = "y") -> NDArray[np.int64]:
    """Turn classes into their positions.

    Parameters
    ----------
    values : array of shape (n,)
    classes : sequence
        All classes, in order.
    what : str
        Named in the error.

    Raises
    ------
    InvalidInputError
        A class is not among them.
    """
    array = np.asarray(values)
    if array.ndim != 1:
        raise InvalidInputError(f"{what} has the shape {array.shape}; one class a row is needed.")
    place = {value: index for index, value in enumerate(classes)}
    if array.dtype == object:
        unique, inverse = _object_unique(array)
    else:
        found, inverse = np.unique(array, return_inverse=True)
        unique = found.tolist()
    unknown = [value for value in unique if value not in place]
    if unknown:
        raise InvalidInputError(
            f"{what} holds {unknown[0]!r}"
            + (f" and {len(unknown) - 1} more" if len(unknown) > 1 else "")
            + ", which is no class of the model.",
            remedy=f"Its classes are {', '.join(map(repr, list(classes)[:8]))}.",
            unknown=unknown,
        )
    return np.array([place[value] for value in unique], dtype=np.int64)[inverse]


def _object_unique(array: Array) -> tuple[list[Any], Array]:
    place: dict[Any, int] = {}
    inverse = np.fromiter((place.setdefault(value, len(place)) for value in array.tolist()), np.int64, len(array))
    return list(place), inverse


def scores(score: Any, rows: int, classes: Sequence[Any]) -> NDArray[np.float64]:
    """Check probabilities; two columns become the second one.

    Raises
    ------
    InvalidInputError
        They leave [0, 1], are not numbers, or do not fit the rows or classes.
    """
    try:
        found = np.asarray(score, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"The score is not numeric: {error}.") from error
    if found.ndim not in (1, 2) or len(found) != rows:
        raise InvalidInputError(
            f"y has {rows:,} rows, the score the shape {found.shape}.", remedy="Pass the same rows."
        )
    if found.size and not (found.min() >= 0 and found.max() <= 1):  # written so that NaN is refused too
        raise InvalidInputError(
            f"The score holds values outside [0, 1] (from {np.nanmin(found):g} to {np.nanmax(found):g}) or NaN.",
            remedy="Pass probabilities, such as model.predict_proba(X).",
        )
    if found.ndim == 2 and found.shape[1] != len(classes):
        raise InvalidInputError(
            f"The score has {found.shape[1]} columns for {len(classes)} classes.",
            remedy="Pass classes= in their order.",
        )
    if found.ndim == 1 and len(classes) > 2:
        raise InvalidInputError(
            f"There are {len(classes)} classes and one column of scores.", remedy="Pass one column a class."
        )
    return found[:, 1] if found.ndim == 2 and found.shape[1] == 2 else found
