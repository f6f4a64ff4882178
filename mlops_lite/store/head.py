"""Finding the newest record of a log: a few requests, however long the log; its folder is never listed."""

from __future__ import annotations

import contextlib

from mlops_lite.base.record import Record
from mlops_lite.store import layout
from mlops_lite.store.backends import Backend

__all__ = ["newest"]

_GALLOP = (1, 2, 4, 8)  # how far ahead a bucket is asked at once


def newest(backend: Backend, folder: str, seen: Record | None) -> Record | None:
    """Find the newest record.

    Numbers have no gaps, so the newest is found by steps that double from any record that is there: the newest that
    this process has seen, else the one that the hint names.

    Parameters
    ----------
    backend : Backend
    folder : str
        The folder of the log.
    seen : Record, optional
        A record that is known to be there.

    Returns
    -------
    Record or None
        None in an empty log.
    """
    found = seen or _hinted(backend, folder)
    climb = _climb_disk if backend.local_path("") is not None else _climb_bucket
    while (newer := climb(backend, folder, found.number if found else 0)) is not None:
        found = newer
    return found


def _hinted(backend: Backend, folder: str) -> Record | None:
    """Follow the hint, if the record that it names is there: a copied folder may hold one from its future."""
    with contextlib.suppress(OSError, ValueError):
        return _newest_of(backend, folder, [int(backend.read(layout.hint(folder)))])
    return None


def _climb_bucket(backend: Backend, folder: str, low: int) -> Record | None:
    """Find a record beyond a number; None where there is none. One request where there is none, two rounds mostly."""
    found = _newest_of(backend, folder, [low + 1])
    reach = 1
    while found is not None:
        further = _newest_of(backend, folder, [found.number + reach * distance for distance in _GALLOP])
        if further is None:
            break
        found, reach = further, reach * _GALLOP[-1]
    return found


def _newest_of(backend: Backend, folder: str, numbers: list[int]) -> Record | None:
    paths = [layout.record_path(folder, number) for number in numbers]
    present = [(path, data) for path, data in zip(paths, backend.read_many(paths), strict=True) if data is not None]
    return Record.decode(present[-1][1], present[-1][0]) if present else None


def _climb_disk(backend: Backend, folder: str, low: int) -> Record | None:
    """Find the newest record beyond a number; None where there is none. A look at a disk costs microseconds."""

    def there(number: int) -> bool:
        return backend.exists(layout.record_path(folder, number))

    if not there(low + 1):
        return None
    low, reach = low + 1, 1
    while there(low + reach):
        low, reach = low + reach, reach * 2
    missing = low + reach
    while missing - low > 1:
        middle = (low + missing) // 2
        low, missing = (middle, missing) if there(middle) else (low, middle)
    path = layout.record_path(folder, low)
    return Record.decode(backend.read(path), path)
