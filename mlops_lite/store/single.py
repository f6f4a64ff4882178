"""The single-writer mode: for places that cannot keep writers apart, when the user promises that there is one."""

from __future__ import annotations

import threading
from typing import Any

from mlops_lite.store.backends import Backend

__all__ = ["SingleWriter"]


class SingleWriter:
    """A backend whose create looks first and then writes, which is exclusive only among the threads of one process."""

    needs_proof = False

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lock = threading.Lock()
        self.url = backend.url

    def create(self, path: str, data: bytes) -> None:
        """Create under a lock of this process."""
        with self._lock:
            if self._backend.exists(path):
                raise FileExistsError(path)
            batch = self._backend.batch()
            batch.write(path, data)
            batch.commit()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)
