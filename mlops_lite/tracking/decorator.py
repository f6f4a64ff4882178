"""``@track_run``: every call of a function becomes a run, and the function stays what it was."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from contextvars import Context, copy_context
from typing import Any, ParamSpec, Protocol, TypeVar, overload

import attrs

from mlops_lite import workspace
from mlops_lite.errors import InvalidInputError, InvalidTypeError, suggest
from mlops_lite.store import Store
from mlops_lite.tracking.active import ActiveRun
from mlops_lite.tracking.begin import begin, check_options
from mlops_lite.tracking.cache import Hit, recall
from mlops_lite.tracking.run import Run
from mlops_lite.tracking.sources import text_of
from mlops_lite.tracking.warning import RunWarning, warn

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


@attrs.frozen
class _Options:
    experiment: str | None = None
    seed: int | None = None
    tags: Mapping[str, Any] | None = None
    cache: bool = False
    store: Any = None
    name: str | None = None
    parent: Any = None
    continues: Any = None


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
    known = [field.name for field in attrs.fields(_Options)]
    for name in options.keys() - set(known):
        raise InvalidTypeError(f"@track_run has no option {name!r}.", remedy=suggest(name, known))
    settings = _Options(**options)
    check_options(name=settings.name, experiment=settings.experiment, seed=settings.seed, tags=settings.tags)
    return _decorate(function, settings) if function is not None else functools.partial(_decorate, settings=settings)


def _decorate(function: Any, settings: _Options) -> Any:
    if isinstance(function, (classmethod, staticmethod)):
        return type(function)(_decorate(function.__func__, settings))
    if isinstance(function, type) or not callable(function):
        what = "class" if isinstance(function, type) else type(function).__name__
        raise InvalidTypeError(
            f"@track_run decorates functions and methods, and this is a {what}.",
            remedy="Decorate the method that does the work, or write: with ml.start_run(…):",
        )
    code = getattr(function, "__code__", None)
    if code is not None:
        text_of(code.co_filename)  # now, while the file is still what was imported
    if settings.cache and (inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)):
        raise InvalidInputError("cache= gives back what a function returned, and a generator yields.")
    watch = _Watch(function, settings)
    wrapper = _wrapper(function, watch)
    functools.update_wrapper(wrapper, function)
    wrapper.last_run = None
    watch.wrapper = wrapper
    return wrapper


def _wrapper(function: Callable[..., Any], watch: _Watch) -> Any:
    if inspect.iscoroutinefunction(function):
        return _coroutine(function, watch)
    if inspect.isasyncgenfunction(function):
        return _async_generator(function, watch)
    if inspect.isgeneratorfunction(function):
        return _generator(function, watch)
    return _function(function, watch)


class _Watch:
    """Opens a run for each call; None where that fails, for the function goes on all the same."""

    def __init__(self, function: Callable[..., Any], settings: _Options) -> None:
        self.function = function
        self.settings = settings
        self.wrapper: Any = None
        self._signature: inspect.Signature | None = None

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> ActiveRun | None:
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


def _function(function: Callable[..., Any], watch: _Watch) -> Any:
    def tracked(*args: Any, **kwargs: Any) -> Any:
        run = watch.begin(args, kwargs)
        if run is None:
            return function(*args, **kwargs)
        with run:
            hit = watch.recall(run)
            if hit is not None:
                return hit.value
            value = function(*args, **kwargs)
            watch.returned(run, value)
            return value

    return tracked


def _coroutine(function: Callable[..., Any], watch: _Watch) -> Any:
    async def tracked(*args: Any, **kwargs: Any) -> Any:
        run = watch.begin(args, kwargs)
        if run is None:
            return await function(*args, **kwargs)
        with run:
            hit = watch.recall(run)
            if hit is not None:
                return hit.value
            value = await function(*args, **kwargs)
            watch.returned(run, value)
            return value

    return tracked


def _generator(function: Callable[..., Any], watch: _Watch) -> Any:
    def tracked(*args: Any, **kwargs: Any) -> Any:
        run = watch.begin(args, kwargs)
        if run is None:
            return (yield from function(*args, **kwargs))
        context = copy_context()
        context.run(run.enter)
        error: BaseException | None = None
        try:
            value = yield from _steps(function(*args, **kwargs), context)
            watch.returned(run, value)
            return value
        except BaseException as raised:
            error = raised
            raise
        finally:
            context.run(run.leave)
            run.end(error)

    return tracked


def _steps(generator: Any, context: Context) -> Any:
    """Run each step in the generator's own context, so that its run is not its caller's between two of them."""
    step, sent = generator.send, None
    while True:
        try:
            yielded = context.run(step, sent)
        except StopIteration as stop:
            return stop.value
        try:
            step, sent = generator.send, (yield yielded)
        except GeneratorExit:
            context.run(generator.close)
            raise
        except BaseException as error:
            step, sent = generator.throw, error


def _async_generator(function: Callable[..., Any], watch: _Watch) -> Any:
    async def tracked(*args: Any, **kwargs: Any) -> Any:
        run = watch.begin(args, kwargs)
        context = copy_context()
        if run is not None:
            context.run(run.enter)
        generator = function(*args, **kwargs)
        error: BaseException | None = None
        step: Any = generator.asend(None)
        try:
            while True:
                try:
                    yielded = await _InContext(step, context)
                except StopAsyncIteration:
                    return
                try:
                    sent = yield yielded
                except GeneratorExit:
                    await _InContext(generator.aclose(), context)
                    raise
                except BaseException as thrown:
                    step = generator.athrow(thrown)
                else:
                    step = generator.asend(sent)
        except BaseException as raised:
            error = raised
            raise
        finally:
            if run is not None:
                context.run(run.leave)
                run.end(error)

    return tracked


class _InContext:
    """Something to await, each step of which runs in a context of its own."""

    def __init__(self, awaitable: Any, context: Context) -> None:
        self._awaitable = awaitable
        self._context = context

    def __await__(self) -> Any:
        return _steps(self._awaitable.__await__(), self._context)
