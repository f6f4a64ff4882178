"""The schema of a table: one description for snapshots, model signatures and monitors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import attrs

from mlops_lite.display import Drawn
from mlops_lite.errors import NotFoundError, suggest

__all__ = ["Column", "Difference", "Kind", "Schema"]

Kind = Literal["number", "integer", "boolean", "category", "text", "time", "duration", "bytes", "nested"]

_FEW, _SHOWN = 5, 50

# how the text of an Arrow type begins -> what kind of values it holds; the first match counts
_KINDS: tuple[tuple[str, Kind], ...] = (
    ("dictionary", "category"),
    ("bool", "boolean"),
    ("int", "integer"),
    ("uint", "integer"),
    ("halffloat", "number"),
    ("float", "number"),
    ("double", "number"),
    ("decimal", "number"),
    ("string", "text"),
    ("large_string", "text"),
    ("timestamp", "time"),
    ("date", "time"),
    ("time", "time"),
    ("duration", "duration"),
    ("binary", "bytes"),
    ("large_binary", "bytes"),
    ("fixed_size_binary", "bytes"),
)


@attrs.frozen
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
        Its name; a label that is not text stands as its text.
    type : str
        Arrow's text of its type, such as ``int64`` or ``timestamp[us, tz=UTC]``.
    nullable : bool
        Whether a missing value (a null, or NaN among floats) occurs.
    levels : tuple, optional
        Of a category: its values in order, where they are known.
    ordered : bool
        Of a category: whether their order means something.
    shape : tuple of int, optional
        Of arrays in cells: the shape of one.

    Examples
    --------
    >>> Column("age", "int64", nullable=False).kind
    'integer'
    """

    name: str
    type: str
    nullable: bool = True
    levels: tuple[Any, ...] | None = attrs.field(default=None, converter=attrs.converters.optional(tuple))
    ordered: bool = False
    shape: tuple[int, ...] | None = attrs.field(default=None, converter=attrs.converters.optional(tuple))

    @property
    def kind(self) -> Kind:
        """What it holds; ``nested`` is everything that is none of the others."""
        return next((kind for start, kind in _KINDS if self.type.startswith(start)), "nested")


@attrs.frozen
class Difference:
    """One way in which two schemas differ.

    Parameters
    ----------
    column : str
        Of which column.
    kind : str
        ``added``, ``removed``, ``type``, ``levels``, ``ordered``, ``shape``, ``nullable`` or ``position``.
    before, after : object
        What it was, and what it is; None where there is no such column.
    """

    column: str
    kind: str
    before: Any
    after: Any

    @property
    def sentence(self) -> str:
        """Tell it to a person."""
        if self.kind == "added":
            return f"Column {self.column!r} ({self.after}) was added."
        if self.kind == "removed":
            return f"Column {self.column!r} ({self.before}) was removed."
        if self.kind == "levels":
            return f"The levels of {self.column!r} changed: {_levels(self.before, self.after)}."
        if self.kind == "nullable":
            return f"Column {self.column!r} {'now has' if self.after else 'no longer has'} missing values."
        return f"The {self.kind} of {self.column!r} changed from {self.before} to {self.after}."


def _columns(columns: Iterable[Column]) -> tuple[Column, ...]:
    return tuple(columns)


@attrs.frozen(repr=False)
class Schema(Drawn):
    """The columns of a table, in order.

    Parameters
    ----------
    columns : tuple of Column

    Examples
    --------
    >>> schema = Schema((Column("age", "int64", nullable=False), Column("city", "string")))
    >>> schema.names, schema["city"].kind, len(schema), "age" in schema
    (('age', 'city'), 'text', 2, True)
    """

    columns: tuple[Column, ...] = attrs.field(default=(), converter=_columns)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise NotFoundError(f"There is no column {name!r}.", remedy=suggest(str(name), self.names), name=name)

    def __contains__(self, name: object) -> bool:
        return any(column.name == name for column in self.columns)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __repr__(self) -> str:
        few = ", ".join(f"{column.name} {column.type}" for column in self.columns[:_FEW])
        return f"<Schema of {len(self)} columns: {few}{', …' if len(self) > _FEW else ''}>"

    def _view(self) -> Any:
        from mlops_lite.display import card, table

        rows = [[column.name, column.type, column.nullable, _named(column)] for column in self]
        heads = ["column", "type", "may be null", "levels"]
        return card("Schema", table(heads, rows, f"{len(self)} columns, in order", most=_SHOWN))

    def differences(self, other: Schema) -> tuple[Difference, ...]:
        """Say what is different in another schema.

        Parameters
        ----------
        other : Schema
            The later one, or the one that is checked.

        Returns
        -------
        tuple of Difference
            Empty where both are equal.

        Examples
        --------
        >>> before = Schema((Column("age", "int64", nullable=False),))
        >>> after = Schema((Column("age", "double", nullable=False), Column("city", "string")))
        >>> [difference.sentence for difference in before.differences(after)]
        ["The type of 'age' changed from int64 to double.", "Column 'city' (string) was added."]
        """
        mine = {column.name: column for column in self}
        theirs = {column.name: column for column in other}
        found = [Difference(name, "removed", mine[name].type, None) for name in mine if name not in theirs]
        for name in (name for name in mine if name in theirs):
            found += _changes(mine[name], theirs[name])
        found += [Difference(name, "added", None, theirs[name].type) for name in theirs if name not in mine]
        return (*found, *_moves([name for name in mine if name in theirs], [name for name in theirs if name in mine]))


def _named(column: Column) -> str | None:
    return _few(list(column.levels)) if column.levels else None


def _changes(before: Column, after: Column) -> list[Difference]:
    fields = ("type", "levels", "ordered", "shape", "nullable")
    return [
        Difference(before.name, field, getattr(before, field), getattr(after, field))
        for field in fields
        if getattr(before, field) != getattr(after, field)
    ]


def _moves(before: list[str], after: list[str]) -> list[Difference]:
    places = {name: place for place, name in enumerate(after)}
    return [
        Difference(name, "position", place, places[name]) for place, name in enumerate(before) if places[name] != place
    ]


def _levels(before: tuple[Any, ...] | None, after: tuple[Any, ...] | None) -> str:
    if before is None or after is None:
        return "they are known on one side only"
    new = [level for level in after if level not in before]
    gone = [level for level in before if level not in after]
    said = [f"new {_few(new)}" if new else "", f"gone {_few(gone)}" if gone else ""]
    return "; ".join(part for part in said if part) or "their order"


def _few(levels: list[Any], most: int = 5) -> str:
    shown = ", ".join(repr(level) for level in levels[:most])
    return shown + (f" and {len(levels) - most} more" if len(levels) > most else "")
