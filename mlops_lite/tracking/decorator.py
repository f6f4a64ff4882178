"""``@track_run``: every call of a function becomes a run, and the function stays what it was."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, Protocol, TypeVar, overload

import attrs

from mlops_lite.errors import InvalidInputError, InvalidTypeError, suggest
from mlops_lite.store import Store
from mlops_lite.tracking.begin import check_options
from mlops_lite.tracking.run import Run
from mlops_lite.tracking.sources import text_of
from mlops_lite.tracking.watch import Options, Watch
from mlops_lite.tracking.wrapping import wrapped

__all__ = ["Tracked", "track_run"]

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")


class Tracked(Protocol[P, R_co]):
    """A function whose calls are runs: called as before, and it remembers the newest run."""

    last_run: Run | None
    __name__: str
    __qualname__: str
    __wrapped__: Callable[..., Any]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Run it."""
        ...

    @overload
    def __get__(self, instance: None, owner: type) -> Tracked[P, R_co]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Callable[..., R_co]: ...


@overload
def track_run(function: Callable[P, R], /) -> Tracked[P, R]: ...
@overload
def track_run(
    *,
    experiment: str | None = None,
    seed: int | None = None,
    tags: Mapping[str, Any] | None = None,
    cache: bool = False,
    store: Store | str | None = None,
    name: str | None = None,
    parent: Run | str | None = None,
    continues: Run | str | None = None,
) -> Callable[[Callable[P, R]], Tracked[P, R]]: ...
def track_run(function: Any = None, /, **options: Any) -> Any:
    """Make every call of a function a run.

    The function keeps its signature, name, doc and kind: functions, methods, class and static methods, coroutines,
    generators and async generators. The caller gets exactly what it returns, and what it raises. If the store fails,
    the function still runs, and warns.

    Parameters
    ----------
    function : callable
        With ``@track_run`` alone.
    experiment : str, optional
        What the runs belong to.
    seed : int, optional
        Given to ``random``, numpy and torch before each call.
    tags : mapping, optional
    cache : bool
        Give back the recorded result where the same code ran with the same arguments and inputs; the run says which
        one it came from. What the function does besides is not done again.
    store : Store or str, optional
        Where the runs go; the default store at the time of the call without it.
    name : str, optional
        Instead of the function's own.
    parent, continues : Run or str, optional
        See :func:`start_run`.

    Returns
    -------
    callable
        The function, with an attribute ``last_run``.

    Examples
    --------
    >>> import mlops_lite as ml
    >>> @ml.track_run(experiment="churn", seed=0)
    ... def train(depth=6):
    ...     ml.log(auc=0.9)
    ...     return depth
    >>> with ml.Store("memory://track-run-example"):
    ...     train(depth=8)
    8
    >>> train.last_run.params["depth"], train.last_run.metrics["auc"]
    (8, 0.9)
    """
    known = [field.name for field in attrs.fields(Options)]
    for name in options.keys() - set(known):
        raise InvalidTypeError(f"@track_run has no option {name!r}.", remedy=suggest(name, known))
    settings = Options(**options)
    check_options(name=settings.name, experiment=settings.experiment, seed=settings.seed, tags=settings.tags)
    return _decorate(function, settings) if function is not None else functools.partial(_decorate, settings=settings)


def _decorate(function: Any, settings: Options) -> Any:
    if isinstance(function, (classmethod, staticmethod)):
        return type(function)(_decorate(function.__func__, settings))
    if isinstance(function, type) or not callable(function):
        what = "a class" if isinstance(function, type) else f"of the type {type(function).__name__}"
        raise InvalidTypeError(
            f"@track_run decorates functions and methods, and this is {what}.",
            remedy="Decorate the method that does the work, or write: with ml.start_run(…):",
        )
    code = getattr(function, "__code__", None)
    if code is not None:
        text_of(code.co_filename)  # now, while the file is still what was imported
    if settings.cache and (inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)):
        raise InvalidInputError("cache= gives back what a function returned, and a generator yields.")
    watch = Watch(function, settings)
    wrapper = wrapped(function, watch)
    functools.update_wrapper(wrapper, function)
    wrapper.last_run = None
    watch.wrapper = wrapper
    return wrapper
