"""The grace period: how long a garbage collection spares what nothing points at yet.

A writer reuses such an object only in the first half of it, and commits the record that names it within the other half.
"""

from __future__ import annotations

import time

__all__ = ["GRACE_S", "HALF_S", "elapsed"]

GRACE_S = 7 * 24 * 3600.0
HALF_S = GRACE_S / 2
_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)  # the usual one stands still while a laptop sleeps


def elapsed() -> float:
    """Tell the seconds that passed on this machine, those of its sleep included."""
    return time.clock_gettime(_CLOCK) if _CLOCK is not None else time.monotonic()
