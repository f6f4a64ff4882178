"""The run that is open: what is told to it goes into its journal at once."""

from __future__ import annotations

import os
import threading
import traceback
from collections.abc import Callable, Mapping
from contextvars import Token
from types import TracebackType
from typing import Any

from mlops_lite import workspace
from mlops_lite.base import clock
from mlops_lite.base.identifier import new_id
from mlops_lite.base.ref import Ref
from mlops_lite.errors import InvalidTypeError, MlopsLiteError
from mlops_lite.store import Store
from mlops_lite.store.run_state import apply, note_series
from mlops_lite.store.runs import Handle
from mlops_lite.tracking import artifact, capture
from mlops_lite.tracking.describe import describe
from mlops_lite.tracking.links import link
from mlops_lite.tracking.masking import mask, mask_text
from mlops_lite.tracking.number import Array, as_metric, as_step, as_steps
from mlops_lite.tracking.run import Run
from mlops_lite.tracking.warning import Trouble, guarded, warn

__all__ = ["ActiveRun"]


class ActiveRun(Run):
    """A run that takes place now; see :class:`Run` for what can be read of it.

    Use it as a context manager, or through :func:`track_run`. Nothing here raises because of what is logged: a metric
    of a wrong type, a missing file or a full disk cost a warning.
    """

    def __init__(
        self, store: Store, state: dict[str, Any], handle: Handle, call: capture.Call, trouble: Trouble
    ) -> None:
        super().__init__(store, state["id"])
        self._live = state
        self._handle = handle
        self._journal = handle.journal
        self._call = call
        self._trouble = trouble
        self._token: Token[Any] | None = None
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._complaints: set[str] = set()
        self._ended = False

    @property
    def _state(self) -> Mapping[str, Any]:
        if self._ended:
            return super()._state
        state = dict(self._live)
        note_series(state, self._journal.series)
        return state

    # --- logging -----------------------------------------------------------------------------------------------

    def log(self, values: Mapping[str, Any] | None = None, /, *, step: Any = None, **metrics: Any) -> None:
        """Log metrics: numbers, or whole arrays of them.

        Parameters
        ----------
        values : mapping, optional
            Metrics whose names are no Python names.
        step : int or array of int, optional
            Without it each name counts by itself.
        **metrics
            Metrics by name.
        """
        if values is None and len(metrics) == 1 and (step is None or type(step) is int):
            ((name, value),) = metrics.items()
            kind = type(value)
            if kind is float or (kind is int and -0x8000000000000000 <= value <= 0x7FFFFFFFFFFFFFFF):
                try:
                    self._journal.point(name, value, step)
                except Exception as error:
                    self._complain(name, f"could not log {name!r}: {error}")
                return
        self._log_all(values, step, metrics)

    def _log_all(self, values: Any, step: Any, metrics: dict[str, Any]) -> None:
        if values is not None:
            if not isinstance(values, Mapping):
                self._complain("values", "takes metrics by name: ml.log(loss=0.3) or ml.log({'loss': 0.3})")
                return
            metrics = {**values, **metrics}
        numbers: list[tuple[str, float | int]] = []
        for name, value in metrics.items():
            try:
                number = as_metric(_text(name), value)
                if isinstance(number, Array):
                    self._log_array(name, number, step)
                else:
                    numbers.append((name, number))
            except Exception as error:
                self._complain(str(name), f"could not log {name!r}: {error}")
        if numbers:
            try:
                self._journal.points(numbers, None if step is None else as_step(step))
            except Exception as error:
                self._complain("step", f"could not log {', '.join(name for name, _ in numbers)}: {error}")

    def _log_array(self, name: str, found: Array, step: Any) -> None:
        steps, last = (None, 0) if step is None else as_steps(step, found.count)
        tally = (*found.tally, found.count, last)
        self._journal.array(name, found.values, steps, whole=found.whole, tally=tally)

    def log_params(self, values: Mapping[str, Any] | None = None, /, **params: Any) -> None:
        """Log parameters, besides the arguments of the function.

        Parameters
        ----------
        values : mapping, optional
        **params
            Anything; what is large is kept by digest, what is secret by ``***``.
        """
        with guarded("log its parameters"):
            found = {_text(name): mask(describe(value), name) for name, value in {**(values or {}), **params}.items()}
            self._happen({"op": "params", "values": found})

    def log_artifact(self, name: str, value: Any) -> None:
        """Keep something under a name.

        Parameters
        ----------
        name : str
            A name used again keeps every version.
        value : path, bytes, figure, frame or any object
        """
        try:
            with self.store.objects.batch() as batch:
                found = artifact.add(batch, _text(name), value)
                # noted before it is durable, so that no garbage collection takes it from under the run
                self._happen({"op": "objects", "digests": sorted(batch.digests)})
            self._happen({"op": "artifact", "artifact": found})
        except MlopsLiteError as error:
            warn(str(error))
        except Exception as error:
            warn(f"The artifact {name!r} could not be kept: {type(error).__name__}: {error}")

    def uses(self, ref: Ref) -> None:
        """Note an input."""
        self._link("input", ref)

    def made(self, ref: Ref) -> None:
        """Note an output."""
        self._link("output", ref)

    def _link(self, what: str, ref: Ref) -> None:
        with guarded(f"note {ref} as an {what}"):
            if ref.kind == "run" and ref.name == self.id:
                return
            self._happen({"op": what, **link(self.store, ref)})

    def _happen(self, event: dict[str, Any]) -> None:
        with self._lock:
            apply(self._live, event)
        if not self._ended:
            self._journal.event(event)

    def _amend(self, edit: dict[str, Any]) -> Run:
        if self._ended:
            return super()._amend(edit)
        if edit["op"] == "tags":
            self._happen({"op": "tags", "values": edit["values"]})
        else:
            edit |= {"id": new_id(), "time": clock.now()}
            with self._lock:
                self._live.setdefault("edits", []).append(edit)
        return self

    def _complain(self, key: str, text: str) -> None:
        """Warn once for each thing."""
        if key not in self._complaints:
            self._complaints.add(key)
            warn(f"ml.log {text}")

    # --- living ------------------------------------------------------------------------------------------------

    def enter(self) -> ActiveRun:
        """Become the open run of this context."""
        self._token = workspace.enter_run(self)
        return self

    def leave(self) -> None:
        """Give way to the run that was open before."""
        if self._token is not None:
            workspace.leave_run(self._token, self)
            self._token = None

    def end(self, error: BaseException | None = None) -> None:
        """Close it.

        Parameters
        ----------
        error : BaseException, optional
            What it ended with.
        """
        if self._ended or os.getpid() != self._process:  # a forked child came out of the function too
            return
        self._live["ended"] = max(clock.now(), self._live["started"])
        self._live["status"] = _status(error)
        if error is not None and self._live["status"] != "finished":
            self._live["error"] = _failure(error)
        with guarded("be closed"):
            capture.after(self._call)
            self.store.runs.keep(self._handle, self._call.objects)
            note_series(self._live, self._journal.series)
            self.store.runs.finish(self._handle, self._live, self._trouble)
        self._read = self._live
        self._ended = True

    def __enter__(self) -> ActiveRun:
        return self.enter()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()
        self.end(value)


def _status(error: BaseException | None) -> str:
    if error is None or isinstance(error, GeneratorExit):
        return "finished"
    if isinstance(error, SystemExit):
        return "finished" if not error.code else "failed"
    if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "CancelledError":
        return "interrupted"
    return "failed"


def _failure(error: BaseException) -> dict[str, str]:
    return {
        "type": type(error).__name__,
        "message": mask_text(_said(lambda: str(error))),
        "traceback": mask_text(_said(lambda: "".join(traceback.format_exception(error, limit=-50)))),
    }


def _said(ask: Callable[[], str]) -> str:
    try:
        return ask()[:20_000]
    except Exception as error:  # an exception whose own text raises
        return f"<its text raised {type(error).__name__}>"


def _text(name: Any) -> str:
    if not isinstance(name, str):
        raise InvalidTypeError(f"A name is text; {name!r} is a {type(name).__name__}.")
    return name
