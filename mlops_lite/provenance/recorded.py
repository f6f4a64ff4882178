"""A recorded call, put together again: its function from the recorded source, its arguments from refs and pickles."""

from __future__ import annotations

import contextlib
import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

from mlops_lite.errors import InvalidInputError, NotFoundError, suggest
from mlops_lite.provenance.arguments import arguments, described
from mlops_lite.provenance.house import House
from mlops_lite.provenance.untracked import untracked
from mlops_lite.tracking.facts import Code
from mlops_lite.tracking.run import Run

__all__ = ["Recorded", "rebuild"]


@attrs.frozen(eq=False)
class Recorded:
    """A call that can be made again.

    Parameters
    ----------
    function : callable
        Not tracked.
    arguments : mapping
        By name.
    owner : object, optional
        What the function is a method of.
    """

    function: Callable[..., Any]
    arguments: Mapping[str, Any]
    owner: Any = None

    def __call__(self) -> Any:
        """Make it."""
        args, kwargs = self.bind()
        return self.function(*args, **kwargs)

    def bind(self) -> tuple[list[Any], dict[str, Any]]:
        """Say how the arguments are passed.

        Raises
        ------
        InvalidInputError
            The function takes other ones.
        """
        args: list[Any] = [] if self.owner is None else [self.owner]
        kwargs: dict[str, Any] = {}
        left = dict(self.arguments)
        signature = inspect.signature(self.function)
        parameters = list(signature.parameters.values())[len(args) :]
        for parameter in parameters:
            if parameter.name not in left:
                continue
            value = left.pop(parameter.name)
            if parameter.kind is parameter.VAR_POSITIONAL:
                args += value
            elif parameter.kind is parameter.VAR_KEYWORD:
                kwargs |= value
            elif parameter.kind is parameter.KEYWORD_ONLY:
                kwargs[parameter.name] = value
            else:
                args.append(value)
        if left:
            raise InvalidInputError(
                f"{self.function.__name__}{signature} takes no argument {', '.join(map(repr, sorted(left)))} now.",
                remedy="Run the recorded one: ml.reproduce(run, code='recorded').",
            )
        return args, kwargs


@contextlib.contextmanager
def rebuild(run: Run, code: str, given: Mapping[str, Any]) -> Iterator[Recorded]:
    """Put the call of a run together, and hold the recorded modules in place of the current ones inside the block.

    Parameters
    ----------
    run : Run
    code : {"recorded", "current"}
    given : mapping
        Values of arguments and globals that the run could not keep, by name.

    Raises
    ------
    InvalidInputError
        Something of it was not kept and is not given.
    """
    found = run.code
    if found is None or not found.function:
        raise InvalidInputError(
            f"The run {run.id} is of a block, and only calls of functions can be made again.",
            remedy="Put the block into a function and decorate it with @ml.track_run.",
        )
    _check_given(run, found, given)
    if code == "current":
        call = Recorded(_current_function(run, found), *arguments(run, given))
        call.bind()
        yield call
        return
    house = House(run, found, given)
    with house.open():
        yield Recorded(house.function(), *arguments(run, given))


def _check_given(run: Run, code: Code, given: Mapping[str, Any]) -> None:
    found = described(run)
    known = {*found["names"], *found["kept"], *found["lost"]}
    known |= {name for module in code.modules for name in module.globals}
    for name in given:
        if name not in known:
            raise InvalidInputError(
                f"The run {run.id} has no argument and reads no global {name!r}.", remedy=suggest(name, known)
            )


def _current_function(run: Run, code: Code) -> Callable[..., Any]:
    """Find the function as it is now.

    Raises
    ------
    NotFoundError
        It is no longer there.
    """
    try:
        found: Any = importlib.import_module(code.module)
        for name in code.function.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError) as error:
        raise NotFoundError(
            f"The function {code.function!r} of run {run.id} is not in {code.module!r} now ({error}).",
            remedy="Run the recorded one: ml.reproduce(run, code='recorded').",
        ) from error
    return untracked(found)
