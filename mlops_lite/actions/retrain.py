"""Train again: a tracked function, on the newest snapshot."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from mlops_lite import workspace
from mlops_lite.base.ref import Ref
from mlops_lite.errors import InvalidInputError
from mlops_lite.monitoring.report import Report
from mlops_lite.store import Store

__all__ = ["Retrain", "build"]


def _named(function: Callable[..., Any] | str) -> str:
    """Name a function so that another process can import it."""
    if isinstance(function, str):
        return function
    name = f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', '')}"
    if "<locals>" in name or not name.rpartition(":")[2]:
        raise InvalidInputError(
            f"{function!r} cannot be found by another process.", remedy="Define it at the top of a module."
        )
    return name


class Retrain:
    """Call a training function when an alert opens, with the newest snapshot of a dataset as its first argument.

    Parameters
    ----------
    function : callable or str
        A tracked function at the top of a module, or ``"package.module:function"``: other processes import it. One
        defined in a notebook works in that notebook only.
    dataset : str, optional
        The dataset whose newest snapshot it is given; that of the monitor's reference without it.
    **arguments
        Passed on by name; plain values.

    Examples
    --------
    >>> Retrain("jobs.churn:train", dataset="customers", depth=8).describe()
    {'function': 'jobs.churn:train', 'dataset': 'customers', 'arguments': {'depth': 8}}
    """

    action: ClassVar[str] = "retrain"

    def __init__(self, function: Callable[..., Any] | str, *, dataset: str | None = None, **arguments: Any) -> None:
        self.function = function
        self.name = _named(function)
        self.dataset = None if dataset is None else Ref.parse(dataset, kind="dataset").name
        self.arguments = arguments
        _HERE[self.name] = function

    def describe(self) -> dict[str, Any]:
        """Give its settings."""
        return {"function": self.name, "dataset": self.dataset, "arguments": self.arguments}

    def act(self, report: Report, store: Store) -> str:
        """Train."""
        function = _function(_HERE.get(self.name, self.name))
        snapshot = workspace.open(self._ref(report, store), store)
        with store:
            function(snapshot, **self.arguments)
        run = getattr(function, "last_run", None)
        return f"{run.ref if run is not None else self.name} on {snapshot.ref}"

    def _ref(self, report: Report, store: Store) -> Ref:
        if self.dataset is not None:
            return Ref.of("dataset", self.dataset)
        monitor = workspace.open(Ref.of("monitor", report.ref.name), store)
        reference = monitor.definition.reference
        if reference is None or Ref(reference).kind != "dataset":
            raise InvalidInputError(
                f"The reference of {monitor.ref} is no snapshot.",
                remedy="Say which: retrain(train, dataset='flights').",
            )
        return Ref.of("dataset", Ref(reference).name)

    def __call__(self, report: Report) -> str:
        """Train now."""
        return self.act(report, workspace.store())


_HERE: dict[str, Callable[..., Any] | str] = {}  # functions that this process knows, by name


def _function(function: Callable[..., Any] | str) -> Callable[..., Any]:
    if callable(function):
        return function
    module, _, name = function.partition(":")
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    if not callable(found):
        raise InvalidInputError(f"{function!r} is no function.")
    return found  # type: ignore[no-any-return]


def build(settings: Mapping[str, Any]) -> Retrain:
    """Build it from its settings."""
    name = settings["function"]
    return Retrain(_HERE.get(name, name), dataset=settings.get("dataset"), **settings.get("arguments", {}))
