"""Latency: how long a call takes on this machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mlops_lite.deployment.outcome import Outcome
from mlops_lite.errors import InvalidInputError

if TYPE_CHECKING:
    from mlops_lite.deployment.candidate import Candidate

__all__ = ["Latency"]


@attrs.frozen
class Latency:
    """Ask that a call on the stored example, its check included, is quick on this machine.

    Parameters
    ----------
    p99_ms, p50_ms : float, optional
        Bounds in milliseconds.
    calls : int
        How many to time, after a tenth of them to warm up.
    seconds : float
        After so long it stops earlier.

    Examples
    --------
    >>> Latency(p99_ms=5).calls
    500
    """

    p99_ms: float | None = None
    p50_ms: float | None = None
    calls: int = attrs.field(default=500, validator=attrs.validators.ge(20))
    seconds: float = 10.0

    def __attrs_post_init__(self) -> None:
        """Ask for a bound."""
        if self.p99_ms is None and self.p50_ms is None:
            raise InvalidInputError("The gate on latency has no bound.", remedy="Latency(p99_ms=5)")

    def __call__(self, candidate: Candidate) -> Outcome:
        """Judge a version."""
        example = candidate.version.example
        if example is None:
            return Outcome("Latency", False, f"{candidate.ref} has no example; register it with example=X.head()")
        times = self._timed(candidate.loaded(candidate.version).asked("predict", check=True), _first_row(example))
        p50, p99 = (float(value) for value in np.quantile(times, [0.5, 0.99]) * 1e3)
        ok = (self.p99_ms is None or p99 <= self.p99_ms) and (self.p50_ms is None or p50 <= self.p50_ms)
        asked = [f"p99 at most {self.p99_ms:g} ms"] if self.p99_ms is not None else []
        asked += [f"p50 at most {self.p50_ms:g} ms"] if self.p50_ms is not None else []
        sentence = f"p50 {p50:.3g} ms, p99 {p99:.3g} ms over {len(times)} calls; asked for: {', '.join(asked)}"
        return Outcome("Latency", ok, sentence, {"p50_ms": p50, "p99_ms": p99, "calls": len(times)})

    def _timed(self, answer: Any, row: Any) -> list[float]:
        until = time.monotonic() + self.seconds
        times: list[float] = []
        for number in range(self.calls + self.calls // 10):
            begin = time.perf_counter()
            answer(row, None, None)
            took = time.perf_counter() - begin
            if number >= self.calls // 10 or not times:
                times.append(took)
            if time.monotonic() > until:
                break
        return times


def _first_row(example: Any) -> Any:
    if hasattr(example, "iloc"):
        return example.iloc[:1]
    try:
        return example[:1]
    except (TypeError, KeyError, IndexError):
        return example
