"""Outcomes: what one gate measured, and whether it lets a version pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

__all__ = ["Outcome"]


@attrs.frozen
class Outcome:
    """What one gate said.

    Parameters
    ----------
    gate : str
        Its name.
    ok : bool
        Whether the version may pass.
    sentence : str
        What was measured, and what was asked for, for people.
    measured : mapping of str to number
        Every number, for programs; an interval gives ``name``, ``name_low`` and ``name_high``.
    error : str, optional
        What the gate failed with, where it could not be evaluated.

    Examples
    --------
    >>> print(Outcome("Metric", True, "roc_auc 0.91, at least 0.8", {"roc_auc": 0.91}))
    passed  Metric: roc_auc 0.91, at least 0.8
    """

    gate: str
    ok: bool
    sentence: str = ""
    measured: Mapping[str, Any] = attrs.field(factory=dict)
    error: str | None = None

    def __str__(self) -> str:
        return f"{'passed' if self.ok else 'refused'}  {self.gate}: {self.error or self.sentence}"
