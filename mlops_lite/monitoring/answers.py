"""Answers of several methods in one prediction log: each column of them is judged over the rows of its method.

A service that was asked for classes and for probabilities leaves rows with a prediction and rows with a score. Neither
is missing where the other was asked for.
"""

from __future__ import annotations

from collections.abc import Collection

import attrs

from mlops_lite.monitoring.definition import Definition
from mlops_lite.monitoring.performance import METHOD, Rows
from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.profile import Profile

__all__ = ["of_log", "over_own_rows"]

_NOTED = {"request_id", "time", "deployment", "model", METHOD, "role", "key", "seconds", "error"}
_TELLING = {"request_id", "deployment", "model", METHOD, "seconds"}


def of_log(profile: Profile, spared: Collection[str]) -> Profile:
    """Leave out what a prediction log notes of each call, but what is spared: time passes, whatever the model does."""
    if not set(profile.columns) >= _TELLING:
        return profile
    noted = _NOTED - set(spared)
    return Profile(profile.rows, {name: column for name, column in profile.columns.items() if name not in noted})


def over_own_rows(profile: Profile, rows: Rows, definition: Definition) -> Profile:
    """Take from the missing values of each column of answers the rows of other methods."""
    if rows.methods is None:
        return profile
    asked = {name: len(rows.answers(True)) for name in definition.scores or ("score",)}
    asked[definition.prediction or "prediction"] = len(rows.answers(False))
    columns = {name: _less(column, len(rows) - asked.get(name, len(rows))) for name, column in profile.columns.items()}
    return Profile(profile.rows, columns)


def _less(column: ColumnProfile, absent: int) -> ColumnProfile:
    if not absent or column.missing < absent:
        return column
    return attrs.evolve(column, rows=column.rows - absent, missing=column.missing - absent)
