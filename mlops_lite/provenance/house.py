"""The recorded modules of a run: executed from the recorded source, beside the modules that are here now."""

from __future__ import annotations
import __future__

import ast
import contextlib
import importlib
import linecache
import sys
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

import attrs

from mlops_lite import workspace
from mlops_lite.base.ref import Ref
from mlops_lite.errors import InvalidInputError
from mlops_lite.provenance.arguments import not_kept
from mlops_lite.provenance.untracked import untracked, without_tracking
from mlops_lite.tracking.facts import Code
from mlops_lite.tracking.parts import WHOLE
from mlops_lite.tracking.pickling import unpickle
from mlops_lite.tracking.run import Run

__all__ = ["House"]


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


class House:
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
        units.append(_Unit(own, without_tracking(code.source), code.function))
        self._execute(units)
        if name not in vars(own):
            raise self._broken(f"its source defines no {name!r}")
        return untracked(vars(own)[name])

    def _fill(self) -> None:
        """Give each module the values that its parts read."""
        for module in self._code.modules:
            space = vars(self._modules[module.name])
            lost = {name: reason for name, reason in module.lost.items() if name not in self._given}
            if lost:
                raise not_kept(self._run, "global", lost)
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
