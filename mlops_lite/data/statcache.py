"""What files looked like when they were last read, so that an unchanged tree costs a walk."""

from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from mlops_lite.data.walk import Entry
    from mlops_lite.store.cache import Cache

__all__ = ["StatCache", "marks"]

_SECTION = "stats"
_FINE_NS = 50_000_000  # a tick of the clock of a disk that knows less than seconds
_COARSE_NS = 2_000_000_000  # and of one that does not, or that another machine serves
_SECOND_NS = 1_000_000_000
_FIELDS = 5


def marks(entries: list[Entry]) -> np.ndarray[Any, Any]:
    """Give what tells an edited file: its device, number, size and times, one row a file."""
    found = [
        (one.found.st_dev, one.found.st_ino, one.found.st_size, one.found.st_mtime_ns, one.found.st_ctime_ns)
        for one in entries
    ]
    return np.array(found, np.uint64).view(np.int64).reshape(len(entries), _FIELDS)


@attrs.frozen(eq=False)
class StatCache:
    """The files of one tree with their digests.

    Parameters
    ----------
    root : str
    cache : Cache
    """

    root: str
    cache: Cache

    @property
    def _key(self) -> str:
        name = hashlib.sha256(os.fsencode(os.path.realpath(self.root))).hexdigest()
        return f"{name[:2]}/{name[2:]}"

    def known(self, paths: list[bytes], now: np.ndarray[Any, Any]) -> list[bytes | None]:
        """Give the digests of files that are as they were; None for those that must be read.

        A file that was edited shortly before it was read last time is read again: an edit within the same tick of the
        clock would not show.
        """
        kept = self._read()
        if kept is None:
            return [None] * len(paths)
        names, then, digests, read_at = kept
        if names == paths:
            same = _unchanged(then, now, read_at)
            return [digest if fine else None for digest, fine in zip(digests, same.tolist(), strict=True)]
        places = {name: place for place, name in enumerate(names)}
        found = [places.get(path, -1) for path in paths]
        same = _unchanged(then[found] if len(then) else now - 1, now, read_at)
        return [
            digests[place] if place >= 0 and fine else None for place, fine in zip(found, same.tolist(), strict=True)
        ]

    def keep(self, paths: list[bytes], then: np.ndarray[Any, Any], digests: list[bytes], read_at: int) -> None:
        """Remember."""
        columns = {"path": pa.array(paths, pa.binary()), "digest": pa.array(digests, pa.binary(32))}
        columns |= {str(place): pa.array(np.ascontiguousarray(then[:, place])) for place in range(_FIELDS)}
        batch = pa.record_batch(list(columns.values()), names=list(columns))
        batch = batch.replace_schema_metadata({b"read_at": b"%d" % read_at})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, batch.schema) as writer:
            writer.write_batch(batch)
        self.cache.write(_SECTION, self._key, sink.getvalue().to_pybytes())

    def _read(self) -> tuple[list[bytes], np.ndarray[Any, Any], list[bytes], int] | None:
        data = self.cache.read(_SECTION, self._key)
        if data is None:
            return None
        try:
            batch = pa.ipc.open_file(pa.py_buffer(data)).get_batch(0)
            then = np.stack([batch.column(str(place)).to_numpy() for place in range(_FIELDS)], axis=1)
            read_at = int(batch.schema.metadata[b"read_at"])
            return batch.column("path").to_pylist(), then, batch.column("digest").to_pylist(), read_at
        except (pa.ArrowException, OSError, KeyError, ValueError):  # a damaged cache is no cache
            return None


def _unchanged(then: np.ndarray[Any, Any], now: np.ndarray[Any, Any], read_at: int) -> np.ndarray[Any, Any]:
    times = then[:, 3:]
    coarse = (times % _SECOND_NS == 0).any(axis=1)
    settled = times.max(axis=1, initial=0) < read_at - np.where(coarse, _COARSE_NS, _FINE_NS)
    found: np.ndarray[Any, Any] = (then == now).all(axis=1) & settled
    return found


def now_ns() -> int:
    """Tell when reading begins."""
    return time.time_ns()
