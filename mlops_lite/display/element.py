"""Elements: each knows its HTML and its plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from mlops_lite.display.escape import attribute, clip, html, visible

__all__ = ["Badge", "Card", "Code", "Element", "Figure", "Section", "Text", "Tone", "badge", "card", "code"]
__all__ += ["figure", "section", "stack", "text"]

Tone = Literal["", "ok", "info", "warning", "alert"]
MARKS = {"": "", "ok": "✓ ", "info": "• ", "warning": "▲ ", "alert": "✗ "}  # never colour alone


@runtime_checkable
class Element(Protocol):
    """Something to see."""

    def html(self) -> str:
        """Draw it for a notebook."""
        ...

    def plain(self, width: int) -> str:
        """Write it for a terminal of so many columns."""
        ...


def stack(elements: Iterable[Element], width: int) -> str:
    """Write elements below each other."""
    return "\n".join(filter(None, (element.plain(width) for element in elements)))


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    words: str
    quiet: bool = False

    def html(self) -> str:
        """Draw it."""
        opening = '<p class="q">' if self.quiet else "<p>"
        return f"{opening}{html(self.words)}</p>"

    def plain(self, width: int) -> str:
        """Write it, in lines."""
        return textwrap.fill(visible(self.words), width)


@dataclass(frozen=True, slots=True)
class Badge:
    """A word that stands out, by its mark and its colour."""

    word: str
    tone: Tone = ""

    def html(self) -> str:
        """Draw it."""
        return f'<span class="b t-{self.tone}">{MARKS[self.tone]}{html(self.word)}</span>'

    def plain(self, width: int) -> str:
        """Write it."""
        return clip(MARKS[self.tone] + visible(self.word), width)


@dataclass(frozen=True, slots=True)
class Code:
    """Source code, a difference or a traceback, line by line."""

    source: str

    def html(self) -> str:
        """Draw it."""
        return "<pre>" + "\n".join(html(line) for line in self.source.expandtabs(4).splitlines()) + "</pre>"

    def plain(self, width: int) -> str:
        """Write it, indented; long lines are cut."""
        return "\n".join("    " + clip(visible(line), width - 4) for line in self.source.expandtabs(4).splitlines())


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing with what it says below it."""

    drawing: Element
    caption: str

    def html(self) -> str:
        """Draw it."""
        return f"<figure>{self.drawing.html()}<figcaption>{html(self.caption)}</figcaption></figure>"

    def plain(self, width: int) -> str:
        """Write it."""
        return f"{clip(visible(self.caption), width)}\n{textwrap.indent(self.drawing.plain(width - 2), '  ')}"


@dataclass(frozen=True, slots=True)
class Section:
    """A part that folds."""

    title: str
    elements: tuple[Element, ...]
    opened: bool = False

    def html(self) -> str:
        """Draw it."""
        inside = "".join(element.html() for element in self.elements)
        opening = '<details open="">' if self.opened else "<details>"
        return f"{opening}<summary>{html(self.title)}</summary>{inside}</details>"

    def plain(self, width: int) -> str:
        """Write it, unfolded."""
        return f"\n{clip(visible(self.title), width)}\n{textwrap.indent(stack(self.elements, width - 2), '  ')}"


@dataclass(frozen=True, slots=True)
class Card:
    """A whole view: what it is, how it stands, what there is to it."""

    title: str
    elements: tuple[Element, ...]
    subtitle: str = ""
    status: Badge | None = None

    def html(self) -> str:
        """Draw it."""
        # a role instead of <h4>: notebooks list headings of outputs in their table of contents
        head = f'<p class="t" role="heading" aria-level="4">{html(self.title)}</p>'
        status = self.status.html() if self.status else ""
        subtitle = f'<span class="q">{html(self.subtitle)}</span>' if self.subtitle else ""
        inside = "".join(element.html() for element in self.elements)
        return (
            f'<article aria-label="{attribute(self.title)}"><header>{head}{status}{subtitle}</header>{inside}</article>'
        )

    def plain(self, width: int) -> str:
        """Write it."""
        head = visible(self.title) + (f"  {self.status.plain(width)}" if self.status else "")
        lines = [clip(head, width), "─" * min(width, max(len(head), 8))]
        if self.subtitle:
            lines.insert(1, textwrap.fill(visible(self.subtitle), width))
        return "\n".join([*lines, *filter(None, [stack(self.elements, width)])])


def text(words: object, *, quiet: bool = False) -> Text:
    """Make a paragraph.

    Parameters
    ----------
    words : object
        Its text.
    quiet : bool
        Whether it stands back.

    Returns
    -------
    Element
    """
    return Text(str(words), quiet)


def badge(word: object, tone: Tone = "") -> Badge:
    """Make a word that stands out, also without colour.

    Parameters
    ----------
    word : object
    tone : {"", "ok", "info", "warning", "alert"}

    Returns
    -------
    Element

    Examples
    --------
    >>> badge("failed", "alert").plain(80)
    '✗ failed'
    """
    return Badge(str(word), tone)


def code(source: str) -> Code:
    """Make a block of source code.

    Returns
    -------
    Element
    """
    return Code(source)


def figure(drawing: Element, caption: object) -> Figure:
    """Put a caption to a drawing of :mod:`mlops_lite.display.chart`.

    Parameters
    ----------
    drawing : Element
    caption : object
        What it shows; figures without words are lost on many readers.

    Returns
    -------
    Element
    """
    return Figure(drawing, str(caption))


def section(title: object, *elements: Element, opened: bool = False) -> Section:
    """Make a part that folds.

    Parameters
    ----------
    title : object
    *elements : Element
    opened : bool
        Whether it is unfolded at first.

    Returns
    -------
    Element
    """
    return Section(str(title), elements, opened)


def card(title: object, *elements: Element | None, subtitle: object = "", status: Badge | None = None) -> Card:
    """Make a whole view.

    Parameters
    ----------
    title : object
        What it is: a ref, or a kind and a name.
    *elements : Element or None
        What there is to it; None is left out.
    subtitle : object
        One line of circumstances: who, when.
    status : Badge, optional
        How it stands.

    Returns
    -------
    Element

    Examples
    --------
    >>> print(card("run/01J", text("Two metrics."), status=badge("finished", "ok")).plain(40))
    run/01J  ✓ finished
    ───────────────────
    Two metrics.
    """
    return Card(str(title), tuple(element for element in elements if element is not None), str(subtitle), status)
