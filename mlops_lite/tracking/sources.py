"""Source text as it was when it was imported, not as it is now.

``inspect.getsource`` reads the file again: after an edit it gives the new text for the old code that runs. So the text
of a file is read once, when a function of it is decorated or first met, and kept with the time of its last change.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import linecache
import os
import sys
import sysconfig
import textwrap
import time
from types import CodeType

__all__ = ["Text", "is_project", "text_of"]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_INSTALLED = ("site-packages", "dist-packages")


class Text:
    """The text of one file or notebook cell.

    Parameters
    ----------
    file : str
    lines : list of str
    changed : int
        When the file was last changed, in nanoseconds; 0 for a cell.
    stale : bool
        It was changed after the process began, and no longer compiles to the code that runs.
    """

    def __init__(self, file: str, lines: list[str], changed: int) -> None:
        self.file = file
        self.lines = lines
        self.changed = changed

    def function(self, code: CodeType) -> str:
        """Cut a function out, decorators included; empty where the text has no such lines."""
        lines = self.lines[code.co_firstlineno - 1 :]
        if not lines:
            return ""
        with contextlib.suppress(Exception):  # the tokenizer stops at an edit in the middle
            lines = inspect.getblock(lines)
        return textwrap.dedent("".join(lines))

    def named_class(self, qualname: str) -> str:
        """Cut a class out by its qualified name; empty where there is none."""
        node = self._classes.get(qualname)
        if node is None:
            return ""
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        return textwrap.dedent("".join(self.lines[first - 1 : node.end_lineno]))

    @functools.cached_property
    def _classes(self) -> dict[str, ast.ClassDef]:
        found: dict[str, ast.ClassDef] = {}

        def visit(node: ast.AST, prefix: str) -> None:
            for child in ast.iter_child_nodes(node):
                inner = prefix
                if isinstance(child, ast.ClassDef):
                    found[prefix + child.name] = child
                    inner = f"{prefix}{child.name}."
                elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    inner = f"{prefix}{child.name}.<locals>."
                visit(child, inner)

        with contextlib.suppress(SyntaxError):
            visit(ast.parse("".join(self.lines)), "")
        return found

    def edited(self) -> bool:
        """Tell whether the file has been changed since this text was read."""
        return bool(self.changed) and _changed(self.file) != self.changed

    def fits(self, code: CodeType) -> bool:
        """Tell whether this text compiles to the code that runs."""
        found = self._codes.get((code.co_qualname, code.co_firstlineno))
        return found is not None and _same(found, code)

    @functools.cached_property
    def _codes(self) -> dict[tuple[str, int], CodeType]:
        found: dict[tuple[str, int], CodeType] = {}

        def visit(code: CodeType) -> None:
            for constant in code.co_consts:
                if isinstance(constant, CodeType):
                    found[constant.co_qualname, constant.co_firstlineno] = constant
                    visit(constant)

        with contextlib.suppress(SyntaxError, ValueError):
            visit(compile("".join(self.lines), self.file, "exec", dont_inherit=True))
        return found

    @property
    def suspicious(self) -> bool:
        """Whether the file was changed after this process began, so that its text may not be the code that runs."""
        return self.changed > _began_ns()


def _same(one: CodeType, other: CodeType) -> bool:
    if (one.co_code, one.co_names, len(one.co_consts)) != (other.co_code, other.co_names, len(other.co_consts)):
        return False
    return all(
        _same(left, right) if isinstance(left, CodeType) and isinstance(right, CodeType) else repr(left) == repr(right)
        for left, right in zip(one.co_consts, other.co_consts, strict=True)
    )


_texts: dict[str, Text | None] = {}


def text_of(file: str) -> Text | None:
    """Give the text of a file as it was when it was first asked for; None where there is none."""
    if file not in _texts:
        found = _read(file)
        if found is None and not os.path.isabs(file):
            return None  # a cell whose text may come yet
        _texts[file] = found
    return _texts[file]


def _read(file: str) -> Text | None:
    changed = _changed(file)
    if changed:
        with contextlib.suppress(OSError, SyntaxError, UnicodeDecodeError):
            import tokenize

            with tokenize.open(file) as source:
                return Text(file, source.readlines(), changed)
    lines = linecache.getlines(file)
    return Text(file, lines, 0) if lines else None


def _changed(file: str) -> int:
    try:
        return os.stat(file).st_mtime_ns
    except OSError:
        return 0


@functools.cache
def _libraries() -> tuple[str, ...]:
    paths = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    return tuple(os.path.realpath(path) + os.sep for path in paths if path)


@functools.lru_cache(maxsize=4096)
def is_project(file: str) -> bool:
    """Tell whether a file is the user's own, or a cell of his notebook; neither installed nor a part of Python."""
    if not file or file.startswith("<frozen"):
        return False
    if not os.path.isabs(file):
        return file.startswith("<ipython") or os.path.exists(file) or bool(linecache.getlines(file))
    real = os.path.realpath(file)
    if any(f"{os.sep}{name}{os.sep}" in real for name in _INSTALLED) or real.startswith(_PACKAGE + os.sep):
        return False
    return not real.startswith(_libraries())


@functools.cache
def _began_ns() -> int:
    """Tell when this process began."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open("/proc/self/stat") as file:
                ticks = int(file.read().rpartition(")")[2].split()[19])
            since_boot = ticks / os.sysconf("SC_CLK_TCK")
            return int((time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + since_boot) * 1e9)
    return _LOADED_NS


_LOADED_NS = time.time_ns()
