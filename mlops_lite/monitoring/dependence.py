"""Why predictions moved: how the prediction depends on each column in the reference, and what moved since.

For each column the mean of the prediction is kept by groups of its cells: twenty of numbers, the commonest levels. If
only the shares of the groups had moved since, and the prediction hung on them as it did, its mean would have moved by
the sum over groups of (share now - share then) x mean. Columns are named by the part of the movement that this
explains. It is the marginal, first-order part of what Budhathoki, Janzing, Bloebaum and Ng ("Why did the distribution
change?", AISTATS 2021, PMLR 130:1666-1674) attribute by a causal graph: columns that move together are each given what
they share, and what the model made of a new combination is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from mlops_lite.monitoring.definition import Definition
from mlops_lite.monitoring.examine import as_numpy
from mlops_lite.monitoring.finding import Finding
from mlops_lite.monitoring.jointly import some_rows
from mlops_lite.stats import values
from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.number_cells import NumberCells
from mlops_lite.stats.profile import Profile

__all__ = ["explained", "features_of", "learn"]

_GROUPS = 20
_ROWS = 50_000  # of the reference, by which the dependence is learnt
_NAMED = 3  # columns
_LEAST = 0.1  # of the movement

Array = NDArray[Any]


def features_of(definition: Definition, names: Iterable[str]) -> list[str]:
    """Give the columns that a prediction may hang on: all but those with a role of their own."""
    apart = {definition.target, definition.prediction, *definition.scores, *definition.skipped}
    return [name for name in names if name not in apart]


def learn(definition: Definition, data: Any, profile: Profile) -> dict[str, Any]:
    """Learn how the predictions of the reference depend on its columns.

    Parameters
    ----------
    definition : Definition
    data : table or snapshot
        One that can be read again.
    profile : Profile
        Of it.

    Returns
    -------
    dict
        Prediction → column → ``ends`` (the last cell of each group of numbers) or ``levels``, and ``means``.
    """
    outputs = [name for name in (*definition.scores, definition.prediction) if name and _is_number(profile, name)]
    columns = [name for name in features_of(definition, profile.columns) if profile[name].family != "other"]
    if not outputs or not columns:
        return {}
    rows = some_rows(data, [*dict.fromkeys([*outputs, *columns])], _ROWS)
    predictions = {name: np.asarray(as_numpy(rows[name]), dtype=np.float64) for name in outputs}
    groups = {name: _groups(profile[name], rows[name]) for name in columns}
    return {
        output: {name: {**said, "means": _means(of_rows, count, p)} for name, (said, of_rows, count) in groups.items()}
        for output, p in predictions.items()
    }


def _is_number(profile: Profile, name: str) -> bool:
    return name in profile and profile[name].family == "numbers"


def _groups(column: ColumnProfile, array: Any) -> tuple[dict[str, Any], Array, int]:
    """Put cells together, and say of each row in which group it is; the last one is of what is missing or new."""
    if isinstance(column.cells, NumberCells):
        below = np.cumsum(column.counts)
        ends = np.unique(np.searchsorted(below, np.linspace(0, below[-1], _GROUPS + 1)[1:-1], "left"))
        codes = column.cells.code(values.numbers(array))
        found = np.where(codes < column.cells.size, np.searchsorted(ends, codes, "left"), len(ends) + 1)
        return {"ends": ends.tolist()}, found, len(ends) + 2
    common = sorted(column.levels, key=lambda level: (-column.levels[level], level))[:_GROUPS]
    place = {level: number for number, level in enumerate(common)}
    found = np.array([place.get(values.printable(each), len(common)) for each in as_numpy(array).tolist()])
    return {"levels": common}, found, len(common) + 1


def _means(groups: Array, count: int, prediction: Array) -> list[float]:
    held = np.isfinite(prediction)
    whole = float(prediction[held].mean()) if held.any() else 0.0
    sizes = np.bincount(groups[held], minlength=count)
    sums = np.bincount(groups[held], prediction[held], count)
    return [float(each) for each in np.where(sizes > 0, sums / np.maximum(sizes, 1), whole)]


@attrs.frozen
class _Part:
    name: str
    moved: float


def explained(
    findings: Sequence[Finding], dependence: Mapping[str, Any], reference: Profile, current: Profile
) -> list[Finding]:
    """Name, where a prediction drifted, the columns whose movement explains most of it."""
    return [
        attrs.evolve(each, sentence=each.sentence + _because(dependence[str(each.column)], each, reference, current))
        if each.severity == "alert" and each.kind.startswith("drift.") and each.column in dependence
        else each
        for each in findings
    ]


def _because(columns: Mapping[str, Any], finding: Finding, reference: Profile, current: Profile) -> str:
    output = str(finding.column)
    moved = current[output].mean - reference[output].mean
    shared = [name for name in columns if name in current and not current[name].alien]
    parts = [_Part(name, _part(columns[name], reference[name], current[name])) for name in shared]
    if not np.isfinite(moved) or not moved:
        return ""
    named = sorted((each for each in parts if each.moved / moved >= _LEAST), key=lambda each: -abs(each.moved))[:_NAMED]
    if not named:
        return f" No column by itself explains the move of its mean by {moved:+.3g}."
    said = ", ".join(f"{each.name!r} ({each.moved:+.3g})" for each in named)
    return f" Of the move of its mean by {moved:+.3g} these columns explain most: {said}."


def _part(learnt: Mapping[str, Any], then: ColumnProfile, now: ColumnProfile) -> float:
    """Say by how much the mean of the prediction would have moved by the shares of this column alone."""
    shares = [_shares(learnt, column) for column in (then, now)]
    return float((shares[1] - shares[0]) @ np.asarray(learnt["means"]))


def _shares(learnt: Mapping[str, Any], column: ColumnProfile) -> Array:
    if "ends" in learnt:
        groups = np.searchsorted(learnt["ends"], np.arange(len(column.counts)), "left")
        low, high = column.infinite
        counts = np.bincount(groups, column.counts, len(learnt["ends"]) + 1)
        counts = np.append(counts, column.missing + low + high)
    else:
        held = [column.levels.get(level, 0) for level in learnt["levels"]]
        counts = np.array([*held, column.rows - sum(held)], dtype=np.float64)
    total: Array = counts / max(counts.sum(), 1)
    return total
