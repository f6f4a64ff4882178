"""A backend that fails: at the n-th request, before the deed, after it (a lost reply), or by being slow."""

import threading
import time

REQUESTS = (
    "create",
    "replace",
    "read",
    "read_many",
    "read_ranges",
    "exists",
    "stat",
    "walk",
    "folders",
    "delete",
    "now",
)


class Faulty:
    """A backend around another.

    Parameters
    ----------
    backend : Backend
    decide : callable
        Is given the number of the request and its name; gives None, ``"before"``, ``"after"`` or seconds to wait.
    """

    def __init__(self, backend, decide):
        self.inner = backend
        self.decide = decide
        self.count = 0
        self._lock = threading.Lock()

    def perform(self, name, deed):
        with self._lock:
            self.count += 1
            number = self.count
        fault = self.decide(number, name)
        if fault == "before":
            raise OSError(f"{name} refused")
        if isinstance(fault, float):
            time.sleep(fault)
        found = deed()
        if fault == "after":
            raise OSError(f"the reply to {name} was lost")
        return found

    def batch(self):
        return FaultyBatch(self, self.inner.batch())

    def __getattr__(self, name):
        found = getattr(self.inner, name)
        if name not in REQUESTS:
            return found
        if name == "walk":
            return lambda prefix: iter(self.perform(name, lambda: list(found(prefix))))
        return lambda *arguments: self.perform(name, lambda: found(*arguments))


class FaultyBatch:
    """A batch of a faulty backend."""

    def __init__(self, backend, batch):
        self.backend = backend
        self.inner = batch

    def __getattr__(self, name):
        found = getattr(self.inner, name)
        if name not in ("write", "write_new", "write_hashed", "commit"):
            return found
        return lambda *arguments: self.backend.perform(f"batch.{name}", lambda: found(*arguments))


def at(turn, fault):
    """Fail at one request."""
    return lambda number, name: fault if number == turn else None


def every(step, fault):
    """Fail at every n-th request."""
    return lambda number, name: fault if number % step == 0 else None
