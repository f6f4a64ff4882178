"""One side of a comparison: a run or a model version, seen as the same few things."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_lite import workspace
from mlops_lite.base.ref import KINDS, Ref
from mlops_lite.errors import InvalidInputError, InvalidTypeError
from mlops_lite.store import Store
from mlops_lite.tracking.describe import Described
from mlops_lite.tracking.run import Run

if TYPE_CHECKING:
    import pandas as pd

    from mlops_lite.registry.version import ModelVersion

__all__ = ["Side", "shown"]

_RUN_ID = 26


class Side:
    """A run or a model version.

    Parameters
    ----------
    run : Run, optional
        The run, or the one that registered the version.
    version : ModelVersion, optional
        The version, or the newest that the run registered.
    name : str
        What it is called in the comparison.
    """

    def __init__(self, name: str, run: Run | None, version: ModelVersion | None) -> None:
        self.name = name
        self.run = run
        self._version = version

    @classmethod
    def of(cls, thing: object, store: Store) -> Side:
        """Make a side of what a person wrote.

        Parameters
        ----------
        thing : Run, ModelVersion or str
            ``"churn@3"`` is a model version, ``"run/01J…"`` or an id a run.
        store : Store

        Raises
        ------
        InvalidTypeError
            It is neither.
        """
        if isinstance(thing, str):
            thing = workspace.open(_ref(thing), store)
        if isinstance(thing, Run):
            return cls(str(thing.ref), Run(thing.store, thing.id), None)
        ref = getattr(thing, "ref", None)
        if isinstance(ref, Ref) and ref.kind == "model":
            found: Any = thing
            return cls(str(ref).partition("/")[2], found.run and _run(found.run, found.store), found)
        raise InvalidTypeError(
            f"An object of the type {type(thing).__name__} cannot be compared.",
            remedy="Runs and model versions can: ml.compare('churn@1', run). For data: ml.Dataset(name).diff(1, 2).",
        )

    @property
    def version(self) -> ModelVersion:
        """The model of this side.

        Raises
        ------
        InvalidInputError
            The run registered none.
        """
        if self._version is None:
            assert self.run is not None
            made = [ref for ref in self.run.outputs if ref.kind == "model"]
            if not made:
                raise InvalidInputError(
                    f"The run {self.run.id} registered no model that could be evaluated.",
                    remedy="Register it inside the run: ml.Registry().register(name, model).",
                )
            self._version = workspace.open(made[-1], self.run.store)
        return self._version

    @property
    def params(self) -> Mapping[str, Any]:
        """Parameters: those of the run, then those that were given with the version."""
        own = self._version.params if self._version is not None else {}
        return {**(self.run.params if self.run else {}), **own}

    @property
    def metrics(self) -> Mapping[str, float]:
        """Metrics: the last values of the run, then those that were given with the version."""
        own = self._version.metrics if self._version is not None else {}
        return {**(self.run.metrics if self.run else {}), **own}

    @property
    def inputs(self) -> tuple[Ref, ...]:
        """What it was made from."""
        if self.run is not None:
            return self.run.inputs
        return self._version.datasets if self._version is not None else ()

    @functools.cached_property
    def packages(self) -> Mapping[str, str]:
        """Packages and Python, by name."""
        found: Any = self.run.environment if self.run is not None else self.version.environment
        return {"python": found.python, **found.packages}

    @functools.cached_property
    def script(self) -> str:
        """The code as one text; empty where none is known."""
        code = self.run.code if self.run is not None else None
        return code.script() if code is not None else ""

    def history(self, name: str) -> pd.DataFrame | None:
        """Give the curve of a metric; None where there is none."""
        return self.run.history(name) if self.run is not None and name in self.run.metrics else None


def shown(value: Any) -> Any:
    """Give a parameter as it stands in a frame."""
    return str(value) if isinstance(value, Described) else value


def _ref(text: str) -> Ref:
    """Read a ref; what is written without a kind is a model, or a run if it looks like an id."""
    is_id = len(text) == _RUN_ID and text.isalnum() and text.isupper()
    has_kind = text.partition("/")[0] in KINDS
    return Ref.parse(text, kind=None if has_kind else "run" if is_id else "model")


def _run(ref: Ref, store: Store) -> Run | None:
    """Open the run of a version, unless it lives in another store."""
    try:
        return Run(store, store.runs.find(ref.name))
    except LookupError:
        return None
