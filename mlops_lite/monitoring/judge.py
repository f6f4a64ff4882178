"""The verdict over all columns: which moved, with the promised rate of false alarms."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping
from typing import Any

import attrs

from mlops_lite.monitoring import measure
from mlops_lite.monitoring.finding import Finding, Severity
from mlops_lite.monitoring.measure import Measured, check_named, kind_of
from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.combine import benjamini_hochberg, weighted_bonferroni
from mlops_lite.stats.profile import Profile

__all__ = ["judge"]

_SCALE = 0.05  # the min_effect to which the floors of the checks belong


Pair = tuple[ColumnProfile, ColumnProfile]  # the reference and the current one


@attrs.frozen
class _Column:
    """What was measured of one column in one window."""

    name: str
    measured: Mapping[str, Measured]
    shared: Mapping[str, float]  # p-values over their shares

    @property
    def p_value(self) -> float:
        return min(self.shared.values(), default=1.0)


def judge(
    reference: Profile,
    current: Profile,
    alpha: float,
    words: str = "",
    *,
    checks: Collection[str] | Mapping[str, Collection[str]] = measure.DEFAULTS,
    min_effect: float = _SCALE,
    skip: Collection[str] = (),
    rows: Callable[[str], tuple[Any, Any]] | None = None,
    joint: Mapping[str, tuple[Measured, float]] | None = None,
) -> list[Finding]:
    """Measure all columns and say which moved.

    A column is named if its p-value passes Benjamini and Hochberg's procedure over all columns *and* the effect reaches
    its floor. Within a column the checks share its chance of a false alarm by their weights.

    Parameters
    ----------
    reference, current : Profile
        Counted on the same cells.
    alpha : float
        The chance that any column is named though none has moved.
    words : str
        Put behind the sentences of what is named.
    checks : collection of str, or mapping of column to such
        By name; ``*`` in a mapping stands for all other columns.
    min_effect : float
        In standard deviations; the floors of other effects go with it.
    skip : collection of str
        Columns that are not judged.
    rows : callable, optional
        Gives the sorted values of a column, of the reference and of today, for checks that can compare them exactly.

    joint : mapping of str to (Measured, float), optional
        Tests of many columns at once, each counted as one more column, with the effect that it must reach.

    Returns
    -------
    list of Finding
        Every measurement; severity ``alert`` where it counts.
    """
    names = [name for name in reference.columns if name in current and name not in skip]
    pairs = {name: (reference.columns[name], current.columns[name]) for name in names}
    pairs = {name: pair for name, pair in pairs.items() if _is_comparable(*pair)}  # else the schema says so
    fitting = {name: measure.fitting(_chosen(checks, name), then.family) for name, (then, _) in pairs.items()}
    ready = _side_by_side(pairs, fitting)
    measured = [_measure(name, pair, fitting[name], ready, rows) for name, pair in pairs.items()]
    columns = [column for column in measured if column.measured]
    together = dict(joint or {})
    p_values = [column.p_value for column in columns] + [float(each.p_value or 0) for each, _ in together.values()]
    threshold, _ = benjamini_hochberg(p_values, alpha)
    scale = min_effect / _SCALE
    found = [_jointly(name, each, floor * scale, threshold) for name, (each, floor) in together.items()]
    return found + [
        _finding(column, name, each, threshold, scale, words)
        for column in columns
        for name, each in column.measured.items()
    ]


def _jointly(name: str, measured: Measured, floor: float, threshold: float) -> Finding:
    p_value = float(measured.p_value or 0)
    named = p_value <= threshold and measured.effect >= floor
    words = f"The rows {measured.sentence}." if named else "The rows are as they were."
    severity: Severity = "alert" if named else "ok"
    return Finding(None, f"drift.{name}", measured.statistic, p_value, measured.effect, floor, severity, words)


def _chosen(checks: Collection[str] | Mapping[str, Collection[str]], column: str) -> Collection[str]:
    if isinstance(checks, Mapping):
        return checks.get(column, checks.get("*", measure.DEFAULTS))
    return checks


def _is_comparable(then: ColumnProfile, now: ColumnProfile) -> bool:
    return not now.alien and type(now.cells) is type(then.cells)


def _side_by_side(pairs: Mapping[str, Pair], fitting: Mapping[str, Collection[str]]) -> dict[tuple[str, str], Any]:
    """Make those checks that compare many columns at once; by column and check."""
    found: dict[tuple[str, str], Any] = {}
    for check in dict.fromkeys(itertools.chain.from_iterable(fitting.values())):
        names = [name for name in pairs if check in fitting[name]]
        if hasattr(check_named(check), "compare_all"):
            several = check_named(check).compare_all([pairs[name] for name in names])
            found |= {(name, check): each for name, each in zip(names, several, strict=True)}
    return found


def _measure(
    name: str, pair: Pair, checks: Collection[str], ready: Mapping[tuple[str, str], Any], rows: Any
) -> _Column:
    measured = {}
    for check in checks:
        module = check_named(check)
        is_exact = rows is not None and hasattr(module, "exact") and pair[0].family in ("numbers", "times")
        if (name, check) in ready:
            found = ready[name, check]
        else:
            found = module.exact(*rows(name)) if is_exact else module.compare(*pair)
        if found is not None:
            measured[check] = found
    if any(each.p_value is None for each in measured.values()):
        measured = _with_basis(measured, *pair)
    p_values = {check: each.p_value for check, each in measured.items() if each.p_value is not None}
    shared = weighted_bonferroni(p_values, {check: check_named(check).WEIGHT for check in p_values})
    return _Column(name, measured, shared)


def _with_basis(measured: dict[str, Measured], then: Any, now: Any) -> dict[str, Measured]:
    """Lend distances the p-value of the default check."""
    basis = next((measured[name] for name in measure.BASIS if name in measured), None)
    for name in measure.fitting(measure.BASIS, then.family):
        basis = basis or check_named(name).compare(then, now)
    p_value = basis.p_value if basis else 1.0
    return {
        name: each if each.p_value is not None else attrs.evolve(each, p_value=p_value)
        for name, each in measured.items()
    }


def _finding(column: _Column, name: str, measured: Measured, threshold: float, scale: float, words: str) -> Finding:
    floor = check_named(name).FLOOR * scale
    named = column.shared[name] <= threshold and measured.effect >= floor
    return Finding(
        column=column.name,
        kind=kind_of(name),
        statistic=measured.statistic,
        p_value=measured.p_value,
        effect=measured.effect,
        threshold=floor,
        severity="alert" if named else "ok",
        sentence=f"{column.name!r} {measured.sentence}{words}." if named else f"{column.name!r} is as it was.",
    )
