"""Opening runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from mlops_lite import workspace
from mlops_lite.base import clock
from mlops_lite.base.identifier import new_id
from mlops_lite.base.ref import Ref
from mlops_lite.errors import InvalidTypeError
from mlops_lite.store import Store
from mlops_lite.tracking import capture, inherit
from mlops_lite.tracking.active import ActiveRun
from mlops_lite.tracking.describe import describe
from mlops_lite.tracking.masking import mask
from mlops_lite.tracking.run import Run
from mlops_lite.tracking.warning import Trouble, warn

__all__ = ["begin", "check_options", "newest", "start_run"]

_FORMAT = 1
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_newest: Run | None = None


def newest() -> Run | None:
    """Give the run that began last in this process."""
    return _newest


def start_run(
    name: str | None = None,
    *,
    experiment: str | None = None,
    parent: Run | str | None = None,
    continues: Run | str | None = None,
    seed: int | None = None,
    tags: Mapping[str, Any] | None = None,
    store: Store | str | None = None,
) -> ActiveRun:
    """Open a run around a block, where a decorator does not fit.

    Parameters
    ----------
    name : str, optional
        What the block is called.
    experiment : str, optional
        What it belongs to.
    parent : Run or str, optional
        The run that it is a part of. Without it: the run that is open here, else what ``MLOPS_LITE_PARENT`` names.
    continues : Run or str, optional
        A run that it goes on from, after an interruption: counters and history go on.
    seed : int, optional
        Given to ``random``, numpy and torch.
    tags : mapping, optional
    store : Store, optional

    Returns
    -------
    ActiveRun
        A context manager.

    Raises
    ------
    InvalidTypeError
        An option is of a type that it cannot be.

    Examples
    --------
    >>> import mlops_lite as ml
    >>> with ml.Store("memory://start-run-example"), ml.start_run("fit") as run:
    ...     run.log(loss=0.5)
    >>> run.status
    'finished'
    """
    check_options(name=name, experiment=experiment, seed=seed, tags=tags)
    how: dict[str, Any] = {"experiment": experiment, "seed": seed, "tags": tags}
    try:
        return begin(workspace.store(store), name or "block", parent=parent, continues=continues, **how)
    except OSError as error:  # neither the store nor this machine has a place for it; the block has to run all the same
        warn(f"Nothing of this run will be kept: {error}")
        return begin(Store(f"memory://lost-{new_id()}"), name or "block", **how)


def check_options(*, name: object, experiment: object, seed: object, tags: object) -> None:
    """Refuse, where it is written down, an option that no run could note.

    Raises
    ------
    InvalidTypeError
        Says what it should be.
    """
    for option, text in (("name", name), ("experiment", experiment)):
        if text is not None and not isinstance(text, str):
            raise _wrong(option, text, "text", f"Write {option}={str(text)!r}.")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise _wrong("seed", seed, "a whole number", "Write seed=0.")
    if tags is not None and not (isinstance(tags, Mapping) and all(isinstance(key, str) for key in tags)):
        raise _wrong("tags", tags, "a dict whose keys are text", "Write tags={'stage': 'draft'}.")


def _wrong(option: str, value: object, wanted: str, remedy: str) -> InvalidTypeError:
    return InvalidTypeError(f"{option}= is {wanted}, and this is a {type(value).__name__}.", remedy=remedy)


def begin(
    store: Store,
    name: str,
    *,
    experiment: str | None = None,
    parent: Run | str | None = None,
    continues: Run | str | None = None,
    seed: int | None = None,
    tags: Mapping[str, Any] | None = None,
    function: Callable[..., Any] | None = None,
    arguments: Mapping[str, Any] | None = None,
    owner: Any = None,
    code: Mapping[str, Any] | None = None,
) -> ActiveRun:
    """Open a run of a function or a block; see :func:`start_run`."""
    state: dict[str, Any] = {"format": _FORMAT, "id": new_id(), "name": name, "started": clock.now(), "params": {}}
    state["status"] = "running"
    if experiment is not None:
        state["experiment"] = experiment
    if tags:
        state["tags"] = {key: mask(describe(value), key) for key, value in tags.items()}
    above = _parent(parent)
    if above is not None:
        state["parent"] = str(above)
    counters: dict[str, int] = {}
    if continues is not None:
        earlier = _run(continues, store)
        state["continues"] = str(earlier.ref)
        counters = {key: found["step"] + 1 for key, found in earlier._state.get("metrics", {}).items()}
    call = capture.Call(store, state, function, arguments, seed, _file(function), owner, code)
    capture.before(call)
    trouble = Trouble(store.url)
    handle = store.runs.begin(state["id"], _marker(state), trouble, counters)
    store.runs.keep(handle, call.objects)
    global _newest
    _newest = run = ActiveRun(store, state, handle, call, trouble)
    return run


def _marker(state: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in state.items() if key not in ("status", "cpu_began")}


def _file(function: Callable[..., Any] | None) -> str:
    """Name the file of a function, or of the block that called."""
    if function is not None:
        return str(getattr(getattr(function, "__code__", None), "co_filename", ""))
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return frame.f_code.co_filename


def _parent(given: Run | str | None) -> Ref | None:
    if given is not None:
        return given.ref if isinstance(given, Run) else Ref.parse(given, kind="run")
    above = workspace.current_run()
    if above is not None:
        return above.ref
    return inherit.parent()


def _run(given: Run | str, store: Store) -> Run:
    if isinstance(given, Run):
        return given
    return Run(store, store.runs.find(Ref.parse(given, kind="run").name))
