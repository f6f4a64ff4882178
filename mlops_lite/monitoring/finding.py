"""Findings: one fact of a check each, with its numbers and a sentence."""

from __future__ import annotations

from typing import Literal

import attrs

__all__ = ["Finding", "Severity"]

Severity = Literal["ok", "info", "warning", "alert"]


@attrs.frozen
class Finding:
    """One fact of a check.

    Parameters
    ----------
    column : str or None
        What it is about; None for the table as a whole.
    kind : str
        ``drift.distribution``, ``quality.missing``, ``performance.roc_auc``, ``rule.between`` …
    statistic : float
        What was measured.
    p_value : float or None
        How often chance alone shows as much; None where nothing was tested.
    effect : float or None
        How large it is.
    threshold : float or None
        What the effect must reach to be named.
    severity : {"ok", "info", "warning", "alert"}
        ``ok`` for a measurement with nothing wrong.
    sentence : str

    Examples
    --------
    >>> Finding("age", "drift.distribution", 0.2, 1e-9, 0.2, 0.05, "alert", "'age' moved up by 0.20 sd.").key
    'drift.distribution:age'
    """

    column: str | None
    kind: str
    statistic: float
    p_value: float | None
    effect: float | None
    threshold: float | None
    severity: Severity
    sentence: str

    @property
    def key(self) -> str:
        """Names the alert that it opens: the same fact in two checks is one alert."""
        return f"{self.kind}:{self.column}" if self.column is not None else self.kind
