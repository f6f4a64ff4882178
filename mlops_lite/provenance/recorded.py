"""A recorded call, put together again: its function from the recorded source, its arguments from refs and pickles."""

from __future__ import annotations
import __future__

import ast
import contextlib
import importlib
import inspect
import linecache
import sys
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

import attrs

from mlops_lite import workspace
from mlops_lite.base import canonical
from mlops_lite.base.ref import Ref
from mlops_lite.errors import InvalidInputError, NotFoundError, suggest
from mlops_lite.tracking.closure import WHOLE
from mlops_lite.tracking.facts import Code
from mlops_lite.tracking.pickling import unpickle
from mlops_lite.tracking.run import Run

__all__ = ["Recorded", "argument_names", "rebuild"]


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
        call = Recorded(_current_function(run, found), *_arguments(run, given))
        call.bind()
        yield call
        return
    house = _House(run, found, given)
    with house.open():
        yield Recorded(house.function(), *_arguments(run, given))


def _check_given(run: Run, code: Code, given: Mapping[str, Any]) -> None:
    described = _described(run)
    known = {*described["names"], *described["kept"], *described["lost"]}
    known |= {name for module in code.modules for name in module.globals}
    for name in given:
        if name not in known:
            raise InvalidInputError(
                f"The run {run.id} has no argument and reads no global {name!r}.", remedy=suggest(name, known)
            )


# --- arguments -------------------------------------------------------------------------------------------------


