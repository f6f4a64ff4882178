"""The runs of a store: a journal while they live, a summary when they end."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlops_lite.base import canonical
from mlops_lite.base.record import Parent
from mlops_lite.base.ref import Ref
from mlops_lite.errors import MlopsLiteError
from mlops_lite.store import run_cells as cells
from mlops_lite.store import run_keeper, run_layout
from mlops_lite.store.guard import explained
from mlops_lite.store.run_courier import ANOTHERS, Courier
from mlops_lite.store.run_desk import Desk, Handle
from mlops_lite.store.run_journal import BufferSink, Journal, Sink
from mlops_lite.store.run_reader import Reader
from mlops_lite.store.run_state import State

if TYPE_CHECKING:
    from mlops_lite.store.object_batch import ObjectBatch
    from mlops_lite.store.run_index import Index
    from mlops_lite.store.run_points import Points
    from mlops_lite.store.store import Store

__all__ = ["Handle", "Runs"]

_LAST_RESORT_BYTES = 16 << 20
_COMPACT_AT = 1_000  # so many loose summaries are worth a segment
_LEFT_BEHIND_S = 60.0
_RETRY_S = 5.0  # a store that does not answer is asked again after this time
_SHIP_S = 1.0  # points reach a bucket within this time

Trouble = Callable[[BaseException, str], object]


class Runs:
    """The runs of a store.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._backend = store.backend
        self.reader = Reader(store)
        self.desk = Desk(store)
        self._is_far = not store.is_local and not store.url.startswith("memory:")
        self._lock = threading.Lock()
        self._carried = 0.0
        self._on_trouble: Trouble | None = None
        self._is_away = False
        self._compact = False
        self._count = 0

    @functools.cached_property
    def courier(self) -> Courier:
        """Who carries what was written on this machine first."""
        return Courier(self._store)

    @property
    def index(self) -> Index:
        """All runs as columns."""
        return self.reader.index

    # --- writing -----------------------------------------------------------------------------------------------

    def begin(self, run: str, marker: State, on_trouble: Trouble, counters: Mapping[str, int]) -> Handle:
        """Open a run.

        Where the store does not answer, it is written on this machine and carried over later.

        Parameters
        ----------
        run : str
            A new id.
        marker : dict
            What is known at the start.
        on_trouble : callable
            Told of an error, and of what is done about it.
        counters : mapping of str to int
            First steps of a run that goes on from another.

        Returns
        -------
        Handle
        """
        journal = self.journal(run, on_trouble, counters)
        self._on_trouble = on_trouble
        if self._is_far:
            handle = self.courier.near.runs.desk.begin(run, marker, journal)
        else:
            try:
                handle = self.desk.begin(run, marker, journal)
            except (MlopsLiteError, OSError) as error:
                on_trouble(error, f"kept at {self.courier.near.url} and carried over when it answers")
                handle = self.courier.near.runs.desk.begin(run, marker, journal)
        run_keeper.tend(self)
        return handle

    @property
    def desk_store(self) -> Store:
        """The store on this machine in which runs are written first."""
        return self.courier.near if self._is_far else self._store

    def marker(self, handle: Handle) -> str:
        """Give the path of an open run's marker on this machine; empty where it has none."""
        return handle.desk.store.backend.local_path(run_layout.marker_path(handle.run)) or ""

    def journal(self, run: str, on_trouble: Trouble, counters: Mapping[str, int] | None = None) -> Journal:
        """Prepare the journal in which this process writes of a run, its own or its parent's.

        Nothing is written before the first point or event.
        """

        def near() -> Sink:
            return self.courier.near.runs.desk.sink(run)

        def own() -> Sink:
            return self.desk.sink(run)

        def memory() -> Sink:
            return BufferSink(lambda data: near().write(data), _LAST_RESORT_BYTES)

        # the second file in the same place: behind a torn cell nothing can follow, but the place may be well again
        places = [near, near, memory] if self._is_far else [own, own, near, memory]
        aside = f"kept at {self.spill_name} and carried over when it answers"

        def trouble(error: OSError, place: int) -> None:
            if place == len(places) - 1:
                on_trouble(error, "kept in memory as far as there is room")
            elif place > 1:
                on_trouble(error, aside)

        return Journal(places, trouble, counters)

    @contextlib.contextmanager
    def aside(self, run: str) -> Iterator[ObjectBatch]:
        """Take objects of a run that wait on this machine while its store does not answer."""
        near = self.courier.near
        with near.objects.batch() as batch:
            yield batch
        event = canonical.encode({"op": "objects", "digests": sorted(batch.digests)})
        sink = near.runs.desk.sink(run)  # what is noted here is carried over, with the objects that it names
        sink.write(cells.block(cells.EVENT, 0, time.time(), event))
        sink.close()
        run_keeper.tend(self)

    @property
    def spill_name(self) -> str:
        """Where runs wait that could not be written."""
        return str(self.courier._folder)

    def keep(self, handle: Handle, objects: Mapping[str, bytes]) -> None:
        """Put small objects of a run where the run is; they become durable with what comes next."""
        handle.desk.keep(objects)
        run_keeper.tend(self)

    def finish(self, handle: Handle, summary: State, on_trouble: Trouble) -> None:
        """Close a run: its summary is safe from the end of this process when this returns, and durable in a second.

        Parameters
        ----------
        handle : Handle
        summary : dict
            What is known at the end. What other processes noted in the run is added to it.
        on_trouble : callable
        """
        try:
            handle.journal.flush()
        except OSError as error:
            on_trouble(error, "lost")
        if handle.journal.dropped:
            on_trouble(OSError("no place was left"), f"lost, {handle.journal.dropped:,} bytes of them")
        handle.journal.close()
        handle.desk.store.runs.reader.gather(summary, but_of=os.getpid())
        try:
            handle.desk.finish(handle, summary)
        except (MlopsLiteError, OSError) as error:
            if handle.desk is self.courier.near.runs.desk:
                handle.desk.let_go(handle)
                raise
            on_trouble(error, f"kept at {self.spill_name} and carried over when it answers")
            elsewhere = self.courier.near.runs.desk
            elsewhere.store.prepare()
            elsewhere.finish(Handle(handle.run, elsewhere, None, handle.marker, handle.journal), summary)
            handle.desk.let_go(handle)
        self._count += 1
        run_keeper.tend(self)

    def settle(self) -> None:
        """Make durable what has ended, carry what is on its way, compact what has become much."""
        self.desk.settle()
        if "courier" in self.__dict__ and self.courier._near is not None:
            self.courier.near.runs.desk.settle()
            self._carry_in_time()
        if self._compact or self._count >= _COMPACT_AT:
            self._count = 0
            self.compact()

    def _carry_in_time(self) -> None:
        now = time.monotonic()
        if now < self._carried:
            return
        self._carried = now + _SHIP_S
        try:
            self.carry()
        except (MlopsLiteError, OSError) as error:
            self._carried = now + _RETRY_S
            if self._on_trouble is not None and not self._is_away:
                self._on_trouble(error, f"kept at {self.spill_name} and carried over when it answers")
            self._is_away = True
        else:
            self._is_away = False

    def carry(self) -> int:
        """Carry over now what was written on this machine because the store did not answer.

        Returns
        -------
        int
            How many runs have arrived whole.

        Raises
        ------
        StoreUnavailableError
            It still does not.
        """
        with explained(self._store.url, "take runs from this machine"):
            return self.courier.carry()

    @property
    def busy(self) -> bool:
        """Whether there will be more to do."""
        if self._compact or self.desk.busy:
            return True
        if "courier" not in self.__dict__ or self.courier._near is None:
            return False
        return self.courier.near.runs.desk.busy or self.courier.waiting

    def sync(self, run: str | None = None) -> None:
        """Wait until what was written of runs survives a power cut; on a bucket, until it is there."""
        self.desk.settle()
        if run is not None:
            self.desk.sync(run)
        if self._is_far:
            self.courier.near.runs.desk.settle()
            self.carry()

    def parent(self, run: str) -> Parent:
        """Name a run as the parent of a record, after making durable what the record will point at."""
        with contextlib.suppress(OSError):
            self.sync(run)
        return Parent(Ref.of("run", run), "", self._store.id)

    def flush(self) -> None:
        """Hand on what waits in memory, or on this machine, so that readers of this process see it."""
        self.desk.flush()
        if self._is_far and self.courier._near is not None:
            with contextlib.suppress(MlopsLiteError, OSError):
                self.courier.carry()

    def is_open_here(self, run: str) -> bool:
        """Tell whether this process has a run open."""
        if run in self.desk.open:
            return True
        return "courier" in self.__dict__ and self.courier._near is not None and self._is_near(run)

    def _is_near(self, run: str) -> bool:
        near = self.courier.near.runs
        return near is not self and run in near.desk.open

    def amend(self, run: str, edit: Mapping[str, Any]) -> State:
        """Write another revision of a summary, with an edit more.

        Parameters
        ----------
        run : str
        edit : mapping
            With an ``id`` of its own, ``op``, ``author`` and ``time``.
        """
        self.flush()
        state = self.reader.summary(run)
        if state is None:
            raise self.reader.no_such(run)
        changed = {key: value for key, value in state.items() if key != "rev"}
        changed["edits"] = [*state.get("edits", ()), dict(edit)]
        data = canonical.encode(changed)
        with explained(self._store.url, "change a run"):
            batch = self._backend.batch()
            batch.write(run_layout.done_path(run, state["rev"] + 1, data), data)
            batch.commit()
        return changed

    # --- reading -----------------------------------------------------------------------------------------------

    def ids(self) -> list[str]:
        """List all runs, open and ended, oldest first."""
        self.flush()
        return self.reader.ids()

    def find(self, text: str) -> str:
        """Turn an id or the beginning of one into an id; see :meth:`Reader.find`."""
        self.flush()
        return self.reader.find(text)

    def state(self, run: str) -> State:
        """Read what is known of a run; see :meth:`Reader.state`."""
        return self.reader.state(run)

    def summary(self, run: str) -> State | None:
        """Read the summary of an ended run; None where it has none."""
        return self.reader.summary(run)

    def points(self, run: str) -> dict[str, Points]:
        """Read all points of a run, by name."""
        return self.reader.points(run)

    def roots(self) -> set[str]:
        """List the digests that runs keep alive, the open ones included; removed runs keep nothing.

        Returns
        -------
        set of str
        """
        self.flush()
        return self.index.objects()

    # --- keeping order -----------------------------------------------------------------------------------------

    def compact(self) -> int:
        """Put loose summaries into a segment, and small segments into larger ones.

        Any process may do it at any time. Runs that were surely killed get the summary that they could not write.

        Returns
        -------
        int
            How many summaries went into segments.
        """
        self._compact = False
        with explained(self._store.url, "compact its runs"):
            self._close_killed()
            return self.index.compact()

    def _remove_old_marker(self, run: str) -> None:
        """Remove a marker that its process left behind; not at once, for a summary may still be on its way to disk."""
        path = run_layout.marker_path(run)
        found = self._backend.stat(path)
        if found is not None and time.time() - found.modified > _LEFT_BEHIND_S:
            self._backend.delete([path])

    def compact_soon(self) -> None:
        """Have it done beside the user's function."""
        if not self._compact:
            self._compact = True
            run_keeper.tend(self)

    def _close_killed(self) -> None:
        for run in self.reader.open_ids():
            if self.is_open_here(run):
                continue
            if self.reader.summary(run) is not None:
                self._remove_old_marker(run)
                continue
            with contextlib.suppress(FileNotFoundError):
                state = self.reader.unfinished(run)
                if state["status"] == "killed":
                    data = canonical.encode(state)
                    batch = self._backend.batch()
                    batch.write(run_layout.done_path(run, ANOTHERS, data), data)
                    batch.commit()
                    self._backend.delete([run_layout.marker_path(run)])
