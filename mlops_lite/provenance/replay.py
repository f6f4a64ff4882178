"""Making a recorded call again, in this process or, as a program, in another one."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import sys
import threading
from collections.abc import Callable, Mapping
from contextvars import copy_context
from typing import Any

from mlops_lite.provenance.recorded import Recorded, rebuild
from mlops_lite.store import Store
from mlops_lite.tracking.begin import begin
from mlops_lite.tracking.run import Run

__all__ = ["main", "replay"]


def replay(original: Run, code: str, given: Mapping[str, Any]) -> Run:
    """Make the call of a run again; the new run is a child of the old one.

    Parameters
    ----------
    original : Run
    code : {"recorded", "current"}
    given : mapping
        What the run could not keep.

    Returns
    -------
    Run
        Ended; an exception of the function is recorded in it and goes no further.
    """
    with rebuild(original, code, given) as call:
        run = begin(
            original.store,
            original.name,
            experiment=original.experiment,
            parent=original,
            seed=original.seed,
            tags={"reproduces": str(original.ref)},
            function=call.function,
            arguments=call.arguments,
            owner=call.owner,
            code=original.facts["code"] if code == "recorded" else None,
        )
        if code == "recorded":  # its code must live as long as this run, which points at it
            run._happen({"op": "objects", "digests": list(original._state.get("objects", ()))})
        with contextlib.suppress(Exception), run:
            run.returned(_outcome(call))
    return Run(run.store, run.id)


def _outcome(call: Recorded) -> Any:
    """Call a function of any kind to its end."""
    found = call()
    if inspect.isgenerator(found):
        return _drained(found)
    if inspect.iscoroutine(found):
        return _awaited(lambda: found)
    if inspect.isasyncgen(found):
        return _awaited(lambda: _exhausted(found))
    return found


def _drained(generator: Any) -> Any:
    while True:
        try:
            next(generator)
        except StopIteration as stop:
            return stop.value


async def _exhausted(generator: Any) -> None:
    async for _ in generator:
        pass


def _awaited(make: Callable[[], Any]) -> Any:
    """Run a coroutine to its end, beside the event loop of this thread if one is running, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(make())
    found: list[Any] = []

    def work() -> None:
        try:
            found.extend((asyncio.run(make()), None))
        except BaseException as error:
            found.extend((None, error))

    thread = threading.Thread(target=copy_context().run, args=(work,))
    thread.start()
    thread.join()
    if found[1] is not None:
        raise found[1]
    return found[0]


def main() -> None:
    """Replay as told by the standard input, and print the id of the new run as the last line."""
    import cloudpickle

    told = json.loads(sys.stdin.read())
    store = Store(**told["store"])
    sys.path[:0] = told["path"]
    with store:
        given = cloudpickle.loads(bytes.fromhex(told["given"])) if told["given"] else {}
        run = replay(Run(store, told["run"]), told["code"], given).sync()
    print(f"\n{run.id}")  # noqa: T201


if __name__ == "__main__":
    main()