def _arguments(run: Run, given: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """Have every argument again, and what the function is a method of."""
    found = _described(run)
    lost = {name: reason for name, reason in found["lost"].items() if name not in given}
    if lost:
        raise _not_kept(run, "argument", lost)
    names = [*found["names"], *(["self"] if "self" in {**found["kept"], **found["lost"]} else [])]
    values = {name: given[name] if name in given else _argument(run, name, found) for name in names}
    return values, values.pop("self", None)


def argument_names(run: Run) -> list[str]:
    """List the parameters of a run that it was given; of a block all that it has."""
    return [*_described(run)["names"]] if "arguments" in run.facts else [*run.params]


def _described(run: Run) -> dict[str, Any]:
    """Read how each argument can be had again."""
    fact = run.facts.get("arguments", {})
    if "object" not in fact:
        return {"names": [], "kept": {}, "loaded": {}, "lost": {}}
    found: dict[str, Any] = canonical.decode(run.store.objects.read(fact["object"]))
    return found


def _argument(run: Run, name: str, found: Mapping[str, Any]) -> Any:
    if name in found["kept"]:
        return unpickle(run.store, found["kept"][name], f"the argument {name!r} of run {run.id}")
    if name in found["loaded"]:
        return _loaded(run, name, **found["loaded"][name])
    return _opened(run, run._state["params"][name])


def _loaded(run: Run, name: str, type: str, columns: list[str] | None) -> Any:
    """Load a frame from its snapshot, of the same library and with the same columns."""
    snapshot = workspace.open(run.params[name], run.store)
    options = {} if columns is None else {"columns": columns}
    if type == "pandas" and hasattr(snapshot, "to_pandas"):
        return snapshot.to_pandas(**options)
    if type == "pyarrow" and hasattr(snapshot, "to_arrow"):
        return snapshot.to_arrow(**options)
    return snapshot.load(**options)


def _opened(run: Run, found: Any) -> Any:
    """Put what refs stand for into plain data."""
    if isinstance(found, dict):
        if "$ref" in found:
            return workspace.open(found["$ref"], run.store)
        return {key: _opened(run, item) for key, item in found.items()}
    return [_opened(run, item) for item in found] if isinstance(found, list) else found


def _not_kept(run: Run, what: str, lost: Mapping[str, str]) -> InvalidInputError:
    reasons = "; ".join(f"{name!r}: {reason}" for name, reason in lost.items())
    names = ", ".join(f"{name!r}: …" for name in lost)
    return InvalidInputError(
        f"The run {run.id} has not kept the {what} {reasons}.",
        remedy=f"Give it: ml.reproduce(run, given={{{names}}}).",
        lost=dict(lost),
    )


# --- functions -------------------------------------------------------------------------------------------------


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
    return _untracked(found)


def _untracked(function: Any) -> Callable[..., Any]:
    """Take ``track_run`` off, and what is around it; what is below belongs to the function."""
    layers = [getattr(function, "__func__", function)]
    while (inner := getattr(layers[-1], "__wrapped__", None)) is not None:
        layers.append(inner)
    tracked = [place for place, layer in enumerate(layers) if "last_run" in getattr(layer, "__dict__", {})]
    found: Callable[..., Any] = layers[tracked[-1] + 1] if tracked else layers[0]
    return found


class _Rebuilt(ModuleType):
    """A module of recorded parts; other modules find the rest of it where it is now, its own parts do not."""

    def __getattr__(self, name: str) -> Any:
        real = self.__dict__.get("__real__")
        if real is None or name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no recorded {name!r}")
        return getattr(real, name)


@attrs.frozen
class _Unit:
    """Something that a module executes: an import, a function, a class."""

    module: _Rebuilt
    source: str
    name: str = ""


class _House:
    """The recorded modules of a run."""

    def __init__(self, run: Run, code: Code, given: Mapping[str, Any]) -> None:
        self._run = run
        self._code = code
        self._given = given
        names = {code.module, *(part.module for part in code.parts), *(module.name for module in code.modules)}
        self._modules = {name: _new_module(name) for name in sorted(names)}
        for name in sorted(names):
            self._attach(name)

    def _attach(self, name: str) -> None:
        """Let ``package.module`` lead to the recorded module."""
        package, _, last = name.rpartition(".")
        if package:
            if package not in self._modules:
                self._modules[package] = _new_module(package)
                self._attach(package)
            setattr(self._modules[package], last, self._modules[name])

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Let imports find the recorded modules."""
        stand_ins = {name: module for name, module in self._modules.items() if name != "__main__"}
        before = {name: sys.modules.get(name) for name in stand_ins}
        sys.modules.update(stand_ins)
        try:
            yield
        finally:
            for name, module in before.items():
                if module is None:
                    sys.modules.pop(name, None)
                else:
                    sys.modules[name] = module

    def function(self) -> Callable[..., Any]:
        """Execute everything that the function needs, and it."""
        self._fill()
        code = self._code
        own = self._modules[code.module]
        units = [_Unit(self._modules[name], line) for name, line in self._imports()]
        units += [_Unit(self._modules[part.module], part.source, part.name) for part in code.parts if part.source]
        name = code.function.rpartition(".")[2]
        units.append(_Unit(own, _without_tracking(code.source), code.function))
        self._execute(units)
        if name not in vars(own):
            raise self._broken(f"its source defines no {name!r}")
        return _untracked(vars(own)[name])

    def _fill(self) -> None:
        """Give each module the values that its parts read."""
        for module in self._code.modules:
            space = vars(self._modules[module.name])
            lost = {name: reason for name, reason in module.lost.items() if name not in self._given}
            if lost:
                raise _not_kept(self._run, "global", lost)
            for name, value in module.globals.items():
                if name in self._given:
                    space[name] = self._given[name]
                elif name in module.kept:
                    what = f"the global {name!r} of run {self._run.id}"
                    space[name] = unpickle(self._run.store, module.kept[name], what)
                else:
                    space[name] = workspace.open(value, self._run.store) if isinstance(value, Ref) else value

    def _imports(self) -> list[tuple[str, str]]:
        return [(module.name, line) for module in self._code.modules for line in module.imports]

    def _execute(self, units: list[_Unit]) -> None:
        """Execute in an order in which it succeeds: a class after its bases, an import after what it imports."""
        error: Exception | None = None
        flags = 0
        while units:
            left = []
            for unit in units:
                try:
                    self._execute_one(unit, flags)
                except (NameError, ImportError, AttributeError) as found:
                    left.append(unit)
                    error = found
                except Exception as found:
                    raise self._broken(f"{unit.name or unit.source}: {type(found).__name__}: {found}") from found
            if len(left) == len(units):
                if flags:
                    raise self._broken(f"{type(error).__name__}: {error}") from error
                flags = __future__.annotations.compiler_flag  # annotations may name what only type checkers import
            units = left

    def _execute_one(self, unit: _Unit, flags: int) -> None:
        if not unit.name:
            self._bind(unit)
            return
        file = f"<run {self._run.id}: {unit.module.__name__}.{unit.name}>"
        lines = unit.source.splitlines(keepends=True)
        linecache.cache[file] = (len(unit.source), None, lines, file)  # tracebacks show it
        exec(compile(unit.source, file, "exec", flags, dont_inherit=True), vars(unit.module))

    def _bind(self, unit: _Unit) -> None:
        """Import as the line says, from recorded modules where there are."""
        node = ast.parse(unit.source).body[0]
        space = vars(unit.module)
        if isinstance(node, ast.Import):
            for alias in node.names:
                found = importlib.import_module(alias.name)
                top = alias.name.partition(".")[0]
                space[alias.asname or top] = found if alias.asname else self._modules.get(top) or sys.modules[top]
        elif isinstance(node, ast.ImportFrom):
            home = str(node.module)
            module = self._modules.get(home) or importlib.import_module(home)
            for alias in node.names:
                space[alias.asname or alias.name] = self._member(module, alias.name)

    def _member(self, module: ModuleType, name: str) -> Any:
        if module.__name__ in self._modules and self._is_part(module.__name__, name):
            return vars(module)[name] if name in vars(module) else _not_yet(module, name)
        return getattr(module, name)

    def _is_part(self, module: str, name: str) -> bool:
        """Tell whether a name is one that was recorded, and so must not be taken from the current module."""
        parts = {
            (part.module, part.name if part.name == WHOLE else part.name.rpartition(".")[2])
            for part in self._code.parts
        }
        return (module, name) in parts or (module, WHOLE) in parts

    def _broken(self, why: str) -> InvalidInputError:
        return InvalidInputError(
            f"The recorded code of run {self._run.id} cannot be put together: {why}.",
            remedy="Run the function as it is now: ml.reproduce(run, code='current').",
        )


def _not_yet(module: ModuleType, name: str) -> Any:
    raise ImportError(f"cannot import name {name!r} from the recorded {module.__name__!r}")


def _new_module(name: str) -> _Rebuilt:
    module = _Rebuilt(name)
    real = sys.modules.get(name)
    if real is not None:
        module.__dict__["__real__"] = real
        for attribute in ("__file__", "__path__", "__package__", "__spec__"):
            if hasattr(real, attribute):
                module.__dict__[attribute] = getattr(real, attribute)
    return module


def _without_tracking(source: str) -> str:
    """Take the decorator ``track_run`` and those above it off: the run is opened by who reproduces it."""
    tree = ast.parse(source)
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            places = [place for place, one in enumerate(node.decorator_list) if _last_name(one) == "track_run"]
            if places:
                node.decorator_list = node.decorator_list[places[0] + 1 :]
                return ast.unparse(tree)
    return source


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _last_name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
