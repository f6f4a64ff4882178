"""Which record is meant: what a person writes for a version, turned into a number."""

from __future__ import annotations

import contextlib
import operator
from datetime import datetime
from typing import TYPE_CHECKING

from mlops_lite.base.record import Parent
from mlops_lite.base.ref import HasRef, Ref
from mlops_lite.errors import NotFoundError, suggest
from mlops_lite.store import layout
from mlops_lite.store.labels import CALLED

if TYPE_CHECKING:
    from mlops_lite.store.log import Log
    from mlops_lite.store.store import Store

__all__ = ["no_such", "parent_of", "resolve"]


def resolve(log: Log, version: object) -> int:
    """Turn a version into a number, as :meth:`Log.resolve` describes."""
    if isinstance(version, bool):
        raise no_such(log, version)
    if not isinstance(version, str) and hasattr(version, "__index__"):
        version = operator.index(version)  # a number of numpy is one
    if isinstance(version, int) or (isinstance(version, str) and version.lstrip("-").isdigit()):
        return _count_from(log, int(version))
    if isinstance(version, datetime):
        return _at_or_raise(log, version, version)
    if version is None or version == "latest":
        newest = log.newest()
        if newest is None:
            raise log.store.no_such(log.kind, log.name)
        return newest.number
    number = log.store.labels(log.kind, log.name).get(str(version))
    if number is not None:
        return number
    with contextlib.suppress(ValueError):
        return _at_or_raise(log, datetime.fromisoformat(str(version)), version)
    raise no_such(log, version)


def _count_from(log: Log, number: int) -> int:
    newest = log.newest()
    last = newest.number if newest else 0
    found = number if number > 0 else last + 1 + number
    if not 1 <= found <= last or number == 0:
        raise no_such(log, number)
    return found


def _at_or_raise(log: Log, moment: datetime, version: object) -> int:
    found = log.at(moment)
    if found is None:
        if log.newest() is None:
            raise log.store.no_such(log.kind, log.name)
        first = log.read(1)
        raise NotFoundError(
            f"{log.kind}/{log.name} had no version at {version}.", remedy=f"It began at {first.time.isoformat()}."
        )
    return found.number


def no_such(log: Log, version: object) -> NotFoundError:
    """Make the error for a version that is not there."""
    newest = log.newest()
    if newest is None:
        return log.store.no_such(log.kind, log.name)
    last = newest.number
    labels = sorted(log.store.labels(log.kind, log.name).all()) if not layout.is_label_kind(log.kind) else []
    called = CALLED.get(log.kind, "label")
    what = called if isinstance(version, str) else "version"
    there = f"There are versions 1 to {last}" if last > 1 else "There is only version 1"
    also = f"; {called}: {', '.join(labels)}" if labels else f", and no {called}" if what == called else ""
    close = suggest(str(version), labels).partition("Known")[0]
    return NotFoundError(
        f"{log.kind}/{log.name} has no {what} {version!r}.", remedy=f"{close}{there}{also}.", last=last
    )


def parent_of(store: Store, value: object) -> Parent:
    """Name what a record was made from, with the digest of that record."""
    if isinstance(value, Parent):
        return value
    if isinstance(value, HasRef) and not isinstance(value, str):
        value = value.ref
    ref = Ref.parse(value)
    if ref.kind == "run":
        return Parent(ref, "", store.id)
    log = store.log(ref.kind, ref.name)
    record = log.find(ref.version)
    forked = isinstance(ref.version, str) and ref.version.startswith("fork:")
    return Parent(ref if forked else record.ref, record.digest, store.id)
