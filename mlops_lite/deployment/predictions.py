"""The prediction log: what was asked, what was answered, by which version; kept cheaply, in the background."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs

from mlops_lite.base.identifier import new_id
from mlops_lite.deployment.inputs import Held, kept
from mlops_lite.deployment.redaction import Redaction, Way, chosen_columns
from mlops_lite.errors import InvalidInputError, MlopsLiteError

if TYPE_CHECKING:
    from mlops_lite.deployment.rollouts import Answer
    from mlops_lite.store import Store

__all__ = ["KIND", "Call", "PredictionLog", "Predictions", "Slot"]

KIND = "prediction"  # the kind of log in which the segments of a deployment are listed
_logger = logging.getLogger("mlops_lite.deployment")


class Slot(NamedTuple):
    """Where answers come from: the deployment's record, the model version, its method, ``answer`` or ``shadow``."""

    deployment: int
    model: str
    method: str
    role: str
    classes: tuple[str, ...] = ()


class Call(NamedTuple):
    """One call, as it was kept."""

    slot: Slot
    time_ns: int
    taken_ns: int
    serial: int
    rows: int
    request_id: Any
    key: Any
    given: Held | None
    answer: Held | None
    error: str | None


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
    def of(cls, given: object) -> Predictions | None:
        """Read what a user asked for: None or False, True, a mapping of options, or a value of this class."""
        if given is None or given is False:
            return None
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
        self.renew()

    def renew(self) -> None:
        """Begin empty, as a forked child must: what waits is its parent's to write."""
        self._writer = new_id()
        self._serial = 0
        self._waiting: list[Call] = []
        self._rows = 0
        self._told = 0  # drops that a record has named
        self._lock = threading.Lock()
        self._turn = threading.Lock()  # one flush at a time
        self._wake = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    def logged(self, ask: Answer, slot: Slot) -> Answer:
        """Build the function that asks and keeps."""
        add, wants_inputs = self._add, self.options.inputs is not False
        clock, now = time.perf_counter_ns, time.time_ns

        def answer(X: Any, key: Any, request_id: Any) -> Any:
            begun, start = now(), clock()
            try:
                said = ask(X, key, request_id)
            except Exception as error:
                add(slot, begun, clock() - start, request_id, key, X if wants_inputs else None, None, error)
                raise
            add(slot, begun, clock() - start, request_id, key, X if wants_inputs else None, said, None)
            return said

        return answer

    def _add(
        self, slot: Slot, begun: int, taken: int, request_id: Any, key: Any, X: Any, said: Any, error: Any
    ) -> None:
        try:
            rows = 1 if error is not None else _rows(said)
            with self._lock:
                self._serial = serial = self._serial + rows
                if self._rows + rows > self.options.capacity:
                    self.dropped += rows
                    return
                self._rows += rows
            self._waiting.append(
                Call(
                    slot, begun, taken, serial - rows, rows, request_id, key,
                    None if X is None else kept(X),
                    None if error is not None else kept(said),
                    None if error is None else f"{type(error).__name__}: {error}"[:500],
                )
            )  # fmt: skip
            if self._thread is None:
                self._start()
        except Exception as trouble:  # a log never breaks the call that it describes
            self.lost += 1
            self.trouble = trouble

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(
                    target=_work, args=(weakref.ref(self), self._wake), name="mlops_lite-predictions", daemon=True
                )
                self._thread.start()
                _open.add(self)

    def flush(self) -> int:
        """Store what waits.

        Returns
        -------
        int
            Rows that were stored.
        """
        from mlops_lite.deployment.segment import counts, encode

        with self._turn:
            with self._lock:
                calls, self._waiting = self._waiting, []
                dropped = self.dropped
            if not calls and dropped == self._told:
                return 0
            rows = sum(call.rows for call in calls)
            try:
                data = encode(calls, self._writer, self.options.redaction)
                digest = self.store.objects.put(data) if calls else None
                body = {
                    "writer": self._writer,
                    "rows": rows,
                    "segment": digest,
                    "nbytes": len(data),
                    "counts": counts(calls),
                    "dropped": dropped - self._told,
                    "since_ns": min((call.time_ns for call in calls), default=0),
                    "until_ns": max((call.time_ns for call in calls), default=0),
                }
                self.log.append(body, action="flush", objects=[digest] if digest else [])
            except Exception as error:
                return self._kept_back(calls, error)
            with self._lock:
                self._rows -= rows
            self._told, self.trouble = dropped, None
            self.kept += rows
            return rows

    def _kept_back(self, calls: list[Call], error: Exception) -> int:
        """Keep what could not be written where the store may come back; let go of what can never be written."""
        if self.trouble is None:
            _logger.warning("Predictions of %s cannot be stored: %s", self.name, error)
        self.trouble = error
        if isinstance(error, MlopsLiteError):
            with self._lock:
                self._waiting[:0] = calls
        else:
            rows = sum(call.rows for call in calls)
            with self._lock:
                self._rows -= rows
            self.lost += rows
        return 0

    def close(self) -> None:
        """Store what waits, and end the thread."""
        self._closed = True
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(10)
        self.flush()


def _work(log: weakref.ref[PredictionLog], wake: threading.Event) -> None:
    """Flush now and then, until the log is closed or forgotten."""
    while True:
        found = log()
        if found is None or found._closed:
            return
        wait = found.options.flush_s
        del found
        wake.wait(wait)
        found = log()
        if found is None or found._closed:
            return
        found.flush()
        del found


def _rows(said: Any) -> int:
    try:
        shape = said.shape
    except AttributeError:
        return len(said) if type(said) in (list, tuple) else 1
    return shape[0] if shape else 1


_open: weakref.WeakSet[PredictionLog] = weakref.WeakSet()


def _at_exit() -> None:
    for log in list(_open):
        log.close()


def _after_fork() -> None:
    for log in list(_open):
        log.renew()
    _open.clear()


atexit.register(_at_exit)
os.register_at_fork(after_in_child=_after_fork)
