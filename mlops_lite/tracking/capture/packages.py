"""The packages that were imported, with versions, in a form that ``pip install -r`` takes.

Versions are read from the names of ``*.dist-info`` folders: one look at each folder of the search path. Asking
``importlib.metadata`` which package a module came from takes a hundred times as long.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite.base import canonical

if TYPE_CHECKING:
    from mlops_lite.tracking.capture import Call

__all__ = ["after", "before"]

_INFO = re.compile(r"^(?P<name>.+?)-(?P<version>[^-]+?)(-py[\d.]+)?\.(dist|egg)-info$")


@attrs.frozen
class _Package:
    name: str
    version: str
    folder: str


class _Imports:
    """What has been imported so far, and from which packages."""

    def __init__(self) -> None:
        self._count = 0
        self._path: tuple[str, ...] = ()
        self._installed: dict[str, _Package] = {}
        self._of: dict[str, tuple[_Package, ...]] = {}  # by top-level module
        self._data = b""

    def data(self) -> bytes:
        """Give the list, made anew only if something was imported since."""
        if len(sys.modules) != self._count or not self._data:
            self._count = len(sys.modules)
            self._data = self._gather()
        return self._data

    def _gather(self) -> bytes:
        if self._path != tuple(sys.path):
            self._path = tuple(sys.path)
            self._installed = {_normal(package.name): package for package in _scan(self._path)}
            self._of = {}
        tops = {name.partition(".")[0] for name in list(sys.modules)}
        foreign = [name for name in tops if name not in sys.stdlib_module_names and not name.startswith("_")]
        self._find([name for name in foreign if name not in self._of])
        used = {package for name in foreign for package in self._of.get(name, ())}
        versions = {package.name: package.version for package in sorted(used, key=lambda one: one.name.lower())}
        elsewhere = {package.name: line for package in used if (line := _source(package))}
        return canonical.encode({"versions": versions, "elsewhere": elsewhere})

    def _find(self, names: list[str]) -> None:
        """Find the package of each module: by its own name, else by what packages say of themselves."""
        left = []
        for name in names:
            package = self._installed.get(_normal(name))
            if package is not None:
                self._of[name] = (package,)
            elif _is_installed(name):
                left.append(name)
            else:
                self._of[name] = ()
        if left:
            contents = {package: _record(package) for package in self._installed.values()}
            for name in left:
                paths = _paths(name)
                self._of[name] = tuple(
                    package for package, listed in contents.items() if any(path in listed for path in paths)
                )


_imports = _Imports()


def before(call: Call) -> Mapping[str, Any]:
    """Point at the list of what is imported at the start."""
    return {"object": call.keep(_imports.data())}


def after(call: Call) -> Mapping[str, Any]:
    """Point at the list of what is imported at the end."""
    return before(call)


def _scan(path: tuple[str, ...]) -> Iterator[_Package]:
    for folder in reversed(path):  # what comes first on the path wins
        with contextlib.suppress(OSError), os.scandir(folder or ".") as entries:
            for entry in entries:
                match = _INFO.match(entry.name)
                if match:
                    yield _Package(match["name"].replace("_", "-"), match["version"], entry.path)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_installed(name: str) -> bool:
    """Tell whether a module stands where packages are installed."""
    module = sys.modules.get(name)
    places = [getattr(module, "__file__", None) or "", *(getattr(module, "__path__", None) or ())]
    return any("site-packages" in str(place) or "dist-packages" in str(place) for place in places)


def _paths(name: str) -> list[bytes]:
    """Say by which lines of a package's list of files a module is known; a namespace by the parts that are loaded."""
    module = sys.modules.get(name)
    if getattr(module, "__file__", None):
        return [f"\n{name}/__init__.py,".encode(), f"\n{name}.py,".encode(), f"\n{name}.cpython".encode()]
    parts = [key for key in list(sys.modules) if key.startswith(name + ".")][:200]
    return [f"\n{part.replace('.', '/')}/__init__.py,".encode() for part in parts]


def _record(package: _Package) -> bytes:
    with contextlib.suppress(OSError), open(os.path.join(package.folder, "RECORD"), "rb") as file:
        return b"\n" + file.read()
    return b""


def _source(package: _Package) -> str | None:
    """Say where a package came from that no index has: a repository, a folder, a file."""
    try:
        with open(os.path.join(package.folder, "direct_url.json"), encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return None
    url = str(found.get("url", ""))
    version_control = found.get("vcs_info")
    if version_control:
        return f"{package.name} @ {version_control.get('vcs', 'git')}+{url}@{version_control.get('commit_id', '')}"
    if found.get("dir_info", {}).get("editable"):
        return f"-e {url.removeprefix('file://')}"
    return f"{package.name} @ {url}"
