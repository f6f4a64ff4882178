"""What a person sees: elements that draw themselves as HTML in a notebook and as plain text in a terminal.

A public value inherits :class:`Drawn` and says in ``_view`` what there is to see, in elements. Nothing here knows a
feature, loads a library or writes a script; everything that comes from a user is escaped, once, in one place. Whoever
draws nothing loads nothing of it but :class:`Drawn`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from mlops_lite.display.drawn import Drawn, page, plain

if TYPE_CHECKING:
    from mlops_lite.display import chart, format
    from mlops_lite.display.element import Element, badge, card, code, figure, section, text
    from mlops_lite.display.tables import facts, table

__all__ = [
    "Drawn",
    "Element",
    "badge",
    "card",
    "chart",
    "code",
    "facts",
    "figure",
    "format",
    "page",
    "plain",
    "section",
    "table",
    "text",
]

_HOMES = {"facts": "tables", "table": "tables", "chart": "", "format": ""}  # the others are elements


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOMES.get(name, "element")
    found = importlib.import_module(f"{__name__}.{home or name}")
    value = getattr(found, name) if home else found
    globals()[name] = value
    return value
