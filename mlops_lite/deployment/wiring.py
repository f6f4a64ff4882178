"""What a handle lends to its answers: the prediction log, and a queue for what may be done later."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from typing import TYPE_CHECKING, Any

from mlops_lite.deployment.inputs import kept, restored

if TYPE_CHECKING:
    from mlops_lite.deployment.predictions import PredictionLog
    from mlops_lite.deployment.slot import Answer

__all__ = ["Wiring"]

_MOST_WAITING = 1000
_logger = logging.getLogger("mlops_lite.deployment")


class Wiring:
    """What answers may use besides models.

    Parameters
    ----------
    log : PredictionLog, optional
        Where predictions are kept.

    Attributes
    ----------
    dropped : int
        Shadow calls that did not fit into the queue.
    compared, differed, failed : int
        Shadow calls that were answered, whose answer differed, and that raised.
    """

    def __init__(self, log: PredictionLog | None = None) -> None:
        self.log = log
        self.dropped = self.compared = self.differed = self.failed = 0
        self.renew()

    def renew(self) -> None:
        """Begin with an empty queue and no thread, as a forked child must."""
        self._finished = False
        self._queue: queue.Queue[tuple[Any, ...] | None] = queue.Queue(_MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def later(self, ask: Answer, X: Any, key: Any, request_id: Any, given: Any) -> None:
        """Ask another version in the background and compare its answer; never waits, never raises."""
        try:
            self._queue.put_nowait((ask, kept(X), key, request_id, kept(given)))
            if self._thread is None:
                self._start()
        except queue.Full:
            self.dropped += 1
        except Exception as error:
            self.failed += 1
            _logger.warning("A shadow call could not be kept: %s", error)

    def drain(self) -> None:
        """Wait until everything in the queue was answered."""
        self._queue.join()

    def finish(self) -> None:
        """Let the threads end: the handle was closed, or nobody has it any more."""
        self._finished = True
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(None)
        if self.log is not None:
            self.log.finish()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._finished:
                self._thread = threading.Thread(target=self._work, name="mlops_lite-shadow", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        waiting = self._queue
        while not self._finished:
            asked = waiting.get()
            if asked is None:
                return
            ask, held, key, request_id, given = asked
            try:
                self._compare(ask(restored(held), key, request_id), restored(given))
            except Exception as error:
                self.failed += 1
                _logger.info("A shadow answer failed: %s: %s", type(error).__name__, error)
            finally:
                waiting.task_done()

    def _compare(self, answer: Any, given: Any) -> None:
        self.compared += 1
        self.differed += not same(answer, given)


def same(a: Any, b: Any) -> bool:
    """Tell whether two answers are equal, numbers up to rounding.

    Examples
    --------
    >>> same([0.1 + 0.2], [0.3]), same(["yes"], ["no"])
    (True, False)
    """
    import numpy as np

    left, right = np.asarray(a), np.asarray(b)
    if left.shape != right.shape:
        return False
    if left.dtype.kind in "fc" or right.dtype.kind in "fc":
        return bool(np.allclose(left, right, rtol=1e-6, atol=1e-9, equal_nan=True))
    return bool(np.array_equal(left, right))
