"""Where is the model weakest? Metrics of slices, and the worst of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mlops_lite.errors import InvalidInputError
from mlops_lite.monitoring import performance
from mlops_lite.monitoring.definition import Definition
from mlops_lite.monitoring.finding import Finding, Severity
from mlops_lite.monitoring.performance import Rows
from mlops_lite.stats import metrics
from mlops_lite.stats.combine import benjamini_hochberg
from mlops_lite.stats.interval import Interval

__all__ = ["judge_slices"]

_LEAST = 30  # rows of a slice, below which a metric says little
_MOST = 50  # slices of one column
_BINS = 4  # of a column of numbers


def judge_slices(definition: Definition, rows: Rows, alpha: float) -> tuple[list[Finding], dict[str, Interval]]:
    """Compute the leading metric of every slice of the columns ``by``, and warn where one is worse than all together.

    Columns of numbers are cut at their quartiles. Because many slices are looked at, Benjamini and Hochberg's procedure
    says which count.

    Returns
    -------
    findings : list of Finding
        One a slice, of kind ``slice.<metric>``, worst first; ``warning`` where it is worse by more than chance.
    found : dict of str to Interval
        ``roc_auc[city=Oslo]``.
    """
    leading = performance.leading(definition, rows)
    labelled = rows.labelled(definition.target)
    if leading is None or not definition.by or len(labelled) < 2 * _LEAST:
        return [], {}
    names, intervals, p_values, worse = [], [], [], []
    for name, mask in _slices(definition, labelled):
        inside, outside = (_value(definition, labelled.where(part), leading) for part in (mask, ~mask))
        if inside is not None and outside is not None and np.isfinite(inside.value):
            away, _, p_value = performance.worsening(leading, outside, inside)
            names.append(name)
            intervals.append(inside)
            p_values.append(p_value)
            worse.append(away)
    _, adjusted = benjamini_hochberg(p_values, alpha)
    made = []
    for place in np.argsort(-np.array(worse), kind="stable"):
        named = adjusted[place] <= alpha and worse[place] >= performance.FLOOR
        words = f"{leading} is {intervals[place]} where {names[place]}" + (", worse than elsewhere." if named else ".")
        column, kind = names[place].partition("=")[0], f"slice.{leading}"
        severity: Severity = "warning" if named else "ok"
        made.append(
            Finding(
                column, kind, intervals[place].value, p_values[place], worse[place], performance.FLOOR, severity, words
            )
        )
    return made, {f"{leading}[{name}]": each for name, each in zip(names, intervals, strict=True)}


def _slices(definition: Definition, rows: Rows) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    for column in definition.by:
        values = rows.get(column)
        if values is not None:
            yield from _of_numbers(column, values) if values.dtype.kind == "f" else _of_levels(column, values)


def _of_numbers(column: str, values: NDArray[np.float64]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    if not np.isfinite(values).any():
        return
    edges = np.unique(np.nanquantile(values, np.linspace(0, 1, _BINS + 1)))
    for low, high in itertools.pairwise(edges):
        mask = (values >= low) & ((values < high) | (high == edges[-1]))
        if mask.sum() >= _LEAST:
            yield f"{column}={low:.4g} to {high:.4g}", mask


def _of_levels(column: str, values: NDArray[np.object_]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    text = values.astype(str)
    levels, counts = np.unique(text, return_counts=True)
    for place in np.argsort(-counts, kind="stable")[:_MOST]:
        if counts[place] >= _LEAST:
            yield f"{column}={levels[place]}", text == levels[place]


def _value(definition: Definition, rows: Rows, name: str) -> Interval | None:
    if len(rows) < _LEAST:
        return None
    try:
        return performance.evaluate(definition, rows, [metrics.get(name)]).get(name)
    except InvalidInputError:
        return None
