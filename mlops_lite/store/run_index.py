"""All runs of a store at once: loose summaries, segments and open runs, put together by id.

Anyone may compact: write a segment, make it durable, then delete exactly what it holds. So a reader lists loose
summaries first and segments second, merges by id, and begins again when a file has gone from under it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mlops_lite.base import canonical, progress
from mlops_lite.base.digest import sha256, short
from mlops_lite.errors import NotFoundError, StoreUnavailableError
from mlops_lite.store import run_layout
from mlops_lite.store.guard import explained
from mlops_lite.store.run_listing import Listing
from mlops_lite.store.run_segment import Part, Segment, Table, segment_path, to_bytes, write
from mlops_lite.store.run_state import State, merge
from mlops_lite.store.run_table import Entry, encode

if TYPE_CHECKING:
    from mlops_lite.store.store import Store

__all__ = ["Index"]

_KEYS = ["id", "rev", "digest", "deleted"]
_SECTION = "runs"
_WORTH_KEEPING = 64  # so many newly read summaries are worth a file in the cache folder
_AT_ONCE = 2_000
_ATTEMPTS = 20
_MERGED_AT = 5  # so many segments of one size become one of the next
_TIERS = (1_000, 10_000, 100_000, 1_000_000)


class Index:
    """What this process knows of the runs of a store.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._backend = store.backend
        self._segments: dict[str, Segment] = {}
        self._loose: pa.Table | None = None  # rows of loose summaries that were read
        self._names: dict[str, int] = {}  # their names, and where they stand
        self._kept = 0

    def listing(self) -> Listing:
        """List all runs.

        Raises
        ------
        StoreUnavailableError
            Files go away faster than they can be read.
        """
        with explained(self._store.url, "list its runs"):
            for _ in range(_ATTEMPTS):
                try:
                    return self._attempt()
                except (FileNotFoundError, NotFoundError):
                    continue
        raise StoreUnavailableError(f"The runs of the store at {self._store.url} change faster than they can be read.")

    def _attempt(self) -> Listing:
        opened = sorted(self._store.runs.reader.open_ids())
        loose = self.loose_names()
        parts: list[Part] = [*self.segments()]
        parts.append(Table(self._read_loose(loose)))
        if len(loose) >= _TIERS[0]:
            self._store.runs.compact_soon()
        keys = [part.read(_KEYS) for part in parts]
        known = pa.concat_tables(keys)["id"]
        ended = pc.is_in(pa.array(opened, pa.string()), value_set=known.combine_chunks())
        unfinished = [run for run, has_ended in zip(opened, ended.to_pylist(), strict=True) if not has_ended]
        states = [Entry(-1, "", self._store.runs.reader.unfinished(run)) for run in unfinished]
        parts.append(Table(encode(states)))
        keys.append(parts[-1].read(_KEYS))
        return self._put_together(parts, keys)

    def _put_together(self, parts: list[Part], keys: list[pa.Table]) -> Listing:
        ends = np.cumsum([len(table) for table in keys])
        table = pa.concat_tables(keys)
        codes = table["id"].combine_chunks().dictionary_encode().indices.to_numpy()
        seen = np.bincount(codes) if len(codes) else np.zeros(0, np.int64)
        visible = ~table["deleted"].to_numpy(zero_copy_only=False).astype(bool)
        several = seen[codes] > 1 if len(codes) else np.zeros(0, bool)
        if several.any():
            merged = self._merge(parts, ends, np.flatnonzero(several), codes)
            parts = [*parts, Table(merged)]
            ends = np.append(ends, ends[-1] + len(merged))
            visible = np.concatenate([visible & ~several, ~merged["deleted"].to_numpy(zero_copy_only=False)])
        return Listing(parts, np.flatnonzero(visible), ends)

    def _merge(
        self, parts: list[Part], ends: NDArray[np.int64], rows: NDArray[np.int64], codes: NDArray[Any]
    ) -> pa.Table:
        """Make one row of the revisions of each run that has several."""
        found: dict[int, list[tuple[int, str, State]]] = {}
        for row in rows.tolist():
            part = int(np.searchsorted(ends, row, side="right"))
            revision, digest, body = parts[part].body(row - (int(ends[part - 1]) if part else 0))
            found.setdefault(int(codes[row]), []).append((revision, digest, canonical.decode(body)))
        return encode(merged_entries(found.values()))

    # --- loose summaries ---------------------------------------------------------------------------------------

    def loose_names(self) -> list[str]:
        """List the loose summaries."""
        names = (found.path.rpartition("/")[2] for found in self._backend.walk(run_layout.DONE))
        return [name for name in names if run_layout.read_done_name(name) is not None]

    def _read_loose(self, names: list[str]) -> pa.Table:
        if self._loose is None:
            self._take_cached()
        assert self._loose is not None
        new = [name for name in names if name not in self._names]
        if new:
            entries = self.read_entries(new)
            self._add(encode(entries), entries)
            self._keep()
        rows = [self._names[name] for name in names if name in self._names]
        if len(rows) == len(self._loose):
            return self._loose
        table = self._loose.take(pa.array(rows, pa.int64()))
        if len(self._loose) > 2 * len(rows) + _AT_ONCE:  # most of what is remembered is in segments now
            self._remember(table)
        return table

    def read_entries(self, names: list[str]) -> list[Entry]:
        """Read loose summaries; one of which only a half is there yet is passed over.

        Raises
        ------
        FileNotFoundError
            One is gone: it is in a segment now.
        """
        found: list[Entry] = []
        with progress.bar(total=len(names), description="reading runs for the first time", unit="run") as bar:
            for start in range(0, len(names), _AT_ONCE):
                chunk = names[start : start + _AT_ONCE]
                paths = [f"{run_layout.DONE}/{name}" for name in chunk]
                for name, data in zip(chunk, self._backend.read_many(paths), strict=True):
                    if data is None:
                        raise FileNotFoundError(name)
                    parts = run_layout.read_done_name(name)
                    if parts is not None and short(sha256(data)) == parts[2]:
                        found.append(Entry(parts[1], parts[2], canonical.decode(data)))
                bar.update(len(chunk))
        return found

    def _add(self, table: pa.Table, entries: list[Entry]) -> None:
        assert self._loose is not None
        begin = len(self._loose)
        self._loose = pa.concat_tables([self._loose, table], promote_options="default").combine_chunks()
        for offset, entry in enumerate(entries):
            self._names[_name(entry.state["id"], entry.revision, entry.digest)] = begin + offset

    def _take_cached(self) -> None:
        """Begin with what an earlier process read and left in the cache folder."""
        self._loose = encode([])
        path = self._store.cache.path(_SECTION, self._cache_key())
        try:
            self._loose = pq.read_table(path)
        except (OSError, pa.ArrowException):
            return
        self._remember(self._loose)

    def _remember(self, table: pa.Table) -> None:
        self._loose = table
        rows = zip(*(table[column].to_pylist() for column in ("id", "rev", "digest")), strict=True)
        self._names = {_name(*row): index for index, row in enumerate(rows)}
        self._kept = len(table)

    def _keep(self) -> None:
        assert self._loose is not None
        if len(self._loose) - self._kept < _WORTH_KEEPING:
            return
        self._kept = len(self._loose)
        table = self._loose
        with_errors = (OSError, pa.ArrowException)
        try:
            self._store.cache.fill(_SECTION, self._cache_key(), lambda target: write(table, target))
        except with_errors:  # a cache that cannot be written is none
            return

    def _cache_key(self) -> str:
        return f"{sha256(self._backend.identity().encode())[:32]}.parquet"

    # --- segments ----------------------------------------------------------------------------------------------

    def segments(self) -> list[Segment]:
        """Open all segments."""
        names = (found.path.rpartition("/")[2] for found in self._backend.walk(run_layout.SEGMENTS))
        digests = sorted(name.removesuffix(".parquet") for name in names if name.endswith(".parquet"))
        self._segments = {digest: self._segments.get(digest) or self._open(digest) for digest in digests}
        return list(self._segments.values())

    def _open(self, digest: str) -> Segment:
        path = segment_path(digest)
        local = self._backend.local_path(path)
        if local is None:
            key = f"{digest}.parquet"
            cached = self._store.cache.path(_SECTION, key)
            if not cached.exists():
                self._store.cache.fill(_SECTION, key, lambda target: self._backend.download(path, target))
            local = str(cached)
        return Segment(digest, pq.ParquetFile(local, memory_map=True))

    def find(self, run: str) -> list[tuple[int, str, State]]:
        """Look for a run in the segments."""
        found = []
        for segment in self.segments():
            ids = segment.read(["id"])["id"]
            row = pc.index(ids, pa.scalar(run)).as_py()
            if row >= 0:
                revision, digest, body = segment.body(row)
                found.append((revision, digest, canonical.decode(body)))
        return found

    def ids(self) -> set[str]:
        """List the runs in segments."""
        return {run for segment in self.segments() for run in segment.read(["id"])["id"].to_pylist()}

    def objects(self) -> set[str]:
        """List the digests that runs keep alive."""
        listed = self.listing().table(["objects"])["objects"].combine_chunks()
        return set(pc.unique(listed.flatten()).to_pylist())

    def compact(self) -> int:
        """Put loose summaries into a segment, and small segments into larger ones.

        Returns
        -------
        int
            How many loose summaries there were.
        """
        names = self.loose_names()
        if names:
            entries = self.read_entries(names)
            self._replace_by_segment(encode(_merged(entries)), [_done(entry) for entry in entries])
        for tier in _TIERS:
            segments = [segment for segment in self.segments() if segment.file.metadata.num_rows < tier]
            if len(segments) >= _MERGED_AT:
                rows = [row for segment in segments for row in _entries(segment.read(["id", "rev", "digest", "body"]))]
                self._replace_by_segment(encode(_merged(rows)), [segment_path(one.digest) for one in segments])
        return len(names)

    def _replace_by_segment(self, table: pa.Table, paths: list[str]) -> None:
        data = to_bytes(table.sort_by("id"))
        path = segment_path(sha256(data))
        self._backend.replace(path, data)  # whole at once: others open what they find
        batch = self._backend.batch()
        batch.keep(path)
        batch.commit()
        self._backend.delete([old for old in paths if old != path])


def merged_entries(groups: Iterable[list[tuple[int, str, State]]]) -> list[Entry]:
    """Merge the revisions of each run into one entry."""
    merged = []
    for revisions in groups:
        state = merge(revisions)
        if state is not None:
            revision = state.pop("rev")
            digest = max((found[1] for found in revisions if found[0] == revision), default="")
            merged.append(Entry(revision, digest, state))
    return merged


def _merged(entries: list[Entry]) -> list[Entry]:
    by_run: dict[str, list[tuple[int, str, State]]] = {}
    for entry in entries:
        by_run.setdefault(entry.state["id"], []).append((entry.revision, entry.digest, entry.state))
    return merged_entries(by_run.values())


def _entries(table: pa.Table) -> list[Entry]:
    columns = (table[name].to_pylist() for name in ("rev", "digest", "body"))
    return [Entry(revision, digest, canonical.decode(body)) for revision, digest, body in zip(*columns, strict=True)]


def _name(run: str, revision: int, digest: str) -> str:
    return f"{run}.{revision}.{digest}"


def _done(entry: Entry) -> str:
    return f"{run_layout.DONE}/{_name(entry.state['id'], entry.revision, entry.digest)}"
