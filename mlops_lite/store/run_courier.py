"""Runs on their way: written on this machine first, and carried to where they belong.

A bucket cannot take a point a microsecond, and a store may go away in the middle of a training. In both cases a run is
written into a small store of its own beside the cache folder, and carried over: every second where the store is a
bucket, and as soon as it answers where it went away; by this process or, if that is killed, by the next one. Names are
the same on both sides, so carrying twice changes nothing.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_lite.base import canonical
from mlops_lite.base.digest import sha256
from mlops_lite.store import layout, run_layout, run_lock
from mlops_lite.store.address import told
from mlops_lite.store.cache import default_folder
from mlops_lite.store.run_journal import forks
from mlops_lite.store.run_state import State

if TYPE_CHECKING:
    from mlops_lite.store.store import Store

__all__ = ["Courier", "spill_folder"]

_PIECE = 1 << 20  # bytes of a journal in one object of a bucket: objects grow with what is written, not with time
ANOTHERS = 0  # the revision that is written for a run that was killed; if it should live after all, its own wins


def spill_folder() -> Path:
    """Choose the folder of what is on its way: beside the cache folder, which may be deleted at any time."""
    cache = default_folder()
    return cache.with_name(cache.name + "-spill")


class Courier:
    """Carries runs from this machine to a store.

    Parameters
    ----------
    store : Store
        Where they belong.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folder = spill_folder() / sha256(store.backend.identity().encode())[:16]
        self._near: Store | None = None
        self._sent: dict[str, int] = {}
        self._lock = threading.Lock()
        forks.add(self)

    def after_fork(self) -> None:
        """Begin anew in a child: its parent carries what it has open."""
        self._lock = threading.Lock()

    @property
    def near(self) -> Store:
        """The small store on this machine."""
        if self._near is None:
            from mlops_lite.store.store import Store

            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            note = self._folder / "target.json"
            if not note.exists():
                note.write_bytes(canonical.encode(told(self._store)))
            self._near = Store(self._folder)
        return self._near

    @property
    def waiting(self) -> bool:
        """Whether something lies here."""
        return any((self._folder / part).is_dir() and any((self._folder / part).iterdir()) for part in _PARTS)

    def carry(self) -> int:
        """Carry everything that lies here as far as it has come; the runs of dead processes too.

        Returns
        -------
        int
            How many runs are over there whole, and no longer here.
        """
        if not self.waiting:
            return 0
        with self._lock:
            runs = sorted(self._runs())
            done = sum(self._carry_run(run) for run in runs)
            if done == len(runs):
                self._clear_objects()
        return done

    def _runs(self) -> set[str]:
        reader = self.near.runs.reader
        data = {found.path.split("/")[2] for found in self.near.backend.walk(run_layout.DATA)}
        return {*reader.ids(), *data}

    def _carry_run(self, run: str) -> bool:
        """Carry one run; True once it is over there whole."""
        near = self.near
        mine = near.runs.is_open_here(run) or self._store.runs.is_open_here(run)
        with self._claimed(run, mine) as claimed:
            if not claimed:  # another process has it open, or carries it
                return False
            state = near.runs.reader.summary(run)
            if state is None:
                state = self._unfinished(run, mine)
            self._carry_objects(state)
            self._carry_data(run)
            ended = self._carry_summaries(run)
            if mine:
                return False
            if not ended and state.get("status") == "killed":
                data = canonical.encode(state)
                self._store.backend.replace(run_layout.done_path(run, ANOTHERS, data), data)
                ended = True
            self._remove(run, ended)
            return True

    @contextlib.contextmanager
    def _claimed(self, run: str, mine: bool) -> Iterator[bool]:
        """Hold the lock of a run whose process is gone, so that only one carries it."""
        if mine:
            yield True
            return
        with contextlib.ExitStack() as stack:
            data = (found.path for found in self.near.backend.walk(run_layout.data_folder(run)))
            paths = [run_layout.marker_path(run), *data]
            yield all(stack.enter_context(run_lock.claim(f"{self._folder}/{path}")) for path in paths)

    def _unfinished(self, run: str, mine: bool) -> State:
        """Read a run that has no summary here: an open one, one that was killed, or points that came aside."""
        path = self._folder / run_layout.marker_path(run)
        state: State = {"id": run, "params": {}}
        with contextlib.suppress(FileNotFoundError, ValueError):
            data = path.read_bytes()
            state = canonical.decode(data)
            if mine:
                self._send(run_layout.marker_path(run), data)
            else:
                state["status"] = "killed"
        self.near.runs.reader.gather(state)
        return state

    def _carry_objects(self, state: State) -> None:
        wanted = [digest for digest in state.get("objects", ()) if digest in self.near.objects]
        new = [digest for digest in wanted if self._sent.get(digest) is None]
        if not new:
            return
        with self._store.objects.batch() as batch:
            for digest in new:
                batch.add(self.near.objects.read(digest), digest)
        self._sent.update((digest, 1) for digest in new)

    def _carry_data(self, run: str) -> None:
        for found in list(self.near.backend.walk(run_layout.data_folder(run))):
            if self._store.is_local:
                self._send(found.path, self.near.backend.read(found.path))
                continue
            stem = found.path.removesuffix(".bin")
            first = self._sent.get(found.path, 0) // _PIECE
            for number in range(first, -(-found.size // _PIECE)):
                piece = self.near.backend.read(found.path, number * _PIECE, min(found.size, (number + 1) * _PIECE))
                self._send(f"{stem}.{number:06d}.bin", piece)
            self._sent[found.path] = found.size

    def _carry_summaries(self, run: str) -> bool:
        ended = False
        for found in list(self.near.backend.walk(run_layout.DONE)):
            if found.path.startswith(f"{run_layout.DONE}/{run}."):
                self._send(found.path, self.near.backend.read(found.path))
                ended = True
        return ended

    def _send(self, path: str, data: bytes) -> None:
        key = f"{path} {sha256(data)}"
        if key not in self._sent:
            self._store.backend.replace(path, data)
            self._sent[key] = 1

    def _remove(self, run: str, ended: bool) -> None:
        near = self.near.backend
        if ended:
            self._store.backend.delete([run_layout.marker_path(run)])
        paths = [found.path for found in near.walk(run_layout.data_folder(run))]
        paths += [found.path for found in near.walk(run_layout.DONE) if found.path.split("/")[2].startswith(run)]
        near.delete([*paths, run_layout.marker_path(run)])
        with contextlib.suppress(OSError):
            os.rmdir(self._folder / run_layout.data_folder(run))
        self._sent = {key: sent for key, sent in self._sent.items() if run not in key}

    def _clear_objects(self) -> None:
        """Forget objects that no run here needs, once no run is here."""
        old = time.time() - 3600.0  # an object of a run that is about to begin is younger
        objects = [found for found in self.near.backend.walk(layout.OBJECTS) if found.modified < old]
        self.near.backend.delete([found.path for found in objects])


_PARTS = (run_layout.OPEN, run_layout.DATA, run_layout.DONE)
