"""What the code of a function is: the function, what it calls in the project or the notebook, the globals it reads."""

from __future__ import annotations

import ast
import contextlib
import dis
import inspect
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import attrs

from mlops_lite.base import canonical
from mlops_lite.base.digest import sha256
from mlops_lite.tracking.describe import content_of, describe
from mlops_lite.tracking.masking import mask, mask_text
from mlops_lite.tracking.sources import Text, is_project, text_of

__all__ = ["Closure", "Part", "gather"]

_PLAIN = (int, float, str, bytes, bool, type(None), complex)
_MOST_PARTS = 500
_MOST_GLOBAL = 1 << 20  # bytes up to which a global is digested
_GLOBALS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL"})
_OUTER = frozenset({"LOAD_DEREF", "LOAD_CLASSDEREF"})
_ATTRIBUTES = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_MISSING = object()


@attrs.frozen
class Part:
    """One function or class of the user's.

    Parameters
    ----------
    name, module, file : str
    line : int
    source : str
        Empty where it is not to be had.
    fits : bool
        The source is that of the code that runs.
    """

    name: str
    module: str
    file: str
    line: int
    source: str
    fits: bool = True


class Closure:
    """All code that a call of a function may run, as far as it is the user's own."""

    def __init__(self, function: Any) -> None:
        self.function = _bare(function)
        self.parts: list[Part] = []
        self.imports: set[str] = set()
        self.values: dict[str, Any] = {}
        self.texts: set[Text] = set()
        self._seen: set[int] = set()
        self._watched: list[tuple[Any, str, Any]] = []  # where a name was found, and what it stood for
        if isinstance(self.function, FunctionType):
            self._visit_function(self.function)

    @property
    def is_current(self) -> bool:
        """Whether every name still stands for what it stood for: a cell that is run again makes a new function."""
        return all(_look(place, name) is value for place, name, value in self._watched)

    def edited(self) -> list[str]:
        """Name the files whose text is no longer, or was never, that of the code that runs."""
        changed = {text.file for text in self.texts if text.edited()}
        return sorted(changed | {part.file for part in self.parts if not part.fits})

    def describe(self) -> dict[str, Any]:
        """Describe it as plain data; where its files lie is said beside the digest, which is of what it does."""
        first = self.parts[0] if self.parts else None
        said = {
            "source": first.source if first else "",
            "parts": sorted([[part.module, part.name, part.source] for part in self.parts[1:]]),
            "imports": sorted(self.imports),
            "globals": self.values,
        }
        content = {**said, "globals": content_of(self.values)}
        return {
            "function": getattr(self.function, "__qualname__", ""),
            "module": getattr(self.function, "__module__", ""),
            "file": first.file if first else "",
            "line": first.line if first else 0,
            "digest": sha256(canonical.encode(content)),
            **said,
        }

    def _visit_function(self, function: FunctionType) -> None:
        code = function.__code__
        if id(code) in self._seen or len(self.parts) >= _MOST_PARTS:
            return
        self._seen.add(id(code))
        part = _function_part(function, self.texts)
        self.parts.append(part)
        for place, name, attributes in _names(function):
            self._meet(place, name, attributes)
        self._visit_head(part.source, function.__globals__)
        defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
        for value in defaults:
            self._visit(value)

    def _visit_head(self, source: str, namespace: dict[str, Any]) -> None:
        """Follow what stands outside of the bodies: decorators, defaults, annotations, bases."""
        with contextlib.suppress(SyntaxError):
            for name, attributes in _head_names(ast.parse(source)):
                self._meet(namespace, name, attributes)

    def _meet(self, place: Any, name: str, attributes: list[str]) -> None:
        value = _look(place, name)
        if value is _MISSING:
            return
        self._watched.append((place, name, value))
        if isinstance(value, ModuleType):
            self._meet_module(value, name, attributes)
        elif not self._visit(value, name):
            self.values[name] = mask(describe(value, most=_MOST_GLOBAL), name)

    def _meet_module(self, module: ModuleType, name: str, attributes: list[str]) -> None:
        """Follow ``helpers.clean`` into modules of the project; of others note the import."""
        if not is_project(getattr(module, "__file__", None) or ""):
            self.imports.add(_import_line(module.__name__, name))
            return
        self.imports.add(_import_line(module.__name__, name))
        for attribute in attributes:
            value = _look(module, attribute)
            if value is _MISSING:
                return
            self._watched.append((module, attribute, value))
            if not isinstance(value, ModuleType):
                if not self._visit(value):
                    self.values[f"{module.__name__}.{attribute}"] = mask(describe(value, most=_MOST_GLOBAL), attribute)
                return
            module = value

    def _visit(self, value: Any, name: str = "") -> bool:
        """Follow a function or class; False where it is a plain value."""
        if isinstance(value, _PLAIN):
            return False
        bare = _bare(value)
        if isinstance(bare, FunctionType):
            if is_project(bare.__code__.co_filename):
                self._visit_function(bare)
            elif name:
                self._note_import(bare, name)
            return True
        if isinstance(bare, type):
            self._visit_class(bare, name)
            return True
        if inspect.isbuiltin(bare) and name:
            self._note_import(bare, name)
            return True
        return False

    def _note_import(self, value: Any, name: str) -> None:
        module, qualname = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
        if module and module != "builtins" and "." not in qualname:
            self.imports.add(f"from {module} import {qualname}" + (f" as {name}" if name != qualname else ""))

    def _visit_class(self, cls: type, name: str) -> None:
        module = sys.modules.get(cls.__module__)
        file = getattr(module, "__file__", None) or _first_file(cls)
        if id(cls) in self._seen or len(self.parts) >= _MOST_PARTS:
            return
        if not file or not is_project(file):
            self._note_import(cls, name or cls.__name__)
            return
        self._seen.add(id(cls))
        text = text_of(file)
        source = text.named_class(cls.__qualname__) if text else ""
        if text:
            self.texts.add(text)
        self.parts.append(Part(cls.__qualname__, cls.__module__, file, 0, mask_text(source, assigned=True)))
        for base in cls.__bases__:
            if base is not object:
                self._visit(base, base.__name__)
        self._visit_head(source, vars(module) if module else {})
        for member in list(vars(cls).values()):
            function = _bare(getattr(member, "fget", None) or member)
            if isinstance(function, FunctionType) and function.__code__.co_filename == _first_file(cls):
                self._seen.add(id(function.__code__))  # its source is that of the class
                for place, inner, attributes in _names(function):
                    self._meet(place, inner, attributes)


