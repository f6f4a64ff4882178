"""Text of users, made harmless: for HTML, and for terminals, where control characters can do things too."""

from __future__ import annotations

import html as _html
import unicodedata

__all__ = ["attribute", "clip", "html", "pad", "visible", "width", "wrap"]


def visible(text: object) -> str:
    r"""Show control characters instead of obeying them; line breaks and tabs become spaces.

    Examples
    --------
    >>> visible("red: \x1b[31m, and\nmore")
    'red: \\x1b[31m, and more'
    """
    written = str(text)
    if written.isprintable():
        return written
    return "".join(_visible(character) for character in written)


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    if character.isspace() and character.isascii():
        return " "
    return " " if unicodedata.category(character) == "Zs" else character.encode("unicode_escape").decode()


def html(text: object) -> str:
    """Escape for the inside of an element.

    Examples
    --------
    >>> html("<script>alert('&')</script>")
    "&lt;script&gt;alert('&amp;')&lt;/script&gt;"
    """
    return _html.escape(visible(text), quote=False)


def attribute(text: object) -> str:
    """Escape for the inside of a quoted attribute."""
    return _html.escape(visible(text), quote=True)


def width(text: str) -> int:
    """Count the cells that a text takes in a terminal: wide characters take two, combining marks none.

    Examples
    --------
    >>> width("naïve"), width("数据")
    (5, 4)
    """
    if text.isascii():
        return len(text)
    return sum(_cells(character) for character in text)


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def clip(text: str, cells: int) -> str:
    """Cut a text to so many cells, with an ellipsis where something was lost.

    Examples
    --------
    >>> clip("a long name", 6)
    'a lon…'
    """
    if width(text) <= cells:
        return text
    kept = ""
    for character in text:
        if width(kept + character) > cells - 1:
            break
        kept += character
    return kept + "…"


def pad(text: str, cells: int, right: bool = False) -> str:
    """Fill up with spaces, after the text or before it."""
    space = " " * (cells - width(text))
    return space + text if right else text + space


def wrap(text: str, cells: int) -> list[str]:
    """Break a text into lines of so many cells: between words where it can be, nothing lost.

    Examples
    --------
    >>> wrap("one changed value of incomprehensible size", 12)
    ['one changed', 'value of', 'incomprehens', 'ible size']
    """
    if width(text) <= cells:
        return [text]
    lines = [""]
    for word in text.split(" "):
        if width(lines[-1]) + width(word) + 1 <= cells and lines[-1]:
            lines[-1] += " " + word
            continue
        if lines[-1]:
            lines.append("")
        for character in word:
            if width(lines[-1] + character) > cells:
                lines.append("")
            lines[-1] += character
    return lines
