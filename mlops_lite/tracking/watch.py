"""Watches: what opens a run for each call of a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from mlops_lite import workspace
from mlops_lite.tracking.active import ActiveRun
from mlops_lite.tracking.begin import begin
from mlops_lite.tracking.cache import Hit, recall
from mlops_lite.tracking.warning import RunWarning, warn

__all__ = ["Options", "Watch"]


@attrs.frozen
class Options:
    """What ``@track_run`` was given."""

    experiment: str | None = None
    seed: int | None = None
    tags: Mapping[str, Any] | None = None
    cache: bool = False
    store: Any = None
    name: str | None = None
    parent: Any = None
    continues: Any = None


class Watch:
    """Opens a run for each call; None where that fails, for the function goes on all the same."""

    def __init__(self, function: Callable[..., Any], settings: Options) -> None:
        self.function = function
        self.settings = settings
        self.wrapper: Any = None
        self._signature: inspect.Signature | None = None

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> ActiveRun | None:
        """Open a run for a call."""
        settings = self.settings
        try:
            arguments, owner = self._arguments(args, kwargs)
            run = begin(
                workspace.store(settings.store),
                settings.name or str(getattr(self.function, "__qualname__", type(self.function).__name__)),
                experiment=settings.experiment,
                parent=settings.parent,
                continues=settings.continues,
                seed=settings.seed,
                tags=settings.tags,
                function=self.function,
                arguments=arguments,
                owner=owner,
            )
        except RunWarning:
            raise
        except Exception as error:
            warn(f"This call of {self.function!r} is not recorded: {type(error).__name__}: {error}")
            return None
        self.wrapper.last_run = run
        return run

    def recall(self, run: ActiveRun) -> Hit | None:
        """Look for the result of an earlier call, if that is wanted."""
        if not self.settings.cache:
            return None
        try:
            return recall(run)
        except RunWarning:
            raise
        except Exception as error:
            warn(f"The cache of {run.name!r} could not be asked: {type(error).__name__}: {error}")
            return None

    def returned(self, run: ActiveRun, value: Any) -> None:
        """Note a result."""
        run.returned(value, whole=self.settings.cache)

    def _arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        if self._signature is None:
            self._signature = inspect.signature(self.function)
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError:  # the call itself says what is wrong with it
            return dict(kwargs), None
        bound.apply_defaults()
        found = dict(bound.arguments)
        first = next(iter(self._signature.parameters), None)
        if first in ("self", "cls") and "." in getattr(self.function, "__qualname__", ""):
            return found, found.pop(first, None)
        return found, None
