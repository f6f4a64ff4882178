"""Reading runs: one at a time, from its summary, or from its marker and its journals."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlops_lite.base import canonical
from mlops_lite.base.digest import sha256, short
from mlops_lite.errors import AmbiguousError, DamagedError, NotFoundError
from mlops_lite.store import run_layout, run_lock
from mlops_lite.store.guard import explained
from mlops_lite.store.run_state import State, apply, apply_edits, merge, note_tally

if TYPE_CHECKING:
    from mlops_lite.store.run_index import Index
    from mlops_lite.store.run_points import Content, Points
    from mlops_lite.store.store import Store

__all__ = ["Reader"]

_ID_LENGTH = 26
_STARTING_S = 10.0  # an empty marker of this age is that of a process that is about to write it


class Reader:
    """The runs of a store, as they are read.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._backend = store.backend

    @functools.cached_property
    def index(self) -> Index:
        """All runs as columns."""
        from mlops_lite.store.run_index import Index

        return Index(self._store)

    def flush(self) -> None:
        """Have this process's own runs written out first, where they wait in memory."""
        self._store.runs.flush()

    def ids(self) -> list[str]:
        """List all runs, open and ended, oldest first."""
        with explained(self._store.url, "list its runs"):
            found = {*self.open_ids(), *(parts[0] for parts in self._loose())}
            found |= self.index.ids() if self._has_segments() else set()
        return sorted(found)

    def open_ids(self) -> set[str]:
        """List the runs whose markers stand."""
        names = (found.path.rpartition("/")[2] for found in self._backend.walk(run_layout.OPEN))
        return {name.removesuffix(".json") for name in names if name.endswith(".json")}

    def _loose(self) -> Iterator[tuple[str, int, str]]:
        for entry in self._backend.walk(run_layout.DONE):
            parts = run_layout.read_done_name(entry.path.rpartition("/")[2])
            if parts is not None:
                yield parts

    def _has_segments(self) -> bool:
        return next(iter(self._backend.walk(run_layout.SEGMENTS)), None) is not None

    def find(self, text: str) -> str:
        """Turn an id or the beginning of one into an id.

        Raises
        ------
        NotFoundError
            No run begins so.
        AmbiguousError
            Several do.
        """
        if len(text) == _ID_LENGTH and self._has(text):
            return text
        found = [run for run in self.ids() if run.startswith(text.upper())]
        if len(found) > 1:
            raise AmbiguousError(
                f"{len(found)} runs in the store at {self._store.url} begin with {text!r}: "
                f"{', '.join(found[:5])}{', …' if len(found) > 5 else ''}.",
                remedy="Write more of the id.",
                matches=found,
            )
        if not found:
            raise self.no_such(text)
        return found[0]

    def _has(self, run: str) -> bool:
        return self._backend.exists(run_layout.marker_path(run)) or self.summary(run) is not None

    def no_such(self, run: str) -> NotFoundError:
        """Make the error for an id that nothing has."""
        return NotFoundError(
            f"There is no run {run!r} in the store at {self._store.url}.", remedy="ml.runs() lists them.", name=run
        )

    def summary(self, run: str) -> State | None:
        """Read the summary of an ended run, all revisions merged; None where it has none."""
        with explained(self._store.url, "read a run"):
            found = list(self._revisions(run))
            if self._has_segments():  # looked at after the loose ones: a compaction may be under way
                found += self.index.find(run)
        return merge(found)

    def _revisions(self, run: str) -> Iterator[tuple[int, str, State]]:
        own = [parts for parts in self._loose() if parts[0] == run]
        paths = [f"{run_layout.DONE}/{run}.{revision}.{digest}" for _, revision, digest in own]
        for (_, revision, digest), data in zip(own, self._backend.read_many(paths), strict=True):
            if data is not None and short(sha256(data)) == digest:  # else half of it, or gone into a segment
                yield revision, digest, canonical.decode(data)

    def state(self, run: str) -> State:
        """Read what is known of a run, ended or not; ``status`` is derived.

        Raises
        ------
        NotFoundError
            There is no such run, or it was removed.
        """
        summary = self.summary(run)
        if summary is None:
            try:
                return self.unfinished(run)
            except FileNotFoundError:
                summary = self.summary(run)  # it ended between the two looks
        seen = apply_edits(summary) if summary is not None else {"deleted": True}
        if seen.get("deleted"):
            raise self.no_such(run)
        return seen

    def unfinished(self, run: str) -> State:
        """Read what is known of a run that has no summary.

        Raises
        ------
        FileNotFoundError
            It has no marker either, or no more.
        """
        self.flush()
        with explained(self._store.url, "read a run"):
            data = self._backend.read(run_layout.marker_path(run))
        state: State = {"id": run, "params": {}}
        with contextlib.suppress(DamagedError):  # its process is about to write, or was killed before it did
            state = canonical.decode(data)
        state["status"] = self._liveness(run, state)
        self.gather(state)
        return state

    def _liveness(self, run: str, state: State) -> str:
        path = run_layout.marker_path(run)
        if self._store.runs.is_open_here(run):
            return "running"
        stat = self._backend.stat(path)
        silent = time.time() - stat.modified if stat else 0.0
        if "process" not in state:
            return "running" if silent < _STARTING_S else "killed"
        return run_lock.liveness(state["process"], self._backend.local_path(path), silent)

    def gather(self, state: State, but_of: int | None = None) -> None:
        """Take what the journals of a run hold into its state.

        Parameters
        ----------
        state : dict
            Changed in place.
        but_of : int, optional
            A process whose journals are known already.
        """
        for content in self._contents(state["id"], but_of):
            _take_content(state, content)

    def _contents(self, run: str, but_of: int | None = None) -> Iterator[Content]:
        folder = self._backend.local_path(run_layout.data_folder(run))
        files = [] if folder is not None and not _is_folder(folder) else self.journals(run)
        own = f"p-{but_of:x}-" if but_of is not None else None
        files = [found for found in files if own is None or not found[0].startswith(own)]
        if not files:
            return
        from mlops_lite.store import run_points

        for _, paths in files:
            pieces = self._backend.read_many(paths)
            yield run_points.read(b"".join(piece for piece in pieces if piece is not None))

    def journals(self, run: str) -> list[tuple[str, list[str]]]:
        """List the journals of a run; on a bucket each stands in pieces, which are numbered."""
        pieces: dict[str, list[str]] = {}
        for found in self._backend.walk(run_layout.data_folder(run)):
            journal = found.path.rpartition("/")[2].partition(".")[0]
            pieces.setdefault(journal, []).append(found.path)
        return [(journal, sorted(paths)) for journal, paths in sorted(pieces.items())]

    def points(self, run: str) -> dict[str, Points]:
        """Read all points of a run, by name, in the order in which they were written."""
        self.flush()
        with explained(self._store.url, "read the points of a run"):
            contents = list(self._contents(run))
        if not contents:
            return {}
        from mlops_lite.store.run_points import Points

        parts: dict[str, list[Points]] = {}
        for content in contents:
            for name, points in content.points.items():
                parts.setdefault(name, []).append(points)
        return {name: Points.join(found) for name, found in parts.items()}


def _is_folder(path: str) -> bool:
    import os

    return os.path.isdir(path)


def _take_content(state: State, content: Content) -> None:
    for _, event in content.events:
        apply(state, event)
    for name, points in content.points.items():
        value = points.value
        real = value[value == value]
        low = real.min().item() if len(real) else float("inf")
        high = real.max().item() if len(real) else float("-inf")
        note_tally(state, name, value[-1].item(), low, high, len(value), points.step[-1].item())
