"""Following a log: a thread that looks now and then, off the path of calls."""

from __future__ import annotations

import os
import random
import threading
import time
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_lite.deployment.following import Following

__all__ = ["Follower", "Patience", "default_poll_s"]

_LOCAL_S, _BUCKET_S = 0.1, 5.0
_JITTER = 0.25  # a fleet that was started together must not ask together
_dice = random.Random(os.urandom(16))


def default_poll_s(is_local: bool) -> float:
    """How often to look, in seconds: a local look costs microseconds, one on a bucket a request."""
    return _LOCAL_S if is_local else _BUCKET_S


class Follower:
    """The thread of one handle. It ends when the handle is closed or forgotten.

    Parameters
    ----------
    following : Following
        What the handle follows.
    poll_s : float
    """

    def __init__(self, following: Following, poll_s: float) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=_follow, args=(weakref.ref(following), poll_s, self._stop), name="mlops_lite-follower", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not threading.current_thread():
            self._thread.join(10)


def _follow(following: weakref.ref[Following], poll_s: float, stop: threading.Event) -> None:
    while not stop.wait(poll_s * _dice.uniform(1 - _JITTER, 1)):
        found = following()
        if found is None:
            return
        found.look()
        del found


class Patience:
    """When to try again what failed: at once, then after 1, 2, 4 … 60 seconds."""

    def __init__(self) -> None:
        self._failures = 0
        self._until = 0.0

    def allows(self) -> bool:
        """Tell whether it is time."""
        return time.monotonic() >= self._until

    def failed(self) -> None:
        """Wait longer from now on."""
        self._until = time.monotonic() + min(60.0, 2.0**self._failures)
        self._failures += 1

    def worked(self) -> None:
        """Begin anew."""
        self._failures, self._until = 0, 0.0


os.register_at_fork(after_in_child=lambda: _dice.seed(os.urandom(16)))
