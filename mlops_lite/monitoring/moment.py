"""Times as a person writes them."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime
from typing import Any

from mlops_lite.base import clock
from mlops_lite.errors import InvalidInputError

__all__ = ["moment"]


def moment(at: Any) -> datetime:
    """Read a time as a person writes it; UTC without a zone.

    Examples
    --------
    >>> moment("2026-11-01")
    datetime.datetime(2026, 11, 1, 0, 0, tzinfo=datetime.timezone.utc)
    """
    if at is None:
        return clock.now()
    found: Any = at.astype("M8[us]").item() if hasattr(at, "astype") else at  # numpy's
    with contextlib.suppress(ValueError):
        found = datetime.fromisoformat(found) if isinstance(found, str) else found
    if isinstance(found, date) and not isinstance(found, datetime):
        found = datetime(found.year, found.month, found.day)
    if not isinstance(found, datetime):
        raise InvalidInputError(f"at={at!r} is no time.", remedy="Write it as 2026-11-01 or 2026-11-01T09:30.")
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
