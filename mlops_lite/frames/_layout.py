"""What a table library needs to rebuild its table exactly, kept in the metadata of an Arrow schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_lite.base import canonical
from mlops_lite.errors import InvalidInputError, InvalidTypeError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["KEY", "attach", "check_index", "check_unique", "merge", "read", "refusal", "write"]

KEY = b"mlops_lite"


def read(schema: pa.Schema) -> dict[str, Any]:
    """Read the layout; empty where a schema has none."""
    found = (schema.metadata or {}).get(KEY)
    return dict(canonical.decode(found)) if found else {}


def write(layout: Mapping[str, Any]) -> bytes:
    """Write a layout as it stands in the metadata."""
    return canonical.encode(layout)


def attach(table: pa.Table, layout: Mapping[str, Any]) -> pa.Table:
    """Put a layout into a table's schema, in place of all other metadata."""
    return table.replace_schema_metadata({KEY: write(layout)})


def merge(layout: dict[str, Any], other: dict[str, Any], what: str) -> dict[str, Any]:
    """Find the layout of two tables, one behind the other.

    Parameters
    ----------
    layout, other : dict
        Of the first and of the second.
    what : str
        What the second is, for the message.

    Raises
    ------
    InvalidInputError
        No frame could hold both.
    """
    if "unique" in layout and "range" not in layout["index"]:
        raise _apart(
            what,
            "a label of rows could come twice, which the flags of the first frame forbid",
            remedy="Snapshot all rows together, or frame.set_flags(allows_duplicate_labels=True).",
        )
    if layout == other:
        return layout
    if layout.get("kind") != other.get("kind"):
        raise _apart(what, f"it is of {other.get('kind')}, not of {layout.get('kind')}")
    fields = {
        name: _field(name, layout["fields"][name], other["fields"][name], what) for name in layout.get("fields", {})
    }
    found = {**layout, "fields": fields} if fields else dict(layout)
    if "index" in layout:
        found["index"] = _index(layout["index"], other["index"], what)
    for name in ("columns", "names"):
        if layout.get(name) != other.get(name):
            raise _apart(what, "its column labels are others")
    return found


def check_index(layout: Mapping[str, Any], other: Mapping[str, Any], what: str) -> None:
    """Refuse two frames whose rows are labelled in different ways.

    Raises
    ------
    InvalidInputError
        Says how to give both a plain index.
    """
    if "index" in layout and "index" in other and _levels(layout["index"]) != _levels(other["index"]):
        raise _apart(
            what,
            f"its index is of another kind ({_said(other['index'])}, not {_said(layout['index'])})",
            remedy="Give it the same index: frame.reset_index(), or frame.set_index(…).",
        )


def _levels(index: Mapping[str, Any]) -> list[str]:
    return [level["column"] for level in index.get("levels", [])]


def _said(index: Mapping[str, Any]) -> str:
    from mlops_lite.frames import _labels

    if "range" in index:
        return "a range"
    names = [_labels.decode(level["name"]) for level in index["levels"]]
    return " and ".join("labels without a name" if name is None else f"labels called {name!r}" for name in names)


def _field(name: str, one: dict[str, Any], two: dict[str, Any], what: str) -> dict[str, Any]:
    if one == two:
        return one
    if one.get("pandas") == two.get("pandas") == "category" and not one["ordered"] and not two["ordered"]:
        from mlops_lite.frames._pandas_columns import merge_categories

        return merge_categories(one, two)
    if "missing" not in one or "missing" not in two:
        joined = {**two, **one}
        if {**joined, "missing": 0} == {**one, "missing": 0} == {**two, "missing": 0}:
            return joined
    differing = sorted(key for key in one.keys() | two.keys() if one.get(key) != two.get(key))
    raise _apart(what, f"column {name!r} differs in its {', '.join(differing)}", column=name)


def _index(one: dict[str, Any], two: dict[str, Any], what: str) -> dict[str, Any]:
    if one == two:
        return one
    if "range" in one and "range" in two:
        if one["range"][1] != two["range"][1] or one["name"] != two["name"]:
            raise _apart(what, "its index counts in another way")
        return one
    pairs = zip(one["levels"], two["levels"], strict=True)
    levels = [
        {**mine, "freq": None, "noted": _field("the index", mine["noted"], yours["noted"], what)}
        for mine, yours in pairs
    ]
    return {**one, "levels": levels}


def _apart(what: str, why: str, remedy: str = "Convert it first.", **facts: Any) -> InvalidInputError:
    return InvalidInputError(f"{what} does not fit: {why}.", remedy=remedy, **facts)


def check_unique(names: list[str]) -> None:
    """Refuse two columns with one name.

    Raises
    ------
    InvalidInputError
        Names them.
    """
    if len(set(names)) == len(names):
        return
    twice = sorted({name for name in names if names.count(name) > 1})
    raise InvalidInputError(
        f"Two columns have the same name: {', '.join(map(repr, twice))}.",
        remedy="Rename one of them: a column is found by its name.",
        columns=twice,
    )


def refusal(column: object, reason: object, remedy: str = "Convert it, or leave it out.") -> InvalidTypeError:
    """Make the error for a column that cannot be held faithfully."""
    return InvalidTypeError(f"Column {column!r} cannot be stored: {reason}.", remedy=remedy, column=column)
