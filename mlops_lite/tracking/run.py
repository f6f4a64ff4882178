"""Runs as they are read: what was recorded of one execution."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from mlops_lite.base import clock, identity
from mlops_lite.base.identifier import new_id
from mlops_lite.base.ref import Ref
from mlops_lite.display.drawn import Drawn
from mlops_lite.errors import InvalidTypeError, NotFoundError, suggest
from mlops_lite.tracking.artifact import Artifact, Artifacts
from mlops_lite.tracking.describe import describe, restore
from mlops_lite.tracking.facts import Code, Environment, Git, read_code, read_environment, read_git
from mlops_lite.tracking.links import Input
from mlops_lite.tracking.masking import mask

if TYPE_CHECKING:
    import pandas as pd

    from mlops_lite.store import Store

__all__ = ["Failure", "Note", "Run"]

T = TypeVar("T")


@attrs.frozen
class Failure:
    """What a run ended with when it did not end well.

    Parameters
    ----------
    type : str
        The class of the exception.
    message : str
    traceback : str
    """

    type: str
    message: str
    traceback: str = attrs.field(repr=False)

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.message else self.type


@attrs.frozen
class Note:
    """What somebody had to say about a run later."""

    text: str
    author: str
    time: datetime


class Run(Drawn):
    """One execution: arguments, metrics, artifacts, code, environment, inputs, outputs.

    Parameters
    ----------
    store : Store
    id : str
    state : mapping, optional
        What was read of it already.

    Examples
    --------
    >>> import mlops_lite as ml
    >>> with ml.Store("memory://run-example"), ml.start_run(experiment="churn") as run:
    ...     ml.log_params(depth=6)
    ...     ml.log(auc=0.91)
    >>> run.params["depth"], run.metrics["auc"], run.status
    (6, 0.91, 'finished')
    """

    def __init__(self, store: Store, id: str, state: Mapping[str, Any] | None = None) -> None:
        self.store = store
        self.id = id
        self._read: Mapping[str, Any] | None = state
        self._facts_read: dict[str, Any] = {}

    @property
    def _state(self) -> Mapping[str, Any]:
        """What is known; read again as long as it can change by itself."""
        if self._read is not None and self._read.get("ended") is not None:
            return self._read
        self._read = self.store.runs.state(self.id)
        return self._read

    @property
    def ref(self) -> Ref:
        """The ref of the run."""
        return Ref.of("run", self.id)

    @property
    def name(self) -> str:
        """The name of the function, or of the block."""
        return str(self._state.get("name", ""))

    @property
    def experiment(self) -> str | None:
        """What it belongs to."""
        return self._state.get("experiment")

    @property
    def status(self) -> str:
        """``running``, ``finished``, ``failed``, ``interrupted``, ``killed`` or ``lost contact``."""
        return str(self._state["status"])

    @property
    def started_at(self) -> datetime:
        """When it began, in UTC."""
        started = self._state.get("started")
        return started if isinstance(started, datetime) else clock.now()

    @property
    def ended_at(self) -> datetime | None:
        """When it ended, in UTC; None while it runs, and where nobody knows."""
        return self._state.get("ended")

    @property
    def duration(self) -> timedelta:
        """How long it took, or has taken."""
        return (self.ended_at or clock.now()) - self.started_at

    @property
    def params(self) -> Mapping[str, Any]:
        """Arguments and what was logged as parameters."""
        return _readonly({name: restore(value) for name, value in self._state.get("params", {}).items()})

    @property
    def metrics(self) -> Mapping[str, float | int]:
        """The last value of each metric."""
        return _readonly({name: found["last"] for name, found in self._state.get("metrics", {}).items()})

    @property
    def tags(self) -> Mapping[str, Any]:
        """Tags, given at the start or later."""
        return _readonly(self._state.get("tags", {}))

    @property
    def notes(self) -> tuple[Note, ...]:
        """What people had to say later."""
        return tuple(Note(**note) for note in self._state.get("notes", ()))

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What it was made from: snapshots, model versions, deployments."""
        return tuple(Input(found["ref"], found.get("changed", False)) for found in self._state.get("inputs", ()))

    @property
    def outputs(self) -> tuple[Ref, ...]:
        """What it made: model versions, snapshots."""
        return tuple(Ref(found["ref"]) for found in self._state.get("outputs", ()))

    @property
    def artifacts(self) -> Artifacts:
        """What was logged under a name; the newest of each name."""
        return Artifacts(Artifact(self.store, self.ref, found) for found in self._state.get("artifacts", ()))

    @property
    def error(self) -> Failure | None:
        """What it failed with."""
        found = self._state.get("error")
        return Failure(**found) if found else None

    @property
    def facts(self) -> Mapping[str, Mapping[str, Any]]:
        """Everything that was captured, by the name of the fact."""
        return _readonly(self._state.get("facts", {}))

    @property
    def code(self) -> Code | None:
        """The source of the function and of what it calls; None where none was to be had."""
        return self._once("code", lambda facts: read_code(self.store, facts.get("code", {})))

    @property
    def environment(self) -> Environment:
        """The machine, the interpreter and the packages that were imported."""
        return self._once("environment", lambda facts: read_environment(self.store, facts))

    @property
    def git(self) -> Git | None:
        """The commit, and what was changed since; None outside a working copy."""
        return self._once("git", lambda facts: read_git(self.store, facts.get("git", {})))

    def _once(self, name: str, read: Callable[[Mapping[str, Any]], T]) -> T:
        """Read what a fact points at; once, when the run has ended."""
        if name in self._facts_read:
            found: T = self._facts_read[name]
            return found
        self.store.runs.flush()
        found = read(self.facts)
        if self.ended_at is not None:
            self._facts_read[name] = found
        return found

    @property
    def result(self) -> Any:
        """What the function returned, described; small results as they were."""
        return restore(self._state.get("result", {}).get("value"))

    @property
    def cached_from(self) -> Run | None:
        """The run whose result was given back instead of running the function again."""
        found = self.facts.get("cache", {}).get("from")
        return Run(self.store, Ref(found).name) if found else None

    @property
    def seed(self) -> int | None:
        """The seed that was set."""
        return self.facts.get("seed", {}).get("seed")

    @property
    def author(self) -> str:
        """Who ran it."""
        return str(self.facts.get("process", {}).get("user", ""))

    @property
    def parent(self) -> Run | None:
        """The run inside which it took place."""
        found = self._state.get("parent")
        return Run(self.store, Ref(found).name) if found else None

    @property
    def continues(self) -> Run | None:
        """The run that it goes on from."""
        found = self._state.get("continues")
        return Run(self.store, Ref(found).name) if found else None

    @property
    def children(self) -> Sequence[Run]:
        """The runs that took place inside it, the oldest first."""
        from mlops_lite.tracking.runs import children_of

        return children_of(self)

    def history(self, name: str | None = None) -> pd.DataFrame:
        """Read the points of a metric, or of all.

        Parameters
        ----------
        name : str, optional

        Returns
        -------
        pandas.DataFrame
            ``step``, ``value``, ``time`` in the order written; with ``name`` in front where no name was given.

        Raises
        ------
        NotFoundError
            No such metric was logged.
        """
        from mlops_lite.tracking.history import history

        return history(self, name)

    def plot(self, *names: str) -> Any:
        """Draw metrics over their steps.

        Parameters
        ----------
        *names : str
            Which; all of them without a name.

        Returns
        -------
        matplotlib.figure.Figure or Curves
            A figure where matplotlib is installed, else a drawing of our own.
        """
        from mlops_lite.tracking.plot import plot

        curves = {name: self.history(name) for name in names or self.metrics}
        return plot(curves, f"{', '.join(curves) or 'No metrics'} of {self.name}")

    def tag(self, **tags: Any) -> Run:
        """Set tags; None takes one away.

        Returns
        -------
        Run
            Itself.
        """
        values = {name: mask(describe(value), name) for name, value in tags.items()}
        return self._amend({"op": "tags", "values": values})

    def note(self, text: str) -> Run:
        """Say something about it.

        Returns
        -------
        Run
            Itself.
        """
        if not isinstance(text, str):
            raise InvalidTypeError(f"A note is text, not a {type(text).__name__}.")
        return self._amend({"op": "note", "text": text})

    def delete(self) -> None:
        """Remove it from all listings; what it kept alive is collected later."""
        self._amend({"op": "delete"})

    def _amend(self, edit: dict[str, Any]) -> Run:
        edit |= {"id": new_id(), "author": identity.author(), "time": clock.now()}
        self.store.runs.amend(self.id, edit)
        self._read = None
        return self

    def sync(self) -> Run:
        """Wait until what was recorded so far survives a power cut.

        Returns
        -------
        Run
            Itself.
        """
        self.store.runs.sync(self.id)
        return self

    def no_metric(self, name: str) -> NotFoundError:
        """Make the error for a metric that was not logged."""
        return NotFoundError(
            f"The run {self.id} has no metric {name!r}.", remedy=suggest(name, self.metrics) or "It logged none."
        )

    def _view(self) -> Any:
        from mlops_lite.tracking.view import look_of_run

        return look_of_run(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return Run, (self.store, self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and (self.id, self.store) == (other.id, other.store)

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self._state.get('name', '')} {self.status}>"


def _readonly(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(values))