def gather(function: Any) -> Closure:
    """Follow a function through everything of the user's that it calls or reads.

    Parameters
    ----------
    function : callable

    Returns
    -------
    Closure

    Examples
    --------
    >>> def double(x):
    ...     return 2 * x
    >>> gather(double).parts[0].name
    'double'
    """
    return Closure(function)


def _bare(value: Any) -> Any:
    """Take decorators, partial arguments and bindings off."""
    for _ in range(50):
        inner = getattr(value, "__wrapped__", None) or getattr(value, "__func__", None)
        if inner is None and type(value).__name__ == "partial":
            inner = getattr(value, "func", None)
        if inner is None or not callable(inner):
            return value
        value = inner
    return value


def _function_part(function: FunctionType, texts: set[Text]) -> Part:
    code = function.__code__
    text = text_of(code.co_filename)
    source, fits = "", True
    if text is not None:
        texts.add(text)
        source = text.function(code)
        fits = not text.suspicious or text.fits(code)
    return Part(
        function.__qualname__,
        function.__module__ or "",
        code.co_filename,
        code.co_firstlineno,
        mask_text(source, assigned=True),
        fits,
    )


def _names(function: FunctionType) -> Iterator[tuple[Any, str, list[str]]]:
    """Give the globals and outer variables that a function reads, each with the attributes taken of it."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=False))
    for name, attributes in _loads(function.__code__, _GLOBALS):
        yield function.__globals__, name, attributes
    for name, attributes in _loads(function.__code__, _OUTER):
        if name in cells:
            yield _Cell(cells[name]), name, attributes


def _head_names(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    for node in ast.walk(_Bodiless().visit(tree)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id, []
        elif isinstance(node, ast.Attribute):
            attributes: list[str] = []
            inner: ast.expr = node
            while isinstance(inner, ast.Attribute):
                attributes.insert(0, inner.attr)
                inner = inner.value
            if isinstance(inner, ast.Name):
                yield inner.id, attributes


class _Bodiless(ast.NodeTransformer):
    """Takes the bodies of functions out."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.body = []
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.body = []
        return self.generic_visit(node)


@attrs.frozen(eq=False)
class _Cell:
    cell: Any


def _look(place: Any, name: str) -> Any:
    if isinstance(place, dict):
        return place.get(name, _MISSING)
    if isinstance(place, _Cell):
        try:
            return place.cell.cell_contents
        except ValueError:  # not filled yet
            return _MISSING
    return getattr(place, name, _MISSING)


def _loads(code: CodeType, operations: frozenset[str]) -> list[tuple[str, list[str]]]:
    """List the names that are loaded, each with the attributes that are taken of it at once."""
    found: list[tuple[str, list[str]]] = []
    for inner in _codes(code):
        instructions = list(dis.get_instructions(inner))
        for position, instruction in enumerate(instructions):
            if instruction.opname in operations:
                attributes = []
                for following in instructions[position + 1 :]:
                    if following.opname not in _ATTRIBUTES:
                        break
                    attributes.append(str(following.argval))
                found.append((str(instruction.argval), attributes))
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _first_file(cls: type) -> str:
    for member in list(vars(cls).values()):
        function = _bare(getattr(member, "fget", None) or member)
        if isinstance(function, FunctionType):
            return function.__code__.co_filename
    return ""


def _import_line(module: str, name: str) -> str:
    if module == name or module.startswith(name + "."):
        return f"import {module}"
    package, _, last = module.rpartition(".")
    if package and last == name:
        return f"from {package} import {name}"
    return f"import {module} as {name}"
