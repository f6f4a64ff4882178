"""Time zones of pytz, which older versions of pandas make."""

from __future__ import annotations

from typing import Any

__all__ = ["zone"]


def zone(library: str, name: str) -> Any:
    """Make a time zone again."""
    import pytz

    return pytz.FixedOffset(int(name)) if library == "pytz-offset" else pytz.timezone(name)
