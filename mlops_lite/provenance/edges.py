"""What was made from what, as the records and runs of a store say; read once, then only what is new."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite.base import progress
from mlops_lite.base.record import Parent, Record
from mlops_lite.base.ref import KINDS, Ref
from mlops_lite.errors import MlopsLiteError
from mlops_lite.store.resolve import parent_of

if TYPE_CHECKING:
    from mlops_lite.store import Store

__all__ = ["Edges", "Node", "edges_of"]

_LOGS = tuple(kind for kind in KINDS if kind != "run")


@attrs.frozen
class Node:
    """One thing that was made: a snapshot, a run, a model version, an entry of a deployment, a report.

    Parameters
    ----------
    ref : Ref
    action : str
        What was done: ``snapshot``, ``register``, ``deploy`` …; the name of the function for runs.
    author : str
    time : datetime, optional
    message : str, optional
    standing : str
        ``here``; ``elsewhere`` where it stands in another store; ``missing``; ``different`` where this store holds
        another record under that ref than the one that was used.
    """

    ref: Ref
    action: str = ""
    author: str = ""
    time: datetime | None = None
    message: str | None = None
    standing: str = "here"

    @property
    def kind(self) -> str:
        """What kind of thing it is."""
        return self.ref.kind


class Edges:
    """What was made from what in one store.

    Records never change, so each is read once in a process; runs are read again as long as they are open.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: dict[tuple[str, str], int] = defaultdict(int)  # log -> how many of its records were read
        self._records: dict[Ref, Node] = {}
        self._parents: dict[Ref, tuple[Parent, ...]] = {}
        self._runs: dict[Ref, tuple[Node, tuple[Parent, ...], tuple[Ref, ...]]] = {}
        self._ended: set[Ref] = set()

    def renew(self) -> None:
        """Read what is new."""
        for kind in _LOGS:
            for name in self._store.names(kind):
                self._renew_log(kind, name)
        self._renew_runs()

    def _renew_log(self, kind: str, name: str) -> None:
        log = self._store.log(kind, name)
        for record in log.history(self._read[kind, name] + 1):
            self._read[kind, name] = record.number
            if record.action == "judge" and not record.body.get("refused"):
                continue  # the record that switched says all of it
            self._records[record.ref] = _node_of(record)
            self._parents[record.ref] = (*record.parents, *_held_against(record))

    def _renew_runs(self) -> None:
        from mlops_lite.tracking import runs

        for run in progress.bar(runs(store=self._store), description="runs", unit=" runs"):
            if run.ref not in self._ended:
                self._runs[run.ref] = self._run(run)
                if run.ended_at is not None:
                    self._ended.add(run.ref)

    def _run(self, run: Any) -> tuple[Node, tuple[Parent, ...], tuple[Ref, ...]]:
        state = run._state
        inputs = [Parent(one["ref"], one.get("record", ""), one.get("store", "")) for one in state.get("inputs", ())]
        if state.get("parent"):
            inputs.append(Parent(state["parent"]))
        node = Node(run.ref, run.name, run.author, run.started_at, None)
        return node, tuple(inputs), run.outputs

    def sources(self, ref: Ref) -> tuple[Parent, ...]:
        """Give what a thing was made from."""
        if ref.kind == "run":
            return self._runs[ref][1] if ref in self._runs else ()
        made_by = tuple(Parent(run) for run, (_, _, outputs) in self._runs.items() if ref in outputs)
        given = self._parents.get(ref, ())
        runs = {Ref(parent.ref) for parent in given if Ref(parent.ref).kind == "run"}
        return (*given, *(parent for parent in made_by if Ref(parent.ref) not in runs))

    def results(self) -> Mapping[Ref, list[Ref]]:
        """Give, for each thing, what was made from it."""
        found: dict[Ref, list[Ref]] = defaultdict(list)
        for child, parent in self._pairs():
            found[parent].append(child)
        return found

    def _pairs(self) -> Iterator[tuple[Ref, Ref]]:
        for child in (*self._parents, *self._runs):
            for parent in self.sources(child):
                yield child, Ref(parent.ref)

    def node(self, ref: Ref, used: Parent | None = None) -> Node:
        """Describe a thing, and say whether it is still what was used."""
        found = self._runs[ref][0] if ref in self._runs else self._records.get(ref)
        if found is None:
            elsewhere = used is not None and used.store and used.store != self._store.id
            return Node(ref, standing="elsewhere" if elsewhere else "missing")
        if used is not None and used.record and ref.kind != "run" and self._digest(ref) != used.record:
            other = used.store and used.store != self._store.id
            return Node(ref, standing="elsewhere" if other else "different")
        return found

    def _digest(self, ref: Ref) -> str:
        try:
            return parent_of(self._store, ref).record
        except MlopsLiteError:
            return ""

    def refs(self) -> Iterable[Ref]:
        """Walk over everything that was made."""
        return (*self._records, *self._runs)


def _node_of(record: Record) -> Node:
    assert isinstance(record.ref, Ref)
    return Node(record.ref, record.action, record.author, record.time, record.message)


def _held_against(record: Record) -> tuple[Parent, ...]:
    """Give the definition, and so the reference, that a check of a monitor was held against."""
    if record.kind != "monitor" or record.action != "check":
        return ()
    number = record.body["state"].get("defined")
    return (Parent(Ref.of("monitor", record.name, number)),) if number else ()


def edges_of(store: Store) -> Edges:
    """Give what was made from what in a store, up to now."""
    found = _edges_of(store, store.id if store.exists else "")
    found.renew()
    return found


@functools.lru_cache(maxsize=4)
def _edges_of(store: Store, id: str) -> Edges:
    """Remember the last few stores; one that was made anew at the same place has another id."""
    return Edges(store)
