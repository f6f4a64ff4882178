"""Memory of this process, for examples and tests: gone when the process ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

from mlops_lite.base.fork import in_child
from mlops_lite.store.backends import Stat
from mlops_lite.store.backends._fsspec import FsspecBackend

__all__ = ["MemoryBackend", "connect"]

_lock = threading.Lock()


@in_child
def _begin_anew_in_child() -> None:
    global _lock
    _lock = threading.Lock()  # a thread that held it stayed in the parent


def connect(url: str, options: Mapping[str, Any]) -> MemoryBackend:
    """Open a part of this process's memory by name."""
    return MemoryBackend(url, options)


class MemoryBackend(FsspecBackend):
    """Fsspec's memory filesystem, whose create is exclusive only under a lock."""

    needs_proof = False

    def create(self, path: str, data: bytes) -> None:
        """Create under a lock that all threads share."""
        with _lock:
            if self.fs.exists(self._full(path)):
                raise FileExistsError(path)
            self.fs.pipe_file(self._full(path), data)

    def walk(self, prefix: str) -> Iterator[Stat]:
        """List all below; again, if another thread wrote meanwhile and fsspec stumbled over it."""
        while True:
            try:
                return iter(list(super().walk(prefix)))
            except RuntimeError:
                continue
