"""The runs of a store: a journal while they live, a summary when they end."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlops_lite.base import canonical
from mlops_lite.base.digest import sha256, short
from mlops_lite.errors import AmbiguousError, DamagedError, NotFoundError
from mlops_lite.store import run_keeper, run_layout, run_lock
from mlops_lite.store.backends._sync import sync_all
from mlops_lite.store.guard import explained
from mlops_lite.store.run_journal import BufferSink, FileSink, Journal, Sink
from mlops_lite.store.run_state import State, apply, apply_edits, merge, note_tally

if TYPE_CHECKING:
    from mlops_lite.store.objects import ObjectBatch
    from mlops_lite.store.run_points import Content, Points
    from mlops_lite.store.store import Store

__all__ = ["Handle", "Runs"]

_OWN = 1  # the revision that the run itself writes
_LAST_RESORT_BYTES = 16 << 20


class Handle:
    """An open run of this process: its marker, its lock, its journal."""

    def __init__(self, run: str, lock: int | None, journal: Journal) -> None:
        self.run = run
        self.lock = lock
        self.journal = journal


class Runs:
    """The runs of a store.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._backend = store.backend
        self._guard = threading.Lock()
        self._open: dict[str, Handle] = {}
        self._ended: list[tuple[str, str]] = []  # run and summary path, not durable yet
        self._batches: list[ObjectBatch] = []
        self._known: dict[str, State] = {}  # summaries by path: they never change
        self._beat = 0.0

    # --- writing -----------------------------------------------------------------------------------------------

    def begin(
        self, run: str, marker: State, on_trouble: Callable[[OSError, int], object], begin: Mapping[str, int]
    ) -> Handle:
        """Open a run: put up its marker, hold its lock, prepare its journal.

        Parameters
        ----------
        run : str
            A new id.
        marker : dict
            What is known at the start.
        on_trouble : callable
            Told when the journal has to go elsewhere.
        begin : mapping of str to int
            First steps of a run that goes on from another.

        Returns
        -------
        Handle

        Raises
        ------
        StoreUnavailableError
            Nothing can be written there.
        """
        self._store.prepare()
        with explained(self._store.url, "begin a run"):
            lock = self._put_up(run, marker)
        handle = Handle(run, lock, self.journal(run, on_trouble, begin))
        with self._guard:
            self._open[run] = handle
        run_keeper.tend(self)
        return handle

    def _put_up(self, run: str, marker: State) -> int | None:
        path = run_layout.marker_path(run)
        local = self._backend.local_path(path)
        if local is None:
            marker["process"] = {**run_lock.whereabouts(), "locked": False}
            self._backend.replace(path, canonical.encode(marker))
            return None
        descriptor = _new_file(local)
        # locked while it is still empty: who reads something in it can rely on the lock
        marker["process"] = {**run_lock.whereabouts(), "locked": run_lock.hold(descriptor)}
        data = canonical.encode(marker)
        if os.write(descriptor, data) != len(data):
            run_lock.release(descriptor)
            raise OSError(28, "No space left on device", local)
        return descriptor

    def journal(self, run: str, on_trouble: Callable[[OSError, int], object], begin: Mapping[str, int]) -> Journal:
        """Prepare the journal in which this process writes of a run, its own or its parent's.

        Nothing is written before the first point or event.
        """
        return Journal([lambda: self._sink(run), lambda: self._sink(run), _last_resort], on_trouble, begin)

    def _sink(self, run: str) -> Sink:
        path = f"{run_layout.data_folder(run)}/p-{os.getpid():x}-{os.urandom(4).hex()}.bin"
        local = self._backend.local_path(path)
        if local is None:
            return BufferSink(lambda data: self._backend.replace(path, data))
        return FileSink(_new_file(local))

    def attach(self, run: str, on_trouble: Callable[[OSError, int], object]) -> Journal:
        """Open a journal of this process for a run that another process holds open."""
        return self.journal(run, on_trouble, {})

    def objects(self, batch: ObjectBatch) -> None:
        """Take over a batch whose objects will be made durable with what comes next."""
        with self._guard:
            self._batches.append(batch)
        run_keeper.tend(self)

    def finish(self, handle: Handle, summary: State) -> State:
        """Close a run: its summary is there when this returns, and durable within a second.

        Parameters
        ----------
        handle : Handle
        summary : dict
            What is known at the end.

        Returns
        -------
        dict
            The summary as it was written: what other processes noted in the run is in it.
        """
        handle.journal.flush()
        own = handle.journal.sink
        handle.journal.close()
        self._gather_others(handle.run, summary, own is not None)
        data = canonical.encode(summary)
        path = run_layout.done_path(handle.run, _OWN, data)
        with explained(self._store.url, "write the summary of a run"):
            self._write(path, data)
        with self._guard:
            self._open.pop(handle.run, None)
            self._ended.append((handle.run, path))
        if handle.lock is not None:
            run_lock.release(handle.lock)
        run_keeper.tend(self)
        return summary

    def _write(self, path: str, data: bytes) -> None:
        local = self._backend.local_path(path)
        if local is None:
            self._backend.replace(path, data)
            return
        try:
            descriptor = _new_file(local)
        except FileExistsError:  # the same bytes by name
            return
        try:
            if os.write(descriptor, data) != len(data):
                raise OSError(28, "No space left on device", local)
        finally:
            os.close(descriptor)

    def _gather_others(self, run: str, summary: State, wrote: bool) -> None:
        """Take what forked and spawned workers noted into the summary."""
        local = self._backend.local_path(run_layout.data_folder(run))
        if local is not None and not os.path.isdir(local):
            return
        mine = f"/p-{os.getpid():x}-"
        paths = [found.path for found in self._backend.walk(run_layout.data_folder(run)) if mine not in found.path]
        for content in self._contents(paths):
            _take_content(summary, content)

    def settle(self) -> None:
        """Make durable what has ended, and show that what is open lives."""
        with self._guard:
            ended, self._ended = self._ended, []
            batches, self._batches = self._batches, []
            handles = list(self._open.values())
        for handle in handles:
            handle.journal.flush()
        for batch in batches:
            batch.__exit__(None, None, None)
        if ended:
            self._make_durable(ended)
            self._backend.delete([run_layout.marker_path(run) for run, _ in ended])
        self._show_life(handles)

    def _make_durable(self, ended: list[tuple[str, str]]) -> None:
        root = self._backend.local_path("")
        if root is None:
            return
        files, folders = set(), {root, f"{root}/runs", f"{root}/{run_layout.DONE}"}
        for run, path in ended:
            files.add(f"{root}/{path}")
            data = f"{root}/{run_layout.data_folder(run)}"
            if os.path.isdir(data):
                folders |= {data, f"{root}/{run_layout.DATA}"}
                files.update(entry.path for entry in os.scandir(data))
        sync_all(root, files, folders)

    def _show_life(self, handles: list[Handle]) -> None:
        now = time.monotonic()
        if not handles or now - self._beat < run_lock.BEAT_S:
            return
        self._beat = now
        for handle in handles:
            path = run_layout.marker_path(handle.run)
            local = self._backend.local_path(path)
            with contextlib.suppress(OSError):
                if local is not None:
                    os.utime(local)
                else:
                    self._backend.replace(path, self._backend.read(path))

    @property
    def busy(self) -> bool:
        """Whether runs are open, or ended ones wait for the disk."""
        return bool(self._open or self._ended or self._batches)

    def sync(self, run: str | None = None) -> None:
        """Wait until what was written of runs survives a power cut."""
        self.settle()
        root = self._backend.local_path("")
        if run is None or root is None or run not in self._open:
            return
        files = {f"{root}/{run_layout.marker_path(run)}"}
        folders = {root, f"{root}/runs", f"{root}/{run_layout.OPEN}"}
        data = f"{root}/{run_layout.data_folder(run)}"
        if os.path.isdir(data):
            folders |= {data, f"{root}/{run_layout.DATA}"}
            files.update(entry.path for entry in os.scandir(data))
        sync_all(root, files, folders)

    def amend(self, run: str, edit: Mapping[str, Any]) -> State:
        """Write another revision of a summary, with an edit more.

        Parameters
        ----------
        run : str
        edit : mapping
            With an ``id`` of its own, ``op``, ``author`` and ``time``.
        """
        state = self.summary(run)
        if state is None:
            raise self.no_such(run)
        changed = {key: value for key, value in state.items() if key != "rev"}
        changed["edits"] = [*state.get("edits", ()), dict(edit)]
        data = canonical.encode(changed)
        path = run_layout.done_path(run, state["rev"] + 1, data)
        with explained(self._store.url, "change a run"):
            batch = self._backend.batch()
            batch.write(path, data)
            batch.commit()
        return {**changed, "rev": state["rev"] + 1}

    # --- reading -----------------------------------------------------------------------------------------------

    def ids(self) -> list[str]:
        """List all runs, open and ended, oldest first."""
        return sorted(self._listed())

    def _listed(self) -> dict[str, list[str]]:
        """List open markers first, then summaries: a run that ends in between is in the second list."""
        with explained(self._store.url, "list its runs"):
            found: dict[str, list[str]] = {}
            for entry in self._backend.walk(run_layout.OPEN):
                found.setdefault(_id_of_marker(entry.path), [])
            for entry in self._backend.walk(run_layout.DONE):
                parts = run_layout.read_done_name(entry.path.rpartition("/")[2])
                if parts is not None:
                    found.setdefault(parts[0], []).append(entry.path)
        found.pop("", None)
        return found

    def find(self, text: str) -> str:
        """Turn an id or the beginning of one into an id.

        Raises
        ------
        NotFoundError
            No run begins so.
        AmbiguousError
            Several do.
        """
        if len(text) == 26 and self._has(text):
            return text
        found = [run for run in self._listed() if run.startswith(text.upper())]
        if len(found) > 1:
            raise AmbiguousError(
                f"{len(found)} runs in the store at {self._store.url} begin with {text!r}: "
                f"{', '.join(sorted(found)[:5])}{', …' if len(found) > 5 else ''}.",
                remedy="Write more of the id.",
                matches=sorted(found),
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
        paths = [path for path in self._done_paths() if path.startswith(f"{run_layout.DONE}/{run}.")]
        return merge(self._revisions(paths))

    def _done_paths(self) -> list[str]:
        with explained(self._store.url, "list its runs"):
            return [entry.path for entry in self._backend.walk(run_layout.DONE)]

    def _revisions(self, paths: Iterable[str]) -> Iterator[tuple[int, str, State]]:
        wanted = list(paths)
        missing = [path for path in wanted if path not in self._known]
        with explained(self._store.url, "read its runs"):
            for path, data in zip(missing, self._backend.read_many(missing), strict=True):
                if data is not None and path.endswith("." + short(sha256(data))):  # else half of it, or gone
                    self._known[path] = canonical.decode(data)
        for path in wanted:
            parts = run_layout.read_done_name(path.rpartition("/")[2])
            if parts is not None and path in self._known:
                yield parts[1], parts[2], self._known[path]

    def state(self, run: str) -> State:
        """Read what is known of a run, ended or not; ``status`` is derived.

        Raises
        ------
        NotFoundError
            There is no such run.
        """
        summary = self.summary(run)
        if summary is not None:
            return apply_edits(summary)
        found = self._unfinished(run)
        if found is None:
            summary = self.summary(run)  # it ended between the two looks
            if summary is None:
                raise self.no_such(run)
            return apply_edits(summary)
        return found

    def _unfinished(self, run: str) -> State | None:
        path = run_layout.marker_path(run)
        self.flush()
        try:
            with explained(self._store.url, "read a run"):
                data = self._backend.read(path)
        except FileNotFoundError:
            return None
        try:
            state: State = canonical.decode(data)
        except DamagedError:
            state = {"id": run, "params": {}}  # its process is about to write, or was killed before it did
        state["status"] = self._liveness(run, state)
        for content in self._contents(self._data_paths(run)):
            _take_content(state, content)
        return state

    def _liveness(self, run: str, state: State) -> str:
        path = run_layout.marker_path(run)
        if run in self._open:
            return "running"
        stat = self._backend.stat(path)
        silent = time.time() - stat.modified if stat else 0.0
        return run_lock.liveness(state.get("process", {}), self._backend.local_path(path), silent)

    def flush(self) -> None:
        """Hand on what waits in memory, so that readers of this process see it."""
        for handle in list(self._open.values()):
            handle.journal.flush()

    def _data_paths(self, run: str) -> list[str]:
        return sorted(found.path for found in self._backend.walk(run_layout.data_folder(run)))

    def _contents(self, paths: list[str]) -> Iterator[Content]:
        if not paths:
            return
        from mlops_lite.store import run_points

        for data in self._backend.read_many(paths):
            if data is not None:
                yield run_points.read(data)

    def points(self, run: str) -> dict[str, Points]:
        """Read all points of a run, by name, in the order in which they were written."""
        self.flush()
        with explained(self._store.url, "read the points of a run"):
            contents = list(self._contents(self._data_paths(run)))
        if not contents:
            return {}
        from mlops_lite.store.run_points import Points

        parts: dict[str, list[Points]] = {}
        for content in contents:
            for name, points in content.points.items():
                parts.setdefault(name, []).append(points)
        return {name: Points.join(found) for name, found in parts.items()}

    def roots(self) -> set[str]:
        """List the digests that runs keep alive, the open ones included."""
        alive: set[str] = set()
        for run in self._listed():
            with contextlib.suppress(NotFoundError):
                state = self.state(run)
                if not state.get("deleted"):
                    alive.update(state.get("objects", ()))
        return alive


def _new_file(path: str) -> int:
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0)
    try:
        return os.open(path, flags, 0o644)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return os.open(path, flags, 0o644)


def _last_resort() -> BufferSink:
    return BufferSink(most=_LAST_RESORT_BYTES)


def _id_of_marker(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.removesuffix(".json") if name.endswith(".json") else ""


def _take_content(state: State, content: Content) -> None:
    for _, event in content.events:
        apply(state, event)
    for name, points in content.points.items():
        value = points.value
        real = value[value == value]
        low = real.min().item() if len(real) else float("inf")
        high = real.max().item() if len(real) else float("-inf")
        note_tally(state, name, value[-1].item(), low, high, len(value), points.step[-1].item())
