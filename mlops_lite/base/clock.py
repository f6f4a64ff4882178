"""The time, replaceable in tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

__all__ = ["now", "use"]

_clock: ContextVar[Callable[[], datetime] | None] = ContextVar("clock", default=None)


def now() -> datetime:
    """Tell the time.

    Returns
    -------
    datetime.datetime
        The time in UTC, to the microsecond.
    """
    replaced = _clock.get()
    return replaced() if replaced else datetime.now(UTC)


@contextmanager
def use(clock: Callable[[], datetime]) -> Iterator[None]:
    """Replace the clock inside a block, for tests.

    Parameters
    ----------
    clock : callable
        Returns the time as a datetime with a time zone.

    Examples
    --------
    >>> with use(lambda: datetime(2026, 11, 1, tzinfo=UTC)):
    ...     print(now())
    2026-11-01 00:00:00+00:00
    """
    token = _clock.set(clock)
    try:
        yield
    finally:
        _clock.reset(token)
