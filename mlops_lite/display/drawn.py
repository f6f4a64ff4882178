"""Values that draw themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_lite.display.element import Element

__all__ = ["Drawn", "page", "plain"]

_NARROWEST = 40


class Drawn:
    """A value that draws itself: HTML in a notebook, aligned text where it is printed.

    A class that inherits it defines ``_view`` and keeps a ``__repr__`` of one line.

    Examples
    --------
    >>> from mlops_lite.display import Drawn, card, facts
    >>> class Snapshot(Drawn):
    ...     def _view(self):
    ...         return card("dataset/flights@3", facts({"rows": 336_776}, "Facts"))
    >>> print(Snapshot())
    dataset/flights@3
    ─────────────────
    Facts
    rows  336,776
    """

    __slots__ = ()

    def _view(self) -> Element | Iterable[Element]:
        """Say what there is to see."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it looks: it has no _view().")

    def _repr_html_(self) -> str:
        return page(self._view())

    def __str__(self) -> str:
        return plain(self._view())


def page(view: Element | Iterable[Element]) -> str:
    """Draw elements as HTML that stands by itself: with its style, without a script.

    Parameters
    ----------
    view : Element or iterable of Element

    Returns
    -------
    str
    """
    from mlops_lite.display.style import ROOT, STYLE

    inside = "".join(element.html() for element in _elements(view))
    return f'<div class="{ROOT}"><style>{STYLE}</style>{inside}</div>'


def plain(view: Element | Iterable[Element], width: int | None = None) -> str:
    """Write elements as text.

    Parameters
    ----------
    view : Element or iterable of Element
    width : int, optional
        How many columns; those of the terminal without it, 80 where there is none.

    Returns
    -------
    str
    """
    import shutil

    from mlops_lite.display.element import stack

    return stack(_elements(view), max(_NARROWEST, width or shutil.get_terminal_size().columns))


def _elements(view: Element | Iterable[Element]) -> Iterable[Element]:
    from mlops_lite.display.element import Element

    return [view] if isinstance(view, Element) else view
