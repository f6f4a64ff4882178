"""Extension points: a folder of modules, one plug-in a file, and entry points of other packages."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from importlib import metadata
from typing import Any

from mlops_lite.errors import NotFoundError, suggest

__all__ = ["Extensions"]


class Extensions:
    """The plug-ins of one kind, by name; each is loaded when it is asked for.

    Parameters
    ----------
    package : str
        The folder whose files are plug-ins, as a dotted name. Files that begin with ``_`` are not, nor are folders.
    group : str
        The entry-point group in which other packages name theirs.

    Examples
    --------
    >>> parts = Extensions("mlops_lite.base", group="mlops_lite.parts")
    >>> "clock" in parts.names(), parts.load("clock").__name__
    (True, 'mlops_lite.base.clock')
    """

    def __init__(self, package: str, group: str) -> None:
        self.package = package
        self.group = group

    def names(self) -> list[str]:
        """List the names, without loading one."""
        return sorted({*self._own, *self._foreign})

    def __contains__(self, name: object) -> bool:
        """Tell whether somebody offers a name; other packages are asked only for what is not our own."""
        return name in self._own or name in self._foreign

    def load(self, name: str) -> Any:
        """Load one plug-in.

        Parameters
        ----------
        name : str
            Its file name, or the name of its entry point.

        Returns
        -------
        module or object
            The module of that file, or what the entry point names.

        Raises
        ------
        NotFoundError
            Nobody offers that name.
        """
        if name in self._own:
            return importlib.import_module(f"{self.package}.{name}")
        if name in self._foreign:
            return self._foreign[name].load()
        raise NotFoundError(f"There is no {_singular(self.group)} named {name!r}.", remedy=suggest(name, self.names()))

    @functools.cached_property
    def _own(self) -> frozenset[str]:
        path = importlib.import_module(self.package).__path__
        modules = pkgutil.iter_modules(path)
        return frozenset(found.name for found in modules if not found.name.startswith("_") and not found.ispkg)

    @functools.cached_property
    def _foreign(self) -> dict[str, metadata.EntryPoint]:
        return {point.name: point for point in metadata.entry_points(group=self.group)}


def _singular(group: str) -> str:
    """Name one of a group.

    Examples
    --------
    >>> _singular("mlops_lite.joint_checks"), _singular("mlops_lite.soundness")
    ('joint check', 'soundness')
    """
    words = group.rpartition(".")[2].replace("_", " ")
    return words if words.endswith("ss") else words.removesuffix("s")
