"""What the code of a function is: the function, what it calls in the project or the notebook, the globals it reads."""

from __future__ import annotations

import builtins
import contextlib
import importlib.util
import inspect
import sys
from types import FunctionType, ModuleType
from typing import Any

from mlops_lite.base import canonical
from mlops_lite.base.digest import sha256
from mlops_lite.tracking.describe import content_of
from mlops_lite.tracking.masking import mask_text
from mlops_lite.tracking.names import MISSING, head_names, import_line, imports_inside, look, names_read
from mlops_lite.tracking.parts import WHOLE, Part, Space
from mlops_lite.tracking.sources import Text, is_project, text_of

__all__ = ["Closure", "gather"]

_PLAIN = (int, float, str, bytes, bool, type(None), complex)
_MOST_PARTS = 500


class Closure:
    """All code that a call of a function may run, as far as it is the user's own."""

    def __init__(self, function: Any) -> None:
        self.function = _bare(function)
        self.parts: list[Part] = []
        self.texts: set[Text] = set()
        self._spaces: dict[str, Space] = {}
        self._seen: set[int] = set()
        self._modules: set[str] = set()  # those of which the whole text was looked at
        self._watched: list[tuple[Any, str, Any]] = []  # where a name was found, and what it stood for
        if isinstance(self.function, FunctionType):
            self._visit_function(self.function)
            self._visit_class(_class_of(self.function))

    def _is_own(self, file: str) -> bool:
        """Tell whether a file is the user's own: of the project, or that of the function, wherever it is installed."""
        code = getattr(self.function, "__code__", None)
        return is_project(file) or (code is not None and file == code.co_filename)

    @property
    def is_current(self) -> bool:
        """Whether every name still stands for what it stood for: a cell that is run again makes a new function."""
        return all(look(place, name) is value for place, name, value in self._watched)

    @property
    def pickles(self) -> list[bytes]:
        """The values that are kept whole."""
        return [data for space in self._spaces.values() for data in space.kept.values()]

    def edited(self) -> list[str]:
        """Name the files whose text is no longer, or was never, that of the code that runs."""
        changed = {text.file for text in self.texts if text.edited()}
        return sorted(changed | {part.file for part in self.parts if not part.fits})

    def describe(self) -> dict[str, Any]:
        """Describe it as plain data; where its files lie is said beside the digest, which is of what it does."""
        first = self.parts[0] if self.parts else None
        modules = {name: space.describe() for name, space in self._spaces.items()}
        said = {
            "source": first.source if first else "",
            "parts": sorted([[part.module, part.name, part.source] for part in self.parts[1:]]),
        }
        does = {name: [found["imports"], content_of(found["globals"])] for name, found in modules.items()}
        return {
            "function": getattr(self.function, "__qualname__", ""),
            "module": getattr(self.function, "__module__", ""),
            "file": first.file if first else "",
            "line": first.line if first else 0,
            "digest": sha256(canonical.encode({**said, "modules": does})),
            **said,
            "modules": modules,
        }

    def _space(self, module: str) -> Space:
        return self._spaces.setdefault(module, Space())

    def _visit_function(self, function: FunctionType) -> None:
        code = function.__code__
        if id(code) in self._seen or len(self.parts) >= _MOST_PARTS:
            return
        self._seen.add(id(code))
        part = _function_part(function, self.texts)
        self.parts.append(part)
        for place, name, attributes in names_read(function):
            self._meet(part.module, place, name, attributes)
        self._visit_head(part.source, part.module, function.__globals__)
        defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
        for value in defaults:
            self._follow(value)

    def _visit_head(self, source: str, module: str, namespace: dict[str, Any]) -> None:
        """Follow what stands outside of the bodies: decorators, defaults, annotations, bases."""
        for name, attributes in head_names(source):
            self._meet(module, namespace, name, attributes)
        for name in imports_inside(source, str(namespace.get("__package__") or "")):
            self._visit_module(name)

    def _visit_module(self, name: str) -> None:
        """Take the whole text of a module of the project that is imported when the function runs."""
        if name in self._modules or len(self.parts) >= _MOST_PARTS:
            return
        self._modules.add(name)
        file = _file_of_module(name)
        text = text_of(file) if file and self._is_own(file) else None
        if text is None:
            return
        source = "".join(text.lines)
        self.texts.add(text)
        self.parts.append(Part(WHOLE, name, text.file, 0, mask_text(source, assigned=True)))
        package = name if file.endswith("__init__.py") else name.rpartition(".")[0]
        for inner in imports_inside(source, package):
            self._visit_module(inner)

    def _meet(self, module: str, place: Any, name: str, attributes: list[str]) -> None:
        """Follow a name of a module, and ``helpers.clean`` on into modules of the project."""
        value = look(place, name)
        if value is MISSING or value is getattr(builtins, name, MISSING):
            return
        self._watched.append((place, name, value))
        space = self._space(module)
        if isinstance(value, ModuleType):
            if getattr(place, "__name__", "") != module:  # an attribute of a module needs no import
                space.imports.add(import_line(value.__name__, name))
            if attributes and is_project(getattr(value, "__file__", None) or ""):
                self._meet(value.__name__, value, attributes[0], attributes[1:])
            return
        home = self._follow(value)
        if home is None:
            space.note_value(name, value)
            self._visit_class(type(value))
        elif home != (module, name) and home[1].isidentifier():
            space.imports.add(f"from {home[0]} import {home[1]}" + (f" as {name}" if name != home[1] else ""))

    def _follow(self, value: Any) -> tuple[str, str] | None:
        """Follow a function or class, and say where it is at home; None where it is a plain value."""
        if isinstance(value, _PLAIN):
            return None
        bare = _bare(value)
        home = str(getattr(bare, "__module__", None) or ""), str(getattr(bare, "__qualname__", ""))
        if isinstance(bare, FunctionType):
            if self._is_own(bare.__code__.co_filename):
                self._visit_function(bare)
                return home[0], home[1].rpartition(".")[2]
            return home if _is_at(home, value, bare) else None
        if isinstance(bare, type):
            self._visit_class(bare)
            return home
        return home if inspect.isbuiltin(bare) and _is_at(home, value, bare) else None

    def _visit_class(self, cls: type) -> None:
        module = sys.modules.get(cls.__module__)
        file = getattr(module, "__file__", None) or _first_file(cls)
        if id(cls) in self._seen or len(self.parts) >= _MOST_PARTS or not file or not self._is_own(file):
            return
        self._seen.add(id(cls))
        text = text_of(file)
        source = text.named_class(cls.__qualname__) if text else ""
        if text:
            self.texts.add(text)
        self.parts.append(Part(cls.__qualname__, cls.__module__, file, 0, mask_text(source, assigned=True)))
        for base in cls.__bases__:
            if base is not object:
                self._follow(base)
        self._visit_head(source, cls.__module__, vars(module) if module else {})
        for member in list(vars(cls).values()):
            function = _bare(getattr(member, "fget", None) or member)
            if isinstance(function, FunctionType) and function.__code__.co_filename == _first_file(cls):
                self._seen.add(id(function.__code__))  # its source is that of the class
                for place, inner, attributes in names_read(function):
                    self._meet(cls.__module__, place, inner, attributes)


