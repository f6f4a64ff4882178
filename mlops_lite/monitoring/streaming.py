"""Watching a stream, value by value, between checks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mlops_lite import frames
from mlops_lite.base import canonical
from mlops_lite.base.record import Record
from mlops_lite.errors import InvalidInputError
from mlops_lite.monitoring.definition import DETECTORS
from mlops_lite.monitoring.finding import Finding
from mlops_lite.monitoring.state import State
from mlops_lite.stats.number_cells import NumberCells

if TYPE_CHECKING:
    from mlops_lite.monitoring.monitor import Monitor

__all__ = ["Streaming"]

_FLUSH_S = 30.0
_RAW = ("ddm",)  # takes errors, not standard deviations


class Streaming:
    """The detectors of a monitor's streams, in this process.

    Parameters
    ----------
    monitor : Monitor
    """

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        self.chosen = {name: _names(given) for name, given in monitor.definition.streams.items()}
        if not self.chosen:
            raise InvalidInputError(
                f"The monitor {monitor.name!r} watches no stream.",
                remedy="Say which: Monitor(…, streams={'error': 'ddm', 'age': 'adwin'}).",
            )
        reference = monitor.reference
        self._scales = {name: _scale(reference.columns.get(name)) for name in self.chosen}
        self._detectors = self._restored()
        self._steps = self._compiled()
        self._count = 0
        self._stored = time.monotonic()

    def update(self, rows: Any) -> list[Finding]:
        """Take a row (a mapping), or a small table; give what was found just now."""
        found: list[Finding] = []
        for row in [rows] if isinstance(rows, Mapping) and not frames.is_table(rows) else _rows(rows):
            for name, step in self._steps:
                value = row.get(name)
                if value is not None and value == value:
                    try:
                        found += step(value)
                    except TypeError as error:
                        raise InvalidInputError(f"The stream of {name!r} takes numbers, not {value!r}.") from error
            self._count += 1
        if found or (not self._count % 1024 and time.monotonic() - self._stored > _FLUSH_S):
            self.flush(found)
        return found

    def flush(self, found: list[Finding] | None = None) -> None:
        """Store where the detectors stand, so that another process goes on from here."""
        states = {f"{name}/{kind}": detector.state() for (name, kind), detector in self._detectors.items()}
        digest = self.monitor.store.objects.put(canonical.encode(states))
        said = [attrs.asdict(finding) for finding in found or ()]

        def body(head: Record | None) -> dict[str, Any]:
            assert head is not None
            state = attrs.evolve(State.of(head), streams=digest)
            return {"state": state.describe(), "streams": digest, "found": said}

        self.monitor._log.append(body, action="stream", objects=[digest])
        self._stored = time.monotonic()

    def _restored(self) -> dict[tuple[str, str], Any]:
        digest = self.monitor.state.streams
        states = canonical.decode(self.monitor.store.objects.read(digest)) if digest else {}
        made = {}
        for name, kinds in self.chosen.items():
            for kind in kinds:
                detector = DETECTORS.load(kind).Detector
                state = states.get(f"{name}/{kind}")
                made[name, kind] = detector() if state is None else detector.from_state(state)
        return made

    def _compiled(self) -> list[tuple[str, Callable[[float], list[Finding]]]]:
        return [(name, self._step(name, kind, each.update)) for (name, kind), each in self._detectors.items()]

    def _step(self, name: str, kind: str, update: Callable[[float], bool]) -> Callable[[float], list[Finding]]:
        centre, spread = (0.0, 1.0) if kind in _RAW else self._scales[name]
        nothing: list[Finding] = []

        def step(value: float) -> list[Finding]:
            if not update((value - centre) / spread):
                return nothing
            words = f"The stream of {name!r} has changed ({kind})."
            return [Finding(name, f"stream.{kind}", float(value), None, None, None, "alert", words)]

        return step


def _names(given: Any) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def _scale(column: Any) -> tuple[float, float]:
    """Give mean and standard deviation of the reference; nothing to take off where it does not know the column."""
    if column is None or not isinstance(column.cells, NumberCells) or not np.isfinite(column.std) or not column.std:
        return 0.0, 1.0
    return column.mean, column.std


def _rows(rows: Any) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = frames.to_arrow(rows).to_pylist()
    return found
