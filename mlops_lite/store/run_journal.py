"""Journals: the file in which one process writes what happens in one run."""

from __future__ import annotations

import errno
import functools
import itertools
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from time import time
from typing import Any, Protocol
from zlib import crc32

from mlops_lite.base import canonical
from mlops_lite.base.fork import in_child
from mlops_lite.errors import InvalidInputError
from mlops_lite.store import run_cells as cells
from mlops_lite.store import run_lock

__all__ = ["BufferSink", "FileSink", "Journal", "Series", "Sink"]

_FLOAT_CELL = cells.FLOAT_CELL.pack
_SUM = cells.SUM.pack
_MARK, _FLOAT, _CELL = cells.MARK, cells.FLOAT, cells.CELL


class Sink(Protocol):
    """Where bytes go."""

    @property
    def write(self) -> Callable[[bytes], int]:
        """Take the bytes, and tell how many there was room for; or raise ``OSError``."""
        ...

    def close(self) -> None:
        """Take no more."""
        ...


class FileSink:
    """A file of this machine: what was written is safe from the end of this process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.write: Callable[[bytes], int] = functools.partial(os.write, descriptor)  # a point is one such call
        run_lock.hold(descriptor)  # who finds the file can tell whether more will come

    def close(self) -> None:
        """Close the file."""
        run_lock.release(self._descriptor)


class BufferSink:
    """Bytes in memory, handed on whole when somebody asks.

    Parameters
    ----------
    send : callable, optional
        Takes all bytes so far; without it they only wait.
    most : int, optional
        How many bytes are kept; what comes after is counted in ``dropped``.
    """

    def __init__(self, send: Callable[[bytes], object] | None = None, most: int | None = None) -> None:
        self.data = bytearray()
        self.dropped = 0
        self._send = send
        self._most = most
        self._sent = 0

    def write(self, data: bytes) -> int:
        """Keep them, as far as there is room; what there is none for is counted."""
        if self._most is not None and len(self.data) + len(data) > self._most:
            self.dropped += len(data)
        else:
            self.data += data
        return len(data)

    def flush(self) -> None:
        """Hand on what is new."""
        if self._send is not None and len(self.data) > self._sent:
            taken = bytes(self.data)
            self._send(taken)
            self._sent = len(taken)

    def close(self) -> None:
        """Hand on the rest."""
        self.flush()


class Series:
    """What is remembered of the points of one name: enough for a summary."""

    __slots__ = ("count", "high", "last", "low", "number", "step", "steps")

    def __init__(self, number: int, begin: int = 0) -> None:
        self.number = number
        self.steps = itertools.count(begin)  # its next() is whole in every thread
        self.last: float | int = 0.0
        self.low: float | int = float("inf")
        self.high: float | int = float("-inf")
        self.count = 0
        self.step = 0


class Journal:
    """Points and events on their way to the disk, one call each.

    Parameters
    ----------
    openers : iterable of callables
        Make the place to write to, and the places to go to when that one fails, in turn.
    on_trouble : callable
        Told of each failure, with the number of the place that is tried next.
    begin : mapping of str to int
        The first step of names that a run which is continued had already.
    """

    def __init__(
        self,
        openers: Iterable[Callable[[], Sink]],
        on_trouble: Callable[[OSError, int], object],
        begin: Mapping[str, int] | None = None,
    ) -> None:
        self._openers = list(openers)
        self._on_trouble = on_trouble
        self._begin = begin or {}
        self._place = 0
        self._lock = threading.RLock()
        self.series: dict[str, Series] = {}
        self.sink: Sink | None = None
        self._write: Callable[[bytes], int] = self._write_first
        forks.add(self)

    def point(self, name: str, value: float, step: int | None = None) -> None:
        """Write one point, as quickly as can be.

        Parameters
        ----------
        name : str
        value : float
            Exactly of this type.
        step : int, optional
            The next one of the name without it.
        """
        series = self.series.get(name) or self._begin_series(name)
        if step is None:
            step = next(series.steps)
        cell = _FLOAT_CELL(_MARK, _FLOAT, series.number, step, time(), value)
        cell += _SUM(crc32(cell))
        try:
            if self._write(cell) != _CELL:
                raise _no_room()
        except OSError as error:
            self._elsewhere(cell, error)
        series.last = value
        series.step = step
        series.count += 1
        if value < series.low:
            series.low = value
        if value > series.high:
            series.high = value

    def points(self, values: Iterable[tuple[str, float | int]], step: int | None = None) -> None:
        """Write points of several names in one call."""
        rows = []
        now = time()
        for name, value in values:
            series = self.series.get(name) or self._begin_series(name)
            own = next(series.steps) if step is None else step
            rows.append(cells.point(series.number, own, now, value))
            series.last, series.step = value, own
            series.count += 1
            series.low = min(series.low, value) if value == value else series.low
            series.high = max(series.high, value) if value == value else series.high
        self._append(b"".join(rows))

    def array(self, name: str, values: bytes, steps: bytes | None, *, whole: bool, tally: tuple[Any, ...]) -> None:
        """Write many points of one name in one call.

        Parameters
        ----------
        name : str
        values : bytes
            Eight bytes each, little-endian.
        steps : bytes, optional
            As many; counted on without them.
        whole : bool
            The values are integers.
        tally : tuple
            Last, smallest, largest, count and last step.
        """
        series = self.series.get(name) or self._begin_series(name)
        last, low, high, count, step = tally
        if steps is None:
            steps, step = self._count_on(series, count)
        kind = cells.ARRAY_INT if whole else cells.ARRAY_FLOAT
        self._append(cells.block(kind, series.number, time(), steps + values))
        series.last, series.step = last, step
        series.count += count
        series.low, series.high = min(series.low, low), max(series.high, high)

    def _count_on(self, series: Series, count: int) -> tuple[bytes, int]:
        import array

        with self._lock:
            first = next(series.steps)
            series.steps = itertools.count(first + count)
        return array.array("q", range(first, first + count)).tobytes(), first + count - 1

    def event(self, event: Mapping[str, Any]) -> None:
        """Write something else that happened."""
        self._append(cells.block(cells.EVENT, 0, time(), canonical.encode(event)))

    def _append(self, data: bytes) -> None:
        try:
            if self._write(data) != len(data):
                raise _no_room()
        except OSError as error:
            self._elsewhere(data, error)

    def _begin_series(self, name: str) -> Series:
        with self._lock:
            found = self.series.get(name)
            if found is not None:
                return found
            if len(self.series) == cells.MOST_NAMES:
                raise InvalidInputError(
                    f"A run has at most {cells.MOST_NAMES:,} names of metrics; {name!r} is one more."
                )
            series = Series(len(self.series), self._begin.get(name, 0))
            self._append(_name_block(name, series))
            self.series[name] = series
            return series

    def _write_first(self, data: bytes) -> int:
        """Open a file of this process's own when there is something to write."""
        with self._lock:
            if self.sink is None:
                sink = self._openers[self._place]()
                self.sink = sink
                # names keep their numbers from file to file, so a row packed for one file is right in the next
                names = b"".join(_name_block(name, series) for name, series in self.series.items())
                if names and sink.write(names) != len(names):
                    raise _no_room()
                self._write = sink.write
            return self.sink.write(data)

    def _elsewhere(self, data: bytes, error: OSError) -> None:
        """Go on in a new file: behind a torn cell nothing stands at its place any more."""
        with self._lock:
            while True:
                if self._place + 1 >= len(self._openers):
                    raise error
                self._place += 1
                self._on_trouble(error, self._place)
                self.rewind()
                try:
                    if self._write_first(data) != len(data):
                        raise _no_room()
                    return
                except OSError as another:
                    error = another

    def rewind(self) -> None:
        """Begin a new file at the next write."""
        sink, self.sink = self.sink, None
        self._write = self._write_first
        if sink is not None:
            sink.close()

    def flush(self) -> None:
        """Hand on what waits in memory."""
        if isinstance(self.sink, BufferSink):
            self.sink.flush()

    @property
    def dropped(self) -> int:
        """How many bytes found no place."""
        return self.sink.dropped if isinstance(self.sink, BufferSink) else 0

    @property
    def used(self) -> bool:
        """Whether anything was written."""
        return self.sink is not None or self._place > 0

    def close(self) -> None:
        """Close the file; what is written later goes into another."""
        with self._lock:
            self.rewind()

    def after_fork(self) -> None:
        """Write into a file of its own in a child."""
        self._lock = threading.RLock()
        if isinstance(self.sink, FileSink):
            self.rewind()


def _no_room() -> OSError:
    return OSError(errno.ENOSPC, "only a part was written")


def _name_block(name: str, series: Series) -> bytes:
    return cells.block(cells.NAME, series.number, time(), name.encode("utf-8", "surrogatepass"))


class Forked(Protocol):
    """What has to begin anew in a forked child."""

    def after_fork(self) -> None:
        """Begin anew."""
        ...


forks: weakref.WeakSet[Forked] = weakref.WeakSet()


@in_child
def _begin_anew_in_child() -> None:
    for one in list(forks):
        one.after_fork()
