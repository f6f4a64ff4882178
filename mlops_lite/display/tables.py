"""Tables: real ones, with captions and scopes; aligned columns in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import Any

from mlops_lite.display import format
from mlops_lite.display.element import Element
from mlops_lite.display.escape import clip, html, pad, visible, width, wrap

__all__ = ["Table", "facts", "table"]

_GAP = "  "
_NARROWEST = 6  # cells that a column keeps, however many there are
_PLAIN_ROWS = 30
_LINE = 42  # characters that stand on one line in a notebook
_HARD = "\u00a0"  # a space at which no line is broken
_LONG = ' class="w"'
_CELL = 1_000  # cells of a terminal that one value may take, over several lines


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; without columns, rows of a name and a value."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    caption: str
    more: int = 0

    def html(self) -> str:
        """Draw it."""
        right = self._right()
        head = "".join(
            f'<th scope="col"{_side(side)}>{html(name)}</th>' for name, side in zip(self.columns, right, strict=False)
        )
        head = f"<thead><tr>{head}</tr></thead>" if self.columns else ""
        body = "".join(_row(row, right) for row in self.rows)
        more = f'<p class="q">{_more(self.more)}</p>' if self.more else ""
        return f"<table><caption>{html(self.caption)}</caption>{head}<tbody>{body}</tbody></table>{more}"

    def plain(self, width: int) -> str:
        """Write it, in aligned columns."""
        rows = [[_plain(cell) for cell in row] for row in self.rows[:_PLAIN_ROWS]]
        more = self.more + len(self.rows) - len(rows)
        head = [clip(visible(self.caption), width)] if self.caption else []
        return "\n".join([*head, *self._lines(rows, width), *([_more(more)] if more else [])])

    def _lines(self, rows: list[list[str]], room: int) -> list[str]:
        names = [[visible(name) for name in self.columns]] if self.columns else []
        widths, right = _fit([*names, *rows], room), self._right()
        if names and sum(widths) + len(_GAP) * (len(widths) - 1) > room:
            return _records(names[0], rows, room)
        rule = [_GAP.join("─" * each for each in widths)] if names else []
        head, body = ([line for row in part for line in _lines(row, widths, right)] for part in (names, rows))
        return [*head, *rule, *body]

    def _right(self) -> list[bool]:
        """Columns of numbers stand to the right."""
        count = max((len(row) for row in self.rows), default=len(self.columns))
        return [bool(self.columns) and self._is_numeric(index) for index in range(count)]

    def _is_numeric(self, index: int) -> bool:
        found = [row[index] for row in self.rows if index < len(row) and row[index] is not None]
        return bool(found) and all(format.is_number(cell) for cell in found)


def _row(row: tuple[Any, ...], right: Sequence[bool]) -> str:
    first, *others = (_cell(cell, side) for cell, side in zip(row, right, strict=False))
    return f'<tr><th scope="row"{first}</th>{"".join(f"<td{other}</td>" for other in others)}</tr>'


def _cell(cell: Any, right: bool) -> str:
    """Write a cell without its opening and closing words; short ones stay on one line."""
    written = cell.html() if isinstance(cell, Element) else html(format.value(cell))
    is_long = not right and len(written) > _LINE and not isinstance(cell, Element)
    return f"{_side(right)}{_LONG if is_long else ''}>{written}"


def _side(right: bool) -> str:
    return ' class="n"' if right else ""


def _plain(cell: Any) -> str:
    if isinstance(cell, Element):
        return visible(cell.plain(_CELL)).replace(" ", _HARD)
    return clip(visible(format.value(cell)), _CELL)


def _more(count: int) -> str:
    return f"… and {count:,} more"


def _fit(cells: list[list[str]], room: int) -> list[int]:
    """Take from the widest columns until all fit; break words, such as refs, only where nothing else helps."""
    columns = [[cell for cell in column if cell] or [""] for column in zip_longest(*cells, fillvalue="")]
    widths = [max(map(width, column)) for column in columns]
    words = [max(width(word) for cell in column for word in cell.split(" ")) for column in columns]
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - room
    for least in (words, [_NARROWEST] * len(widths)):
        while excess > 0 and any(each > low for each, low in zip(widths, least, strict=True)):
            spare = [each if each > low else 0 for each, low in zip(widths, least, strict=True)]
            widths[spare.index(max(spare))] -= 1
            excess -= 1
    return widths


def _lines(row: list[str], widths: list[int], right: Sequence[bool]) -> list[str]:
    """Write a row; what is too long for its column goes on below."""
    cells = [wrap(cell, each) for cell, each in zip(row, widths, strict=False)]
    return [_line(line, widths, right) for line in zip_longest(*cells, fillvalue="")]


def _records(names: list[str], rows: list[list[str]], room: int) -> list[str]:
    """Write the cells of each row below each other, where there are too many columns to stand side by side."""
    widest = min(max(map(width, names)), room // 3)
    widths = [widest, room - widest - len(_GAP)]
    lines: list[str] = []
    for row in rows:
        lines += [""] if lines else []
        lines += [line for pair in zip(names, row, strict=False) for line in _lines(list(pair), widths, [False, False])]
    return lines


def _line(cells: Iterable[str], widths: list[int], right: Sequence[bool]) -> str:
    return _GAP.join(pad(*cell) for cell in zip(cells, widths, right, strict=False)).rstrip().replace(_HARD, " ")


def table(columns: Iterable[object], rows: Iterable[Iterable[Any]], caption: object, *, most: int = 100) -> Table:
    """Make a table.

    Parameters
    ----------
    columns : iterable of str
        The names of the columns; the first one names the rows.
    rows : iterable of iterables
        Cells: text, numbers, times, truth values, None, or elements (a badge, a sparkline).
    caption : object
        What it shows.
    most : int
        How many rows to draw; the rest is counted.

    Returns
    -------
    Element

    Examples
    --------
    >>> print(table(["column", "missing"], [["age", 0.25], ["city", None]], "Missing values").plain(40))
    Missing values
    column  missing
    ──────  ───────
    age        0.25
    city          –
    """
    remaining = iter(rows)
    shown = tuple(tuple(row) for row in islice(remaining, most))
    return Table(tuple(map(str, columns)), shown, str(caption), sum(1 for _ in remaining))


def facts(values: Mapping[str, Any], caption: object, *, most: int = 100) -> Table:
    """Make a table of names and values; None is left out.

    Parameters
    ----------
    values : mapping
    caption : object
    most : int
        How many to draw; the rest is counted.

    Returns
    -------
    Element

    Examples
    --------
    >>> print(facts({"rows": 336_776, "key": "flight_id", "message": None}, "Facts").plain(40))
    Facts
    rows  336,776
    key   flight_id
    """
    known = [(name, value) for name, value in values.items() if value is not None]
    return Table((), tuple(known[:most]), str(caption), max(0, len(known) - most))
