"""What files looked like when they were last read, so that an unchanged tree costs a walk."""

from __future__ import annotations

import functools
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
_WRAP = 1 << 64


def marks(entries: list[Entry]) -> np.ndarray[Any, Any]:
    """Give what tells an edited file: its device, number, size and times, one row a file."""
    looks = [one.found for one in entries]
    found = [
        (look.st_dev, look.st_ino, look.st_size, look.st_mtime_ns % _WRAP, look.st_ctime_ns % _WRAP) for look in looks
    ]  # files may be older than 1970
    return np.array(found, np.uint64).view(np.int64).reshape(len(entries), _FIELDS)


@attrs.frozen(eq=False)
class _Kept:
    """What is remembered of a tree."""

    paths: list[bytes]
    marks: np.ndarray[Any, Any]
    digests: list[bytes]
    read_at: int
    others: str
    tree: str


@attrs.define(eq=False, slots=False)
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
        kept = self._kept
        if kept is None:
            return [None] * len(paths)
        names, then, digests, read_at = kept.paths, kept.marks, kept.digests, kept.read_at
        if names == paths:
            same = _unchanged(then, now, read_at)
            return [digest if fine else None for digest, fine in zip(digests, same.tolist(), strict=True)]
        places = {name: place for place, name in enumerate(names)}
        found = [places.get(path, -1) for path in paths]
        same = _unchanged(then[found] if len(then) else now - 1, now, read_at)
        return [
            digests[place] if place >= 0 and fine else None for place, fine in zip(found, same.tolist(), strict=True)
        ]

    def tree(self, paths: list[bytes], now: np.ndarray[Any, Any], others: str) -> str | None:
        """Give the digest of the whole tree where everything is as it was; None where something may have changed.

        Parameters
        ----------
        paths : list of bytes
        now : ndarray
            Of files, as :func:`marks` gives them.
        others : str
            What tells other folders and links.
        """
        kept = self._kept
        if kept is None or kept.others != others or kept.paths != paths:
            return None
        return kept.tree if _unchanged(kept.marks, now, kept.read_at).all() else None

    def keep(
        self, paths: list[bytes], then: np.ndarray[Any, Any], digests: list[bytes], read_at: int, others: str, tree: str
    ) -> None:
        """Remember."""
        columns = {"path": pa.array(paths, pa.binary()), "digest": pa.array(digests, pa.binary(32))}
        columns |= {str(place): pa.array(np.ascontiguousarray(then[:, place])) for place in range(_FIELDS)}
        batch = pa.record_batch(list(columns.values()), names=list(columns))
        noted = {b"read_at": b"%d" % read_at, b"others": others.encode(), b"tree": tree.encode()}
        batch = batch.replace_schema_metadata(noted)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, batch.schema) as writer:
            writer.write_batch(batch)
        self.cache.write(_SECTION, self._key, sink.getvalue().to_pybytes())

    @functools.cached_property
    def _kept(self) -> _Kept | None:
        data = self.cache.read(_SECTION, self._key)
        if data is None:
            return None
        try:
            batch = pa.ipc.open_file(pa.py_buffer(data)).get_batch(0)
            then = np.stack([batch.column(str(place)).to_numpy() for place in range(_FIELDS)], axis=1)
            noted = batch.schema.metadata
            return _Kept(
                batch.column("path").to_pylist(),
                then,
                batch.column("digest").to_pylist(),
                int(noted[b"read_at"]),
                noted[b"others"].decode(),
                noted[b"tree"].decode(),
            )
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
