"""Classes that stand in files named after them: ``NoWorse`` in ``no_worse.py``."""

from __future__ import annotations

import inspect
import re
from typing import Any

from mlops_lite.base.extension import Extensions
from mlops_lite.errors import NotFoundError, suggest

__all__ = ["camel", "find", "snake"]


def find(known: Extensions, name: str) -> Any:
    """Give the class of a plug-in.

    Parameters
    ----------
    known : Extensions
    name : str
        Of its file, or of its entry point.

    Raises
    ------
    NotFoundError
        Nobody offers it.
    """
    found = known.load(name)
    return getattr(found, camel(name)) if inspect.ismodule(found) else found


def attribute(known: Extensions, module: str, name: str) -> Any:
    """Answer for a module's ``__getattr__``: the class of that name."""
    if name[:1].isupper():
        try:
            return find(known, snake(name))
        except NotFoundError:
            advice = suggest(name, [camel(one) for one in known.names()])
            raise AttributeError(f"module {module!r} has no attribute {name!r}. {advice}") from None
    raise AttributeError(f"module {module!r} has no attribute {name!r}")


def snake(name: str) -> str:
    """Name the file of a class.

    Examples
    --------
    >>> snake("NoWorse"), camel("no_worse")
    ('no_worse', 'NoWorse')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def camel(name: str) -> str:
    """Name the class of a file."""
    return "".join(part.capitalize() for part in name.split("_"))
