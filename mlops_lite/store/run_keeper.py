"""The thread that makes finished runs durable and shows that open ones live."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
from typing import Protocol

from mlops_lite.base.fork import in_child

__all__ = ["Tended", "drain", "tend"]

_PAUSE_S = 0.4  # what ended is safe from a power cut within a second


class Tended(Protocol):
    """What has work to be done beside the user's function."""

    def settle(self) -> None:
        """Do what waits; errors are its own affair."""
        ...

    @property
    def busy(self) -> bool:
        """Whether there will be more to do without a word from anybody: an open run."""
        ...


class _Keeper:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._tended: set[Tended] = set()

    def tend(self, what: Tended) -> None:
        with self._lock:
            self._tended.add(what)
            if self._thread is None:
                _drain_in_worker()
                self._thread = threading.Thread(target=self._work, name="mlops_lite runs", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            self._wake.wait(_PAUSE_S)
            with self._lock:
                work = list(self._tended)
            for one in work:
                with contextlib.suppress(Exception):
                    one.settle()
            with self._lock:
                self._tended = {one for one in self._tended if one.busy}
                if not self._tended:
                    self._thread = None
                    return

    def drain(self) -> None:
        with self._lock:
            work = list(self._tended)
        for one in work:
            with contextlib.suppress(Exception):
                one.settle()


_keeper = _Keeper()


def tend(what: Tended) -> None:
    """Have something done within half a second, and again as long as it is busy."""
    _keeper.tend(what)


def drain() -> None:
    """Do now what waits."""
    _keeper.drain()


@in_child
def _begin_anew_in_child() -> None:
    global _keeper
    _keeper = _Keeper()  # the thread stayed in the parent, and so did its work


def _at_end() -> None:
    drain()


atexit.register(_at_end)


def _drain_in_worker() -> None:
    """Have the work done at the end of a process of ``multiprocessing`` too, which runs no exit handlers."""
    global _drained_by
    util = sys.modules.get("multiprocessing.util")
    process = sys.modules.get("multiprocessing.process")
    if util is None or process is None or process.parent_process() is None or _drained_by == os.getpid():
        return
    _drained_by = os.getpid()
    util.Finalize(None, _at_end, exitpriority=1)


_drained_by = 0
