"""The prediction log: what was asked, what was answered, by which version; kept cheaply, in the background."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs

from mlops_lite.base.identifier import new_id
from mlops_lite.deployment.inputs import KEEPERS, kept
from mlops_lite.deployment.redaction import Redaction, Way, chosen_columns
from mlops_lite.deployment.slot import Answer, Slot
from mlops_lite.errors import InvalidInputError, MlopsLiteError

if TYPE_CHECKING:
    from mlops_lite.store import Store

__all__ = ["KIND", "Call", "PredictionLog", "Predictions"]

KIND = "prediction"  # the kind of log in which the segments of a deployment are listed
_MOST_ERROR = 500  # characters
_logger = logging.getLogger("mlops_lite.deployment")


class Call(NamedTuple):
    """One call, as it was kept."""

    slot: Slot
    begun: int  # nanoseconds of the performance counter
    taken_ns: int
    request_id: Any
    key: Any
    given: Any  # see deployment.inputs
    answer: Any
    error: str | None

    @property
    def rows(self) -> int:
        """How many rows it has; a call that failed counts as one."""
        return 1 if self.error is not None else _length(self.answer)


@attrs.frozen
class Predictions:
    """What a prediction log keeps.

    Parameters
    ----------
    inputs : bool or iterable of str
        All columns of the inputs, none, or those named.
    redact : mapping of str to {"drop", "mask", "hash"}, optional
        Columns (or ``"key"``) to leave out, to mask, or to keep as a keyed hash.
    secret : str, optional
        The key of that hash; it is never stored.
    flush_s : float
        How long a call may wait in memory: a process that is killed loses that much.
    capacity : int
        Rows that may wait; beyond that, calls are not logged but counted as dropped.

    Examples
    --------
    >>> Predictions(inputs=["age"], redact={"key": "drop"}).redaction.keeps("age")
    True
    """

    inputs: bool | tuple[str, ...] = attrs.field(default=True, converter=chosen_columns)
    redact: Mapping[str, Way] = attrs.field(factory=dict)
    secret: str | None = attrs.field(default=None, repr=False)
    flush_s: float = attrs.field(default=5.0, validator=attrs.validators.gt(0))
    capacity: int = attrs.field(default=100_000, validator=attrs.validators.gt(0))
    redaction: Redaction = attrs.field(init=False, repr=False)

    @redaction.default
    def _redaction(self) -> Redaction:
        return Redaction(self.inputs, self.redact, self.secret)

    @classmethod
    def of(cls, given: object) -> Predictions:
        """Read what a user asked for: True, a mapping of options, or a value of this class."""
        if given is True:
            return cls()
        if isinstance(given, Mapping):
            return cls(**given)
        if isinstance(given, cls):
            return given
        raise InvalidInputError(
            f"log={given!r} does not say what to keep.", remedy="log=True, or log=dict(inputs=['age'], flush_s=1)."
        )


class PredictionLog:
    """Calls on their way into the store.

    A call appends one tuple to a bounded list. A thread turns what has gathered into columns, stores them as one
    object, and appends a record that names it, with the counts of calls and errors by version.

    Parameters
    ----------
    store : Store
    name : str
        Of the deployment.
    options : Predictions

    Attributes
    ----------
    kept, dropped, lost : int
        Rows that were stored; rows that did not fit; rows that could not be written.
    """

    def __init__(self, store: Store, name: str, options: Predictions) -> None:
        self.store, self.name, self.options = store, name, options
        self.log = store.log(KIND, name)
        self.kept = self.dropped = self.lost = 0
        self.trouble: Exception | None = None
        self._waiting: deque[tuple[Any, ...]] = deque()  # always this one: answers hold it
        self.renew()

    def renew(self) -> None:
        """Begin empty, as a forked child must: what waits is its parent's to write."""
        self._writer = new_id()
        self._serial = 0
        self._waiting.clear()
        self.rows = 0
        self._told = 0  # drops that a record has named
        self._lock = threading.Lock()
        self._turn = threading.Lock()  # one flush at a time
        self._wake = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    def logged(self, ask: Answer, slot: Slot) -> Answer:
        """Build the function that asks and keeps.

        The way through it is written out: each call of a function would cost as much as what it does.
        """
        way, other = KEEPERS.get, kept
        wants_inputs = self.options.inputs is not False
        clock, capacity, append = time.perf_counter_ns, self.options.capacity, self._waiting.append

        def answer(X: Any, key: Any, request_id: Any) -> Any:
            begun = clock()
            try:
                said = ask(X, key, request_id)
            except Exception as error:
                self._failed(slot, begun, clock() - begun, request_id, key, X, error)
                raise
            taken = clock() - begun
            try:
                try:
                    rows = len(said)
                except TypeError:
                    rows = 1
                if self.rows < capacity:
                    given = way(type(X), other)(X) if wants_inputs else None
                    append((slot, begun, taken, request_id, key, given, way(type(said), other)(said), None))
                    self.rows += rows  # threads may lose a count: the bound is not exact, and begins anew at each flush
                    if self._thread is None:
                        self._start()
                else:
                    self._drop(rows)
            except Exception as trouble:  # a log never breaks the call that it describes
                self._unkept(trouble)
            return said

        return answer

    def _failed(self, slot: Slot, begun: int, taken: int, request_id: Any, key: Any, X: Any, error: Exception) -> None:
        """Keep a call that raised."""
        try:
            if self.rows >= self.options.capacity:
                self._drop(1)
                return
            given = kept(X) if self.options.inputs is not False else None
            told = f"{type(error).__name__}: {error}"[:_MOST_ERROR]
            self._waiting.append((slot, begun, taken, request_id, key, given, None, told))
            self.rows += 1
            self._start()
        except Exception as trouble:
            self._unkept(trouble)

    def _drop(self, rows: int) -> None:
        with self._lock:
            self.dropped += rows

    def _unkept(self, trouble: Exception) -> None:
        with self._lock:
            self.lost += 1
            self.trouble = trouble

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._work, name="mlops_lite-predictions", daemon=True)
                self._thread.start()
                _open.add(self)

    def flush(self) -> int:
        """Store what waits.

        Returns
        -------
        int
            Rows that were stored.
        """
        from mlops_lite.deployment.segment import encode

        with self._turn:
            calls = [Call(*self._waiting.popleft()) for _ in range(len(self._waiting))]
            self.rows, dropped = 0, self.dropped
            if not calls and dropped == self._told:
                return 0
            rows = sum(call.rows for call in calls)
            offset = time.time_ns() - time.perf_counter_ns()
            try:
                data = encode(calls, self._writer, self._serial, offset, self.options.redaction)
                digest = self.store.objects.put(data) if calls else None
                self._append(calls, rows, digest, len(data), offset, dropped)
            except Exception as error:
                return self._kept_back(calls, rows, error)
            self._serial += rows
            self._told, self.trouble = dropped, None
            self.kept += rows
            return rows

    def _append(self, calls: list[Call], rows: int, digest: str | None, nbytes: int, offset: int, dropped: int) -> None:
        from mlops_lite.deployment.segment import counts

        times = [call.begun + offset for call in calls]
        body = {
            "writer": self._writer,
            "rows": rows,
            "segment": digest,
            "nbytes": nbytes,
            "counts": counts(calls),
            "dropped": dropped - self._told,
            "since_ns": min(times, default=0),
            "until_ns": max(times, default=0),
        }
        self.log.append(body, action="flush", objects=[digest] if digest else [])

    def _kept_back(self, calls: list[Call], rows: int, error: Exception) -> int:
        """Keep what could not be written where the store may come back; let go of what can never be written."""
        if self.trouble is None:
            _logger.warning("Predictions of %s cannot be stored: %s", self.name, error)
        if isinstance(error, MlopsLiteError):
            self._waiting.extendleft(tuple(call) for call in reversed(calls))
            self.rows += rows
        else:
            with self._lock:
                self.lost += rows
        self.trouble = error
        return 0

    def finish(self) -> None:
        """Let the thread store what waits, and end."""
        self._closed = True
        self._wake.set()

    def close(self) -> None:
        """Store what waits, and end the thread."""
        self.finish()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(10)
        self.flush()

    def _work(self) -> None:
        while not self._closed:
            self._wake.wait(self.options.flush_s)
            self.flush()


def _length(said: Any) -> int:
    return len(said) if hasattr(said, "__len__") and getattr(said, "shape", True) else 1


_open: weakref.WeakSet[PredictionLog] = weakref.WeakSet()


def _at_exit() -> None:
    for log in list(_open):
        log.close()


def _after_fork() -> None:
    for log in list(_open):
        log.renew()
    _open.clear()


def _register() -> None:
    """Flush before pools of threads refuse work, which is before functions of :mod:`atexit` are called."""
    import concurrent.futures.thread  # noqa: F401 - it registers itself so, and the last one registered comes first

    register = getattr(threading, "_register_atexit", atexit.register)
    register(_at_exit)


_register()
os.register_at_fork(after_in_child=_after_fork)
