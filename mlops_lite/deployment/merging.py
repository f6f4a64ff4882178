"""Tables whose columns hold one thing in several types, one behind the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

__all__ = ["merged", "together"]


def merged(tables: Sequence[Any]) -> Any:
    """Put tables behind each other.

    A column that has several types gets the one that holds all of them, else it becomes text: what one caller sends as
    a category another sends as text or as a number, and nothing of it may be lost.

    Parameters
    ----------
    tables : sequence of pyarrow.Table

    Returns
    -------
    pyarrow.Table

    Examples
    --------
    >>> import pyarrow as pa
    >>> merged([pa.table({"a": [1]}), pa.table({"a": [0.5]}), pa.table({"a": ["x"], "b": [True]})]).to_pylist()
    [{'a': '1', 'b': None}, {'a': '0.5', 'b': None}, {'a': 'x', 'b': True}]
    """
    import pyarrow as pa

    types: dict[str, dict[Any, None]] = defaultdict(dict)
    for table in tables:
        for field in table.schema:
            types[field.name][field.type] = None
    wanted = {name: _common(list(found)) for name, found in types.items() if len(found) > 1}
    return pa.concat_tables([_converted(table, wanted) for table in tables], promote_options="default")


def together(answered: Sequence[Any], failed: Sequence[Any]) -> Any:
    """Put answered and failed calls behind each other; the answered ones say of what type a column is.

    What a refused call gave of another type is gone, but for its error, which says so: one bad request must not make
    text of a column of numbers.

    Parameters
    ----------
    answered, failed : sequence of pyarrow.Table

    Returns
    -------
    pyarrow.Table
    """
    import pyarrow as pa

    if not answered:
        return merged(failed)
    whole = merged(answered)
    types = {field.name: field.type for field in whole.schema}
    others = merged(failed) if failed else whole.slice(0, 0)
    for place, field in enumerate(others.schema):
        kind = types.get(field.name, field.type)
        if kind != field.type:
            others = others.set_column(place, field.name, _fitting(others.column(place), kind))
    return pa.concat_tables([whole, others], promote_options="default")


def _fitting(column: Any, kind: Any) -> Any:
    import pyarrow as pa

    try:
        return column.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return pa.nulls(len(column), kind)


def _common(types: list[Any]) -> Any:
    import pyarrow as pa

    bare = [kind.value_type if pa.types.is_dictionary(kind) else kind for kind in types]
    try:
        schemas = [pa.schema([("a", kind)]) for kind in bare]
        return pa.unify_schemas(schemas, promote_options="permissive").field("a").type
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.string()


def _converted(table: Any, wanted: dict[str, Any]) -> Any:
    for place, field in enumerate(table.schema):
        kind = wanted.get(field.name, field.type)
        if kind != field.type:
            table = table.set_column(place, field.name, _as(table.column(place), kind))
    return table


def _as(column: Any, kind: Any) -> Any:
    import pyarrow as pa

    try:
        return column.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return pa.array([None if value is None else str(value) for value in column.to_pylist()], pa.string())
