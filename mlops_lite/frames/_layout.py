"""What a table library needs to rebuild its table exactly, kept in the metadata of an Arrow schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_lite.base import canonical
from mlops_lite.errors import InvalidInputError, InvalidTypeError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["attach", "check_unique", "read", "refusal"]

KEY = b"mlops_lite"


def read(schema: pa.Schema) -> dict[str, Any]:
    """Read the layout; empty where a schema has none."""
    found = (schema.metadata or {}).get(KEY)
    return dict(canonical.decode(found)) if found else {}


def attach(table: pa.Table, layout: Mapping[str, Any]) -> pa.Table:
    """Put a layout into a table's schema, in place of all other metadata but that of its author."""
    others = {key: value for key, value in (table.schema.metadata or {}).items() if key not in (KEY, b"pandas")}
    return table.replace_schema_metadata({**others, KEY: canonical.encode(layout)})


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
