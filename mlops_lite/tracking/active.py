"""The run that is open: what is told to it goes into its journal at once."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping
from contextvars import Token
from types import TracebackType
from typing import Any

from mlops_lite import workspace
from mlops_lite.base import clock, identity
from mlops_lite.base.identifier import new_id
from mlops_lite.store import Store
from mlops_lite.store.address import told
from mlops_lite.store.run_state import note_series
from mlops_lite.store.runs import Handle
from mlops_lite.tracking import cache, capture, inherit
from mlops_lite.tracking.masking import mask_text
from mlops_lite.tracking.recorder import Recorder
from mlops_lite.tracking.result import note_result
from mlops_lite.tracking.run import Run
from mlops_lite.tracking.warning import Trouble, guarded

__all__ = ["ActiveRun"]


class ActiveRun(Recorder):
    """A run that takes place now: a context manager, or what :func:`track_run` opens.

    See :class:`Run` for what can be read of it, and :class:`Recorder` for what it can be told.
    """

    def __init__(
        self, store: Store, state: dict[str, Any], handle: Handle, call: capture.Call, trouble: Trouble
    ) -> None:
        super().__init__(store, state["id"], handle.journal, state, trouble)
        self._handle = handle
        self._call = call
        self._token: Token[Any] | None = None
        self._process = os.getpid()
        self._marker = store.runs.marker(handle)
        self._ended = False

    @property
    def _state(self) -> Mapping[str, Any]:
        if self._ended:
            return super()._state
        state = dict(self._live)
        note_series(state, self._journal.series)
        return state

    def _amend(self, edit: dict[str, Any]) -> Run:
        if self._ended:
            return super()._amend(edit)
        if edit["op"] == "tags":
            self._happen({"op": "tags", "values": edit["values"]})
        elif edit["op"] == "note":
            self._happen(
                {"op": "note", "note": {"text": edit["text"], "author": identity.author(), "time": clock.now()}}
            )
        else:
            edit |= {"id": new_id(), "author": identity.author(), "time": clock.now()}
            with self._lock:
                self._live.setdefault("edits", []).append(edit)
        return self

    # --- living ------------------------------------------------------------------------------------------------

    def enter(self) -> ActiveRun:
        """Become the open run of this context."""
        self._token = workspace.enter_run(self)
        inherit.publish(self, self._marker)
        return self

    def leave(self) -> None:
        """Give way to the run that was open before."""
        if self._token is not None:
            workspace.leave_run(self._token, self)
            inherit.withdraw(self)
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
        if "cache" in self._live.get("facts", {}):
            with guarded("note the inputs of its cache"):
                cache.note_inputs(self)
        self._live["ended"] = max(clock.now(), self._live["started"])
        self._live["status"] = _status(error)
        if error is not None and self._live["status"] != "finished":
            self._live["error"] = _failure(error)
        with guarded("be closed"):
            capture.after(self._call)
            self.store.runs.keep(self._handle, self._call.objects)
            note_series(self._live, self._journal.series)
            self.store.runs.finish(self._handle, self._live, self._trouble)
        self._call.forget()
        self._read = self._live
        self._ended = True

    def returned(self, value: Any, *, whole: bool = False) -> None:
        """Note what the function returned.

        Parameters
        ----------
        value : object
        whole : bool
            Keep it however large it is.
        """
        with guarded("note what was returned"):
            note_result(self._call, value, whole=whole)

    def __reduce__(self) -> tuple[Any, ...]:
        if self._ended:
            return super().__reduce__()
        address = inherit.Address(self.id, told(self.store), self._process, self._marker)
        return inherit.reopen, (self.store, self.id, address)

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
