"""Telling a run what happens in it, from the process that opened it or from one of its workers."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_lite.base.ref import Ref
from mlops_lite.errors import InvalidTypeError, MlopsLiteError
from mlops_lite.store import Store
from mlops_lite.store.run_journal import Journal
from mlops_lite.store.run_state import apply
from mlops_lite.tracking.describe import describe
from mlops_lite.tracking.keeping import keep
from mlops_lite.tracking.links import link
from mlops_lite.tracking.masking import mask
from mlops_lite.tracking.number import Array, as_metric, as_step, as_steps
from mlops_lite.tracking.run import Run
from mlops_lite.tracking.warning import Trouble, guarded, warn

if TYPE_CHECKING:
    from mlops_lite.store import ObjectBatch

__all__ = ["Recorder"]


class Recorder(Run):
    """A run that something can be told. Nothing here raises because of what it is told: that costs a warning.

    Parameters
    ----------
    store : Store
    id : str
    journal : Journal
        Where this process writes of it.
    live : dict
        What is known of it here.
    trouble : Trouble
        Told when the store fails.
    """

    def __init__(self, store: Store, id: str, journal: Journal, live: dict[str, Any], trouble: Trouble) -> None:
        super().__init__(store, id)
        self._journal = journal
        self._trouble = trouble
        self._live = live
        self._lock = threading.Lock()
        self._complaints: set[str] = set()

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
        self.record(values, step, metrics)

    def record(self, values: Any, step: Any, metrics: dict[str, Any]) -> None:
        """Log metrics as :meth:`log` does; what takes a keyword apart again costs half of a point."""
        if values is None and len(metrics) == 1 and (step is None or type(step) is int):
            for name, value in metrics.items():
                if type(value) is float:
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
        value : path of a file or folder, bytes, figure, frame or any object
        """
        try:
            self._happen({"op": "artifact", "artifact": self._kept(_text(name), value)})
        except Exception as error:
            said = str(error) if isinstance(error, MlopsLiteError) else f"{type(error).__name__}: {error}"
            warn(f"The artifact {name!r} could not be kept. {said}")

    def _kept(self, name: str, value: Any) -> dict[str, Any]:
        try:
            with self.store.objects.batch() as batch:
                return self._put(batch, name, value)
        except OSError as error:  # of the store; a file that cannot be read fails again
            with self.store.runs.aside(self.id) as batch:
                found = self._put(batch, name, value)
            self._trouble(error, f"kept at {self.store.runs.spill_name} and carried over when it answers")
            return found

    def _put(self, batch: ObjectBatch, name: str, value: Any) -> dict[str, Any]:
        found = keep(batch, name, value)
        # noted before it is durable, so that no garbage collection takes it from under the run
        self._happen({"op": "objects", "digests": sorted(batch.digests)})
        return found

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
        self._journal.event(event)

    def _complain(self, key: str, text: str) -> None:
        """Warn once for each thing."""
        if key not in self._complaints:
            self._complaints.add(key)
            warn(f"ml.log {text}")


def _text(name: Any) -> str:
    if not isinstance(name, str):
        raise InvalidTypeError(f"A name is text; {name!r} is a {type(name).__name__}.")
    return name
