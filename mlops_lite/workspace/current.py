"""Which run is open, and what it is told of: here the features meet it without knowing the tracker."""

from __future__ import annotations

import contextlib
import threading
from contextvars import ContextVar, Token
from typing import Protocol

from mlops_lite.base.ref import Ref

__all__ = ["OpenRun", "active_runs", "current_run", "enter_run", "leave_run", "made", "opened", "uses"]


class OpenRun(Protocol):
    """What the open run wants to be told."""

    @property
    def ref(self) -> Ref:
        """Its ref."""
        ...

    def uses(self, ref: Ref) -> None:
        """Note an input."""
        ...

    def made(self, ref: Ref) -> None:
        """Note an output."""
        ...


_run: ContextVar[OpenRun | None] = ContextVar("run", default=None)
opened = _run.get  # the run that was opened in this very context, as quickly as ml.log wants to know
_active: list[tuple[OpenRun, int]] = []  # all runs open in this process, and the threads that opened them


def current_run() -> OpenRun | None:
    """Give the run that is open here; None outside.

    A thread without a context of its own falls to the only run that another thread has open. The thread that opened it
    does not: there the context is right, and a generator's run is not that of its caller.
    """
    found = _run.get()
    if found is not None or len(_active) != 1:
        return found
    only, thread = _active[0]
    return only if thread != threading.get_ident() else None


def active_runs() -> list[OpenRun]:
    """Give all runs that are open in this process."""
    return [run for run, _ in _active]


def enter_run(run: OpenRun) -> Token[OpenRun | None]:
    """Make a run the open one of this context."""
    _active.append((run, threading.get_ident()))
    return _run.set(run)


def leave_run(token: Token[OpenRun | None], run: OpenRun) -> None:
    """Go back to the run that was open before."""
    _active[:] = [entry for entry in _active if entry[0] is not run]
    with contextlib.suppress(ValueError):  # a generator closed in another context than its own
        _run.reset(token)


def uses(value: object) -> None:
    """Tell the open run of an input: a ref, or a value with one."""
    run = current_run()
    if run is not None:
        run.uses(Ref.parse(value))


def made(value: object) -> None:
    """Tell the open run of an output: a ref, or a value with one."""
    run = current_run()
    if run is not None:
        run.made(Ref.parse(value))