def _file_of_module(name: str) -> str:
    """Find the file of a module, without importing it or any library."""
    module = sys.modules.get(name)
    if module is not None:
        return str(getattr(module, "__file__", None) or "")
    top = name.partition(".")[0]
    with contextlib.suppress(ImportError, ValueError, AttributeError):
        found = importlib.util.find_spec(top)
        if found is not None and found.origin and is_project(found.origin) and name != top:
            found = importlib.util.find_spec(name)  # imports the packages above it, as the function is about to
        return str(found.origin or "") if found is not None else ""
    return ""


def _class_of(function: FunctionType) -> type:
    """Find the class that a method was defined in, for it may call the others; ``object`` for a plain function."""
    found: Any = sys.modules.get(function.__module__ or "")
    for name in function.__qualname__.split(".")[:-1]:
        found = getattr(found, name, None)
    return found if isinstance(found, type) else object


def _is_at(home: tuple[str, str], *values: Any) -> bool:
    """Tell whether a value can be imported from where it says that it is at home."""
    found = getattr(sys.modules.get(home[0]), home[1], MISSING)
    return any(found is value for value in values)


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


def _first_file(cls: type) -> str:
    for member in list(vars(cls).values()):
        function = _bare(getattr(member, "fget", None) or member)
        if isinstance(function, FunctionType):
            return function.__code__.co_filename
    return ""
