"""Is the model still right? Metrics with intervals, held against those of the reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from mlops_lite.errors import InvalidInputError
from mlops_lite.monitoring.definition import Definition
from mlops_lite.monitoring.finding import Finding
from mlops_lite.stats import metrics, ranking
from mlops_lite.stats.interval import Interval
from mlops_lite.stats.resampling import difference_p_value, interval

__all__ = ["Rows", "evaluate", "findings", "learn_classes", "learn_task"]

Array = NDArray[Any]
METHOD, PROBABILITIES = "method", "predict_proba"  # the column of a prediction log, and what asks for scores
_METHODS = {PROBABILITIES, "predict", "transform", "__call__"}
FLOOR = 0.01  # of metrics between 0 and 1
_RELATIVE = 0.05  # of losses
_PRIMARY = {"classification": ("roc_auc", "accuracy"), "regression": ("mean_absolute_error",), "ranking": ("ndcg",)}


@attrs.frozen(eq=False)
class Rows:
    """What is needed row by row.

    Parameters
    ----------
    columns : mapping of str to ndarray of shape (n,)
    """

    columns: Mapping[str, Array]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def get(self, name: str | None) -> Array | None:
        """Give a column; None where it is not there."""
        return None if name is None else self.columns.get(name)

    def where(self, mask: Array) -> Rows:
        """Keep some rows."""
        return Rows({name: column[mask] for name, column in self.columns.items()})

    def with_column(self, name: str, values: Array) -> Rows:
        """Add or replace a column."""
        return Rows({**self.columns, name: values})

    def labelled(self, target: str | None) -> Rows:
        """Keep the rows whose label is there."""
        found = self.get(target)
        return Rows({}) if found is None else self.where(~is_missing(found))

    @property
    def methods(self) -> Array | None:
        """By which method each row was answered; None where these are no rows of a prediction log."""
        found = self.get(METHOD)
        return found if found is not None and set(found.tolist()) <= _METHODS else None

    def answers(self, probabilities: bool) -> Rows:
        """Keep, of a prediction log of several methods, the rows that were asked for probabilities, or the others."""
        methods = self.methods
        return self if methods is None else self.where((methods == PROBABILITIES) == probabilities)


def is_missing(values: Array) -> NDArray[np.bool_]:
    """Tell where there is no value."""
    if values.dtype.kind == "f":
        return np.isnan(values)
    if values.dtype.kind in "mM":
        return np.isnat(values)
    if values.dtype != object:
        return np.zeros(len(values), dtype=bool)
    return np.fromiter((value is None or value != value for value in values), bool, len(values))


def learn_task(definition: Definition, rows: Rows) -> str | None:
    """Say what the model does, where it was not told: from what the columns hold."""
    if definition.task is not None:
        return definition.task
    if definition.group is not None:
        return "ranking"
    if definition.score is not None:
        return "classification"
    found = rows.get(definition.target)
    found = rows.get(definition.prediction) if found is None else found
    if found is None:
        return None
    few = found.dtype.kind in "bOU" or (found.dtype.kind in "iu" and len(np.unique(found)) <= 20)
    return "classification" if few else "regression"


def learn_classes(definition: Definition, rows: Rows) -> tuple[Any, ...]:
    """Find the classes: the names of the scores, else those that occur."""
    if isinstance(definition.score, Mapping):
        names = list(definition.score)
        found = [value for value in _classes(definition, rows) if str(value) in names]
        by_text = {str(value): value for value in found}
        return tuple(by_text.get(name, name) for name in names)
    return tuple(_classes(definition, rows))


def _classes(definition: Definition, rows: Rows) -> list[Any]:
    columns = [rows.get(definition.target), rows.get(definition.prediction)]
    held = [column[~is_missing(column)] for column in columns if column is not None]
    held = [column for column in held if len(column)]
    if not held:
        return []
    return metrics.classes_of(held[0], held[1] if len(held) > 1 else None)


def evaluate(
    definition: Definition,
    rows: Rows,
    wanted: Sequence[metrics.Metric | Callable[..., float]],
    level: float = 0.95,
) -> dict[str, Interval]:
    """Compute metrics of labelled rows, with intervals.

    Raises
    ------
    InvalidInputError
        Probabilities leave [0, 1], or a class is unknown to the model.
    """
    y = rows.get(definition.target)
    if y is None or not len(y):
        return {}
    if definition.task == "classification":
        inputs = _classified(definition, rows)
    elif definition.task == "ranking":
        inputs = _ranked(definition, rows, y)
    else:
        rows = rows.answers(False)
        y, p = rows.columns[str(definition.target)], rows.get(definition.prediction)
        inputs = {"prediction": (y.astype(np.float64), p.astype(np.float64))} if p is not None else {}
    found = {}
    for metric in wanted:
        given = inputs.get(metric.needs) if isinstance(metric, metrics.Metric) else _of_ones_own(definition, rows)
        if given is not None:
            name = str(getattr(metric, "name", None) or getattr(metric, "__name__", "custom"))
            found[name] = interval(metric, *given, level=level)
    return found


def _of_ones_own(definition: Definition, rows: Rows) -> tuple[Array, Array] | None:
    """Give a callable the truth as it is, and the score, or the prediction where there is none."""
    for name in (*definition.scores[:1], definition.prediction):
        held = rows.answers(name in definition.scores)
        p = held.get(name)
        if p is not None:
            return held.columns[str(definition.target)], p
    return None


def _classified(definition: Definition, rows: Rows) -> dict[str, tuple[Array, Array]]:
    classes = list(definition.classes)

    def truth(held: Rows) -> Array:
        return metrics.positions(held.columns[str(definition.target)], classes, f"The target {definition.target!r}")

    found = {}
    scored, told = rows.answers(True), rows.answers(False)
    score, p = probabilities(definition, scored), told.get(definition.prediction)
    if p is not None and len(p):
        found["prediction"] = (truth(told), metrics.positions(p, classes, f"The prediction {definition.prediction!r}"))
    if score is not None and len(score):
        found["score"] = (truth(scored), score)
        likeliest = score.argmax(1) if score.ndim == 2 else (score >= 0.5).astype(np.int64)
        found.setdefault("prediction", (found["score"][0], likeliest))
    return found


def probabilities(definition: Definition, rows: Rows) -> Array | None:
    """Give the checked scores; None where a column of them is not there."""
    columns = [rows.get(name) for name in definition.scores]
    if not columns or any(column is None for column in columns):
        return None
    score = np.column_stack(columns) if isinstance(definition.score, Mapping) else columns[0]  # type: ignore[arg-type]
    return metrics.scores(score, len(rows), definition.classes or (0, 1))


def _ranked(definition: Definition, rows: Rows, y: Array) -> dict[str, tuple[Array, Array]]:
    group = rows.get(definition.group)
    p = rows.get(definition.scores[0]) if definition.scores else rows.get(definition.prediction)
    if group is None or p is None:
        return {}
    tables = ranking.by_query(group, y.astype(np.float64), p.astype(np.float64))
    return {"score": (tables[0], tables[1])}


def tested(definition: Definition, found: Mapping[str, Interval]) -> list[str]:
    """Give the metrics that the verdict rests on: those named, else the leading one that there is."""
    if definition.metrics:
        return [name for name in (metrics.get(each).name for each in definition.metrics) if name in found]
    leading = [name for name in _PRIMARY.get(definition.task or "", ()) if name in found]
    return leading[:1]


def leading(definition: Definition, rows: Rows) -> str | None:
    """Give the metric by which slices are compared: the first that was named, else the leading one of the task."""
    if definition.metrics:
        return metrics.get(definition.metrics[0]).name
    if definition.task == "classification" and any(rows.get(name) is None for name in definition.scores or ("",)):
        return "accuracy"
    names = _PRIMARY.get(definition.task or "")
    return names[0] if names else None


def worsening(name: str, before: Interval, now: Interval) -> tuple[float, float, float]:
    """Say how much worse a metric became, how large that must be to count, and the p-value of one side."""
    metric = metrics.get(name)
    sign = 1.0 if metric.greater_is_better else -1.0
    worse = sign * (before.value - now.value)
    floor = FLOOR if metric.greater_is_better else max(_RELATIVE * abs(before.value), 1e-12)
    return worse, floor, difference_p_value(worse, before, now)


def findings(
    definition: Definition, found: Mapping[str, Interval], p_values: Mapping[str, float], alpha: float, prefix: str = ""
) -> list[Finding]:
    """Make findings of metrics: all that were measured, and which became worse.

    Parameters
    ----------
    p_values : mapping of str to float
        Adjusted ones, of the metrics that are tested.
    alpha : float
        What an adjusted p-value must reach.
    prefix : str
        ``estimated_`` for estimates without labels: they warn, and do not alert.
    """
    made = []
    scale = definition.min_effect / 0.05
    for name, now in found.items():
        before = read(definition.baseline.get(name))
        if before is None or name not in p_values or not np.isfinite(now.value):
            made.append(_measured(prefix + name, now, before))
            continue
        worse, floor, _ = worsening(name, before, now)
        floor *= scale
        named = p_values[name] <= alpha and worse >= floor
        severity = ("warning" if prefix else "alert") if named else "ok"
        words = f"{prefix + name} is {now}, {before} in the reference."
        made.append(
            Finding(None, f"performance.{prefix}{name}", now.value, p_values[name], worse, floor, severity, words)  # type: ignore[arg-type]
        )
    return made


def _measured(name: str, now: Interval, before: Interval | None) -> Finding:
    words = f"{name} is {now}." if before is None else f"{name} is {now}, {before} in the reference."
    if not np.isfinite(now.value):
        words = f"{name} is not defined here: it needs rows of both classes, or more of them."
        return Finding(None, f"performance.{name}", now.value, None, None, None, "info", words)
    return Finding(None, f"performance.{name}", now.value, None, None, None, "ok", words)


def read(described: Any) -> Interval | None:
    """Read an interval of the baseline."""
    return Interval(*described) if described else None


def raised(error: InvalidInputError) -> Finding:
    """Make a finding of what cannot be evaluated."""
    return Finding(None, "performance.input", np.nan, None, None, None, "alert", str(error))
