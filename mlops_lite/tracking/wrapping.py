"""Wrappers: a function of each kind, every call of which is a run."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any

from mlops_lite.tracking.watch import Watch

__all__ = ["wrapped"]


def wrapped(function: Callable[..., Any], watch: Watch) -> Any:
    """Wrap a function in one of its kind: a coroutine function, an asynchronous generator, a generator, a function."""
    if inspect.iscoroutinefunction(function):
        return _coroutine(function, watch)
    if inspect.isasyncgenfunction(function):
        return _async_generator(function, watch)
    if inspect.isgeneratorfunction(function):
        return _generator(function, watch)
    return _function(function, watch)


def _function(function: Callable[..., Any], watch: Watch) -> Any:
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


def _coroutine(function: Callable[..., Any], watch: Watch) -> Any:
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


def _generator(function: Callable[..., Any], watch: Watch) -> Any:
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


def _async_generator(function: Callable[..., Any], watch: Watch) -> Any:
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
