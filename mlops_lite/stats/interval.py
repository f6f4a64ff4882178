"""A number with an interval around it."""

from __future__ import annotations

import attrs

__all__ = ["Interval"]


@attrs.frozen
class Interval:
    """An estimate and where the truth probably lies.

    Parameters
    ----------
    value : float
        The estimate. ``float()`` gives it back.
    low, high : float
        The ends of the interval; NaN where there is none.
    level : float
        How often such an interval holds the truth.

    Examples
    --------
    >>> auc = Interval(0.91, 0.88, 0.94)
    >>> float(auc), 0.9 in auc, str(auc)
    (0.91, True, '0.910 [0.880, 0.940]')
    """

    value: float = attrs.field(converter=float)
    low: float = attrs.field(converter=float)
    high: float = attrs.field(converter=float)
    level: float = 0.95

    def __float__(self) -> float:
        return self.value

    def __contains__(self, number: object) -> bool:
        return isinstance(number, (int, float)) and self.low <= number <= self.high

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"
