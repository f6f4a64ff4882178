"""What a check measures of a column, and where checks are found.

A check is a file in ``drift/`` or ``soundness/``, or an entry point in the group ``mlops_lite.checks``, with

* ``FAMILIES``: the kinds of columns it is for: ``numbers``, ``times``, ``levels``, ``other``;
* ``WEIGHT``: its share of the column's chance of a false alarm, relative to the other checks of the column;
* ``FLOOR``: the smallest effect worth a finding, where ``min_effect`` is 0.05;
* ``compare(reference, current)``: two column profiles on the same cells to a :class:`Measured`, or None where there
  is nothing to compare;
* where many columns are faster side by side, ``compare_all(pairs)``: the same of each pair.

A distance without a p-value of its own borrows that of the default check of the column.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import attrs

from mlops_lite.base.extension import Extensions
from mlops_lite.errors import NotFoundError, suggest

__all__ = ["DEFAULTS", "Measured", "check_named", "kind_of", "names"]

DRIFT = Extensions("mlops_lite.monitoring.drift", group="mlops_lite.checks")
SOUNDNESS = Extensions("mlops_lite.monitoring.soundness", group="mlops_lite.soundness")
DEFAULTS = ("distribution", "levels", "missing", "range", "constant")
BASIS = ("distribution", "levels")  # whose p-value a bare distance borrows


@attrs.frozen
class Measured:
    """What a check found between two profiles of a column.

    Parameters
    ----------
    statistic : float
    p_value : float or None
    effect : float
    sentence : str
        What happened, for the case that it counts; without the name of the column.
    """

    statistic: float
    p_value: float | None
    effect: float
    sentence: str


def names() -> list[str]:
    """List the checks."""
    return sorted({*DRIFT.names(), *SOUNDNESS.names()})


@functools.cache
def check_named(name: str) -> Any:
    """Load a check.

    Raises
    ------
    NotFoundError
        There is none of that name; names the nearest.
    """
    for place in (DRIFT, SOUNDNESS):
        if name in place.names():
            return place.load(name)
    raise NotFoundError(f"There is no check {name!r}.", remedy=suggest(name, names()), name=name)


@functools.cache
def kind_of(name: str) -> str:
    """Say of what kind the findings of a check are."""
    return f"quality.{name}" if name in SOUNDNESS.names() else f"drift.{name}"


def fitting(checks: Iterable[str], family: str) -> list[str]:
    """Give those checks that are for a family of columns."""
    return [name for name in checks if family in check_named(name).FAMILIES]
