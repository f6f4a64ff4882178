"""Is the table what it was? Its columns, their types, whether it has rows at all."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from mlops_lite.monitoring.finding import Finding, Severity
from mlops_lite.stats.profile import Profile

__all__ = ["judge_schema"]

_APART = 3
_LISTED = 12


def judge_schema(reference: Profile, current: Profile, optional: Collection[str] = ()) -> list[Finding]:
    """Find columns that are missing, new, of another type or of several, new infinities, and a table without rows.

    Parameters
    ----------
    reference, current : Profile
    optional : collection of str
        Columns that may be missing, such as labels that come later.
    """
    missing = [name for name in reference.columns if name not in current and name not in optional]
    new = [name for name in current.columns if name not in reference]
    found = [_missing(name, new) for name in missing]
    found += _new(new)
    for name in (name for name in reference.columns if name in current):
        then, now = reference.columns[name], current.columns[name]
        if now.alien:
            words = f"{name!r} holds {now.type} in {now.alien:,} rows, {then.type} before."
            found.append(_fact(name, "alert", words))
        elif now.mixed and not then.mixed:
            found.append(_fact(name, "alert", f"{name!r} holds values of several types."))
        infinite = sum(now.infinite)
        if infinite and not sum(then.infinite):
            words = f"{name!r} holds {infinite:,} infinities; there were none before."
            found.append(Finding(name, "quality.infinite", infinite, None, infinite / now.rows, None, "warning", words))
    if not current.rows:
        found.append(Finding(None, "quality.rows", 0.0, None, None, None, "alert", "There are no rows."))
    return found


def _missing(name: str, new: list[str]) -> Finding:
    close = difflib.get_close_matches(name, new, n=1)
    hint = f" Was it renamed to {close[0]!r}?" if close else ""
    return _fact(name, "alert", f"Column {name!r} is missing.{hint}")


def _new(names: list[str]) -> list[Finding]:
    """Name new columns; many at once, such as those that a prediction log adds, are one finding."""
    if len(names) <= _APART:
        return [_fact(name, "info", f"Column {name!r} is new; it is not checked.") for name in names]
    words = f"{len(names)} columns are new; they are not checked: {', '.join(names[:_LISTED])}"
    return [_fact(None, "info", words + (", …" if len(names) > _LISTED else "."))]


def _fact(column: str | None, severity: Severity, words: str) -> Finding:
    return Finding(column, "quality.schema", 1.0, None, None, None, severity, words)
