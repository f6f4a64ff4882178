"""What a log lets go of: objects that its earlier records name, and that are to be kept no longer.

Records are never rewritten. A record whose body has ``forgotten``, a list of digests, says that the log no longer needs
these objects: garbage collection may take them, and that they are gone is no damage. A later record may name one anew.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlops_lite.base.record import Record

__all__ = ["forgotten"]


def forgotten(records: Iterable[Record]) -> frozenset[str]:
    """Give what records let go of and do not name anew."""
    gone: set[str] = set()
    for record in records:
        gone |= set(record.body.get("forgotten", ()))
        gone -= set(record.objects)
    return frozenset(gone)
