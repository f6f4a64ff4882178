"""What a person sees: elements that draw themselves as HTML in a notebook and as plain text in a terminal.

A public value inherits :class:`Drawn` and says in ``_view`` what there is to see, in elements. Nothing here knows a
feature, loads a library or writes a script; everything that comes from a user is escaped, once, in one place.
"""

from __future__ import annotations

from mlops_lite.display import chart
from mlops_lite.display.drawn import Drawn, page, plain
from mlops_lite.display.element import Element, badge, card, code, figure, section, text
from mlops_lite.display.table import facts, table

__all__ = [
    "Drawn",
    "Element",
    "badge",
    "card",
    "chart",
    "code",
    "facts",
    "figure",
    "page",
    "plain",
    "section",
    "table",
    "text",
]
