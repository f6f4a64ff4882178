"""Declared rules: absolute, unlike what is inferred from the reference. ``ml.rules.between(0, 120)``.

Rules of a column are given by its name, rules of the table under ``"*"``::

    ml.Monitor("churn", reference=s, rules={"age": ml.rules.between(0, 120), "*": ml.rules.rows(at_least=1000)})
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import attrs
import numpy as np

from mlops_lite.base import canonical
from mlops_lite.errors import InvalidInputError, NotFoundError, suggest
from mlops_lite.monitoring.finding import Finding, Severity
from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.number_cells import NumberCells
from mlops_lite.stats.profile import Profile

__all__ = ["Rule", "between", "fresh", "missing", "no_duplicates", "not_missing", "one_of", "rows", "unique"]


@attrs.frozen
class Rule:
    """A rule and how grave it is to break it."""

    name: ClassVar[str] = ""
    needs_rows: ClassVar[bool] = False  # cannot be judged from a profile alone

    def broken(self, column: ColumnProfile, at: datetime) -> tuple[float, str] | None:
        """Give a number and words where it is broken."""
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        """Give what :func:`rule_of` reads."""
        return {"rule": self.name, **canonical.unstructure(self)}


def _bounds(rule: Any, _: Any, high: float) -> None:
    if not rule.low <= high:
        raise InvalidInputError(f"Nothing lies between {rule.low} and {high}.")


@attrs.frozen
class _Between(Rule):
    name: ClassVar[str] = "between"
    low: float
    high: float = attrs.field(validator=_bounds)
    severity: Severity = "alert"

    def broken(self, column: ColumnProfile, at: datetime) -> tuple[float, str] | None:
        if column.alien or not isinstance(column.cells, NumberCells):
            return 0.0, f"holds {column.type}, not numbers between {self.low:g} and {self.high:g}"
        if sum(column.infinite) or column.minimum < self.low or column.maximum > self.high:
            outside = _outside(column, self.low, self.high)
            words = f"lies between {column.minimum:g} and {column.maximum:g}; allowed is {self.low:g} to {self.high:g}"
            return float(outside), f"{words}; at least {outside:,} of the rows are outside"
        return None


def _outside(column: ColumnProfile, low: float, high: float) -> int:
    """Count rows in cells that lie outside as a whole: at least so many, and one."""
    ends = column.ends
    whole = (ends[1:] < low) | (ends[:-1] > high)
    return max(1, int(column.counts[whole].sum()) + sum(column.infinite))


@attrs.frozen
class _Missing(Rule):
    name: ClassVar[str] = "missing"
    at_most: float
    severity: Severity = "alert"

    def broken(self, column: ColumnProfile, at: datetime) -> tuple[float, str] | None:
        share = column.missing_share
        if share <= self.at_most:
            return None
        return share, f"is missing in {share:.2%} of the rows; allowed is {self.at_most:.2%}"


@attrs.frozen
class _OneOf(Rule):
    name: ClassVar[str] = "one_of"
    levels: tuple[str, ...]
    severity: Severity = "alert"

    def broken(self, column: ColumnProfile, at: datetime) -> tuple[float, str] | None:
        if column.alien or isinstance(column.cells, NumberCells):
            return 0.0, f"holds {column.type}, not one of {', '.join(self.levels[:5])}"
        if getattr(column.cells, "hashed", False) or column.rest:
            return float(len(column.levels)), "holds too many levels to be one of a few"
        others = {level: count for level, count in column.levels.items() if level not in self.levels}
        if not others:
            return None
        few = ", ".join(repr(level) for level in list(others)[:3])
        return float(sum(others.values())), f"holds {few} in {sum(others.values()):,} rows, which is not allowed"


@attrs.frozen
class _Rows(Rule):
    name: ClassVar[str] = "rows"
    at_least: int | None = None
    at_most: int | None = None
    severity: Severity = "alert"

    def broken(self, column: ColumnProfile, at: datetime) -> tuple[float, str] | None:
        few = self.at_least is not None and column.rows < self.at_least
        many = self.at_most is not None and column.rows > self.at_most
        if not few and not many:
            return None
        limit = f"at least {self.at_least:,}" if few else f"at most {self.at_most:,}"
        return float(column.rows), f"has {column.rows:,} rows; {limit} are expected"


@attrs.frozen
class _Fresh(Rule):
    name: ClassVar[str] = "fresh"
    within_s: float
    severity: Severity = "alert"

    def broken(self, column: ColumnProfile, at: datetime) -> tuple[float, str] | None:
        if column.alien or column.family != "times":
            return 0.0, f"holds {column.type}, not times"
        if not column.present:
            return 0.0, "holds no time at all"
        newest = datetime.fromtimestamp(column.maximum, UTC)
        age = (at - newest).total_seconds()
        if age <= self.within_s:
            return None
        return age, f"ends at {newest:%Y-%m-%d %H:%M} UTC, {timedelta(seconds=round(age))} before the check"


@attrs.frozen
class _Unique(Rule):
    name: ClassVar[str] = "unique"
    needs_rows: ClassVar[bool] = True
    severity: Severity = "alert"


@attrs.frozen
class _NoDuplicates(Rule):
    name: ClassVar[str] = "no_duplicates"
    needs_rows: ClassVar[bool] = True
    severity: Severity = "alert"


_RULES: Mapping[str, Any] = {
    rule.name: rule for rule in (_Between, _Missing, _OneOf, _Rows, _Fresh, _Unique, _NoDuplicates)
}


def between(low: float, high: float, *, severity: Severity = "alert") -> Rule:
    """Ask that all numbers lie in a range, its ends included.

    Examples
    --------
    >>> between(0, 120).describe()
    {'rule': 'between', 'low': 0.0, 'high': 120.0}
    """
    return _Between(float(low), float(high), severity)


def not_missing(*, severity: Severity = "alert") -> Rule:
    """Ask that no value is missing."""
    return _Missing(0.0, severity)


def missing(at_most: float, *, severity: Severity = "alert") -> Rule:
    """Ask that at most a share of the values is missing."""
    if not 0 <= at_most <= 1:
        raise InvalidInputError(f"missing(at_most={at_most}) is no share; it lies between 0 and 1.")
    return _Missing(float(at_most), severity)


def one_of(levels: Iterable[object], *, severity: Severity = "alert") -> Rule:
    """Ask that all levels are among those named."""
    return _OneOf(tuple(str(level) for level in levels), severity)


def rows(at_least: int | None = None, at_most: int | None = None, *, severity: Severity = "alert") -> Rule:
    """Ask for a number of rows. A rule of the table: ``rules={"*": rows(at_least=1000)}``."""
    return _Rows(at_least, at_most, severity)


def fresh(within: timedelta | float, *, severity: Severity = "alert") -> Rule:
    """Ask that the newest instant of a column is at most so old at the time of the check (seconds, or a timedelta)."""
    return _Fresh(within.total_seconds() if isinstance(within, timedelta) else float(within), severity)


def unique(*, severity: Severity = "alert") -> Rule:
    """Ask that no value of a column occurs twice. Needs the rows: a profile alone cannot say."""
    return _Unique(severity)


def no_duplicates(*, severity: Severity = "alert") -> Rule:
    """Ask that no row occurs twice. A rule of the table; needs the rows: a profile alone cannot say."""
    return _NoDuplicates(severity)


def rule_of(described: Mapping[str, Any]) -> Rule:
    """Read a rule back."""
    known = _RULES.get(described["rule"])
    if known is None:
        raise NotFoundError(f"There is no rule {described['rule']!r}.", remedy=suggest(described["rule"], _RULES))
    rule: Rule = canonical.structure({k: v for k, v in described.items() if k != "rule"}, known)
    return rule


def checked(given: Mapping[str, Any] | None) -> dict[str, tuple[Rule, ...]]:
    """Take rules as a user writes them: one or several a column."""
    found: dict[str, tuple[Rule, ...]] = {}
    for column, rules in (given or {}).items():
        several = tuple(rules) if isinstance(rules, (list, tuple)) else (rules,)
        wrong = next((rule for rule in several if not isinstance(rule, Rule)), None)
        if wrong is not None:
            raise InvalidInputError(
                f"The rule {wrong!r} of {column!r} is none.", remedy="Write one of ml.rules, such as between(0, 120)."
            )
        found[column] = several
    return found


def judge_rules(
    rules: Mapping[str, Iterable[Rule]], profile: Profile, at: datetime, repeated: Mapping[str, int]
) -> list[Finding]:
    """Find which rules are broken.

    Parameters
    ----------
    rules : mapping of column to rules
    profile : Profile
        Of the current data.
    at : datetime
    repeated : mapping of str to int
        For the columns (``*`` for whole rows) whose rules need rows: how many rows repeat an earlier one.
    """
    table = ColumnProfile(
        "*", "table", "other", NumberCells(0.0, (), 1.0), profile.rows, 0, np.zeros(1, dtype=np.int64)
    )
    findings = []
    for name, several in rules.items():
        column = table if name == "*" else profile.columns.get(name)
        for rule in several:
            broken = _repeats(name, rule, repeated) if rule.needs_rows else column and rule.broken(column, at)
            if broken:
                findings.append(_finding(None if name == "*" else name, rule, *broken))
    return findings


def _repeats(name: str, rule: Rule, repeated: Mapping[str, int]) -> tuple[float, str] | None:
    count = repeated.get("*" if rule.name == "no_duplicates" else name, 0)
    what = "rows that occur before" if rule.name == "no_duplicates" else "values that occur before"
    return (float(count), f"holds {count:,} {what}") if count else None


def _finding(column: str | None, rule: Any, statistic: float, words: str) -> Finding:
    subject = "The table" if column is None else repr(column)
    return Finding(column, f"rule.{rule.name}", statistic, None, None, None, rule.severity, f"{subject} {words}.")
