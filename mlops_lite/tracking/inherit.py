"""Runs across processes: a worker that was started inside a run finds it through its environment.

A forked child has the run in its memory. A spawned one, a worker of joblib, or any program that was started inside a
run has only its environment: there the open run stands in ``MLOPS_LITE_RUN``, by id, store and marker. Workers outlive
runs, so the lock on the marker is looked at before anything is written; when it was let go, the run that the same
parent has open now is sought. ``MLOPS_LITE_PARENT`` is for people and schedulers: it names the parent of runs that
begin, on any host.
"""

from __future__ import annotations

import json
import os
from typing import Any

import attrs

from mlops_lite import workspace
from mlops_lite.base.ref import Ref
from mlops_lite.store import Store, run_lock
from mlops_lite.store.address import told
from mlops_lite.tracking.recorder import Recorder
from mlops_lite.tracking.run import Run
from mlops_lite.tracking.warning import Trouble, guarded
from mlops_lite.workspace.default import RUN as VARIABLE

__all__ = ["AttachedRun", "attached", "parent", "publish", "reopen"]

PARENT = "MLOPS_LITE_PARENT"


class AttachedRun(Recorder):
    """A run that another process has open, told of what this one does for it."""

    def __init__(self, store: Store, id: str, address: Address) -> None:
        trouble = Trouble(store.url)
        super().__init__(store, id, store.runs.journal(id, trouble), {"id": id, "params": {}}, trouble)
        self._address = address

    @property
    def is_open(self) -> bool:
        """Whether the other process still has it open, as far as its marker says."""
        return self._address.is_open


@attrs.frozen
class Address:
    """How a worker finds the run that it works for."""

    run: str
    store: dict[str, Any]
    process: int
    marker: str

    def to_json(self) -> str:
        """Write it."""
        return json.dumps(attrs.asdict(self))

    @property
    def is_open(self) -> bool:
        """Whether the other process still has it open, as far as the lock on its marker says."""
        try:
            return not self.marker or run_lock.is_held(self.marker)
        except FileNotFoundError:
            return False

    def open_store(self) -> Store:
        """Open the store; the default one of this process, where that is it."""
        default = workspace.store()
        return default if default.url == self.store["url"] else Store(**self.store)


_published: list[tuple[Run, str]] = []
_found: str | None = None  # what stood in the environment before this process told of a run of its own


def publish(run: Run, marker: str) -> None:
    """Let programs that are started from here know of an open run, unless several that know nothing of each other are.

    Parameters
    ----------
    run : Run
    marker : str
        The path of its marker on this machine.
    """
    global _found
    if not _published:
        _found = os.environ.get(VARIABLE)
    _published.append((run, Address(run.id, told(run.store), os.getpid(), marker).to_json()))
    _tell()


def withdraw(run: Run) -> None:
    """Let them know of the one before again."""
    _published[:] = [entry for entry in _published if entry[0] is not run]
    _tell()


def _tell() -> None:
    if _published and _is_chain([run for run, _ in _published]):
        os.environ[VARIABLE] = _published[-1][1]
    elif not _published and _found:
        os.environ[VARIABLE] = _found  # a worker works for the same run, and in the same store, after its first one
    else:
        os.environ.pop(VARIABLE, None)


def _is_chain(runs: list[Run]) -> bool:
    """Tell whether each run took place inside the one before."""
    above = [run._state.get("parent") for run in runs[1:]]
    return above == [str(run.ref) for run in runs[:-1]]


_attached: AttachedRun | None = None


def attached() -> AttachedRun | None:
    """Give the run that this process works for; None where it works for none, or for one that has ended."""
    global _attached
    if _attached is not None and _attached.is_open:
        return _attached
    address = _address()
    if address is None:
        return None
    store = address.open_store()
    if not address.is_open:
        newer = _successor(store, address)
        if newer is None:
            return None
        address = newer
    _attached = AttachedRun(store, address.run, address)
    return _attached


def _address() -> Address | None:
    text = os.environ.get(VARIABLE)
    if not text:
        return None
    try:
        address = Address(**json.loads(text))
    except (ValueError, TypeError):
        return None
    return address if address.process != os.getpid() else None


def _successor(store: Store, address: Address) -> Address | None:
    """Find the run that the process which started this worker has open now, if it is one."""
    if store.runs.desk_store is not store:
        store = store.runs.desk_store
    found = []
    for run in store.runs.reader.open_ids():
        try:
            state = store.runs.reader.unfinished(run)
        except FileNotFoundError:
            continue
        if state["status"] == "running" and state.get("process", {}).get("pid") == address.process:
            found.append(run)
    if len(found) != 1:
        return None
    folder, _, _ = address.marker.rpartition("/")
    return attrs.evolve(address, run=found[0], marker=f"{folder}/{found[0]}.json")


def parent() -> Ref | None:
    """Name the run that a run which begins now is a part of, beyond this process."""
    named = os.environ.get(PARENT)
    if named:
        with guarded(f"take its parent from {PARENT}={named!r}"):
            return Ref.parse(named, kind="run")
    above = attached()
    return above.ref if above is not None else None


def reopen(store: Store, id: str, address: Address) -> Run:
    """Open a pickled run: to be told something, in another process while it lasts; else to be read."""
    if address.process == os.getpid() or not address.is_open:
        return Run(store, id)
    return AttachedRun(store, id, address)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_published.clear)
