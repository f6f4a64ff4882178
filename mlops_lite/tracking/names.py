"""Which names code reads, and what it imports: from its bytecode and from its text."""

from __future__ import annotations

import ast
import contextlib
import dis
import importlib.util
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

import attrs

__all__ = ["MISSING", "head_names", "import_line", "imports_inside", "look", "names_read"]

_GLOBALS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL"})
_OUTER = frozenset({"LOAD_DEREF", "LOAD_CLASSDEREF"})
_ATTRIBUTES = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
MISSING: Any = object()


def names_read(function: FunctionType) -> Iterator[tuple[Any, str, list[str]]]:
    """Give the globals and outer variables that a function reads, each with the attributes taken of it."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=False))
    for name, attributes in _loads(function.__code__, _GLOBALS):
        yield function.__globals__, name, attributes
    for name, attributes in _loads(function.__code__, _OUTER):
        if name in cells:
            yield _Cell(cells[name]), name, attributes


def head_names(source: str) -> Iterator[tuple[str, list[str]]]:
    """Give the names that stand outside of the bodies of functions: decorators, defaults, annotations, bases."""
    for node in ast.walk(_Bodiless().visit(_parsed(source))):
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


def look(place: Any, name: str) -> Any:
    """Give what a name stands for in a namespace, a module or an outer variable; MISSING where for nothing."""
    if isinstance(place, dict):
        return place.get(name, MISSING)
    if isinstance(place, _Cell):
        try:
            return place.cell.cell_contents
        except ValueError:  # not filled yet
            return MISSING
    return getattr(place, name, MISSING)


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


def imports_inside(source: str, package: str) -> Iterator[str]:
    r"""Give the modules that code imports when it runs; ``from a import b`` gives ``a`` and ``a.b``.

    Parameters
    ----------
    source : str
    package : str
        What relative imports begin at.

    Examples
    --------
    >>> list(imports_inside("def f():\n    from .tools import clean", "shop"))
    ['shop.tools', 'shop.tools.clean']
    """
    for node in ast.walk(_parsed(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            with contextlib.suppress(ImportError):  # a relative import that leaves its package
                home = importlib.util.resolve_name("." * node.level + (node.module or ""), package or None)
                yield home
                yield from (f"{home}.{alias.name}" for alias in node.names)


def _parsed(source: str) -> ast.Module:
    """Parse code; what does not parse, such as half a statement, reads no names."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.Module([], [])


def import_line(module: str, name: str) -> str:
    """Write the line that binds a module to a name."""
    if module == name or module.startswith(name + "."):
        return f"import {module}"
    package, _, last = module.rpartition(".")
    if package and last == name:
        return f"from {package} import {name}"
    return f"import {module} as {name}"
