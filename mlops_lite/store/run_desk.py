"""Writing runs: the marker and its lock, the journal, the summary. Nothing here waits for the disk but ``settle``."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlops_lite.base import canonical
from mlops_lite.store import layout, run_layout, run_lock
from mlops_lite.store.backends._sync import sync_all
from mlops_lite.store.guard import explained, gone
from mlops_lite.store.run_journal import BufferSink, FileSink, Journal, Sink, forks
from mlops_lite.store.run_state import State

if TYPE_CHECKING:
    from mlops_lite.store.store import Store

__all__ = ["Desk", "Handle"]

OWN = 1  # the revision that the run itself writes
_KEPT_FOR_S = 3 * 24 * 3600.0  # a garbage collection spares what is younger; what was put here longer ago is put again


class Handle:
    """An open run of this process: its marker, its lock, its journal.

    Parameters
    ----------
    run : str
    desk : Desk
        Where it is written.
    lock : int, optional
        The descriptor of its marker.
    marker : bytes
    journal : Journal
    """

    def __init__(self, run: str, desk: Desk, lock: int | None, marker: bytes, journal: Journal) -> None:
        self.run = run
        self.desk = desk
        self.lock = lock
        self.marker = marker
        self.journal = journal


class Desk:
    """Where the runs of this process are written down: a folder of this machine, or memory.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._backend = store.backend
        self._root = store.backend.local_path("") or ""
        self._guard = threading.Lock()
        self.open: dict[str, Handle] = {}
        self._ended: list[tuple[str, str]] = []  # run and path of its summary, not durable yet
        self._objects: set[str] = set()  # paths of objects that are not durable yet
        self._kept: dict[str, float] = {}  # digests, and when they were put here
        self._beat = 0.0
        forks.add(self)

    def after_fork(self) -> None:
        """Begin anew in a child: what is open is its parent's, and so is the work."""
        self._guard = threading.Lock()
        self.open = {}
        self._ended = []
        self._objects = set()

    def begin(self, run: str, marker: State, journal: Journal) -> Handle:
        """Put up the marker of a new run and hold its lock.

        Raises
        ------
        StoreUnavailableError
            Nothing can be written here.
        """
        self.store.prepare()
        with explained(self.store.url, "begin a run"):
            lock, data = self._put_up(run, marker)
        handle = Handle(run, self, lock, data, journal)
        with self._guard:
            self.open[run] = handle
        return handle

    def _put_up(self, run: str, marker: State) -> tuple[int | None, bytes]:
        path = run_layout.marker_path(run)
        local = self._backend.local_path(path)
        if local is None:
            marker["process"] = {**run_lock.whereabouts(), "locked": ""}
            data = canonical.encode(marker)
            self._backend.replace(path, data)
            return None, data
        descriptor = new_file(local, self._root)
        # locked while it is still empty: who reads something in it can rely on the lock
        held = local if run_lock.hold(descriptor) else ""
        marker["process"] = {**run_lock.whereabouts(), "locked": held}
        data = canonical.encode(marker)
        try:
            write_whole(descriptor, data)
        except OSError:
            run_lock.release(descriptor)
            with contextlib.suppress(OSError):
                os.unlink(local)
            raise
        return descriptor, data

    def sink(self, run: str) -> Sink:
        """Open a file of this process's own for the points of a run."""
        path = f"{run_layout.data_folder(run)}/p-{os.getpid():x}-{os.urandom(4).hex()}.bin"
        local = self._backend.local_path(path)
        if local is None:
            return BufferSink(lambda data: self._backend.replace(path, data))
        return FileSink(new_file(local, self._root))

    def keep(self, objects: Mapping[str, bytes]) -> None:
        """Put small objects down by digest; they become durable with what comes next."""
        now = time.monotonic()
        for digest, data in objects.items():
            if now - self._kept.get(digest, -_KEPT_FOR_S) >= _KEPT_FOR_S:
                self._put_object(digest, data)
                self._kept[digest] = now

    def _put_object(self, digest: str, data: bytes) -> None:
        path = layout.object_path(digest)
        local = self._backend.local_path(path)
        with explained(self.store.url, "keep an object"):
            if local is None:
                self._backend.replace(path, data)
                return
            found = self._backend.stat(path)
            if found is None or found.size != len(data):
                batch = self._backend.batch()  # left open: it writes under the final name, and settle waits for it
                batch.write(path, data)
            else:
                os.utime(local)  # young again in the eyes of a garbage collection
        with self._guard:
            self._objects.add(path)

    def finish(self, handle: Handle, summary: State) -> None:
        """Write the summary of a run and let go of its lock: safe from the end of this process when this returns."""
        data = canonical.encode(summary)
        path = run_layout.done_path(handle.run, OWN, data)
        with explained(self.store.url, "write the summary of a run"):
            self.write(path, data)
        with self._guard:
            self.open.pop(handle.run, None)
            self._ended.append((handle.run, path))
        self.let_go(handle)

    def let_go(self, handle: Handle) -> None:
        """Give up a run that ends elsewhere."""
        with self._guard:
            self.open.pop(handle.run, None)
        if handle.lock is not None:
            run_lock.release(handle.lock)
            handle.lock = None

    def write(self, path: str, data: bytes) -> None:
        """Write a new file that says by its name what stands in it."""
        local = self._backend.local_path(path)
        if local is None:
            self._backend.replace(path, data)
            return
        with contextlib.suppress(FileExistsError):  # the same bytes, by name
            descriptor = new_file(local, self._root)
            try:
                write_whole(descriptor, data)
            finally:
                os.close(descriptor)

    @property
    def busy(self) -> bool:
        """Whether runs are open, or ended ones wait for the disk."""
        return bool(self.open or self._ended or self._objects)

    def settle(self) -> list[str]:
        """Make durable what has ended, and show that what is open lives.

        Returns
        -------
        list of str
            The runs that are durable now.
        """
        with self._guard:
            ended, self._ended = self._ended, []
            objects, self._objects = self._objects, set()
            handles = list(self.open.values())
        for handle in handles:
            handle.journal.flush()
        try:
            self._make_durable(ended, objects)
        except OSError:
            with self._guard:  # tried again at the next turn
                self._ended += ended
                self._objects |= objects
            raise
        self._backend.delete([run_layout.marker_path(run) for run, _ in ended])
        self._show_life(handles)
        return [run for run, _ in ended]

    def _make_durable(self, ended: list[tuple[str, str]], objects: set[str]) -> None:
        root = self._backend.local_path("")
        if root is None or not (ended or objects):
            return
        files = {f"{root}/{path}" for path in objects} | {f"{root}/{path}" for _, path in ended}
        folders = {root, f"{root}/runs", *(os.path.dirname(file) for file in files)}
        if objects:
            folders.add(f"{root}/{layout.OBJECTS}")
        for run, _ in ended:
            _add_data(root, run, files, folders)
        sync_all(root, {file for file in files if os.path.exists(file)}, {one for one in folders if os.path.isdir(one)})

    def sync(self, run: str) -> None:
        """Wait until what was written of an open run survives a power cut."""
        root = self._backend.local_path("")
        if root is None or run not in self.open:
            return
        files = {f"{root}/{run_layout.marker_path(run)}"}
        folders = {root, f"{root}/runs", f"{root}/{run_layout.OPEN}"}
        _add_data(root, run, files, folders)
        with explained(self.store.url, "wait for the disk"):
            sync_all(root, files, folders)

    def _show_life(self, handles: list[Handle]) -> None:
        now = time.monotonic()
        if now - self._beat < run_lock.BEAT_S:
            return
        self._beat = now
        for handle in handles:
            path = run_layout.marker_path(handle.run)
            local = self._backend.local_path(path)
            with contextlib.suppress(OSError), self._guard:
                if handle.run not in self.open:
                    continue
                if local is not None:
                    os.utime(local)
                else:
                    self._backend.replace(path, handle.marker)

    def flush(self) -> None:
        """Hand on what waits in memory, so that readers of this process see it."""
        for handle in list(self.open.values()):
            handle.journal.flush()


def _add_data(root: str, run: str, files: set[str], folders: set[str]) -> None:
    data = f"{root}/{run_layout.data_folder(run)}"
    with contextlib.suppress(FileNotFoundError):
        files.update(entry.path for entry in os.scandir(data))
        folders |= {data, f"{root}/{run_layout.DATA}"}


def new_file(path: str, root: str) -> int:
    """Open a new file of a store for appending, with its folders; the store itself was there before."""
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0)
    try:
        return os.open(path, flags, 0o644)
    except FileNotFoundError:
        if not os.path.isdir(root):
            raise gone(root) from None
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return os.open(path, flags, 0o644)


def write_whole(descriptor: int, data: bytes) -> None:
    """Write in one call, or raise."""
    if os.write(descriptor, data) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
