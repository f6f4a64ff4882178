"""Holding tables against a signature.

What the types of a table are is judged once for each **layout** (names, order and types of its columns, which a library
tells at once); a table of a layout that was found right is compared with it and nothing more. Values are looked at only
where the signature asks: nulls where none may be, categories that are not in the list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mlops_lite import frames
from mlops_lite.errors import MlopsLiteError
from mlops_lite.frames.describe import describe
from mlops_lite.frames.schema import Column, Schema
from mlops_lite.registry.signature import Mismatch, Signature, aligned, mismatched

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["checker"]

_FAMILIES = ({"number", "integer"}, {"text", "category"}, {"time"}, {"duration"}, {"bytes"})


def checker(signature: Signature) -> Callable[[Any], Any]:
    """Make the function that checks."""
    slowly = _Table(signature).check
    if signature.container == "pandas":
        from mlops_lite.registry.check_pandas import checker as pandas_checker

        return pandas_checker(signature, slowly)
    return slowly


class _Table:
    """The way that any table can go: through Arrow."""

    def __init__(self, signature: Signature) -> None:
        assert signature.schema is not None
        self._signature = signature
        self._schema: Schema = signature.schema

    def check(self, X: Any) -> Any:
        table = self._as_arrow(X)
        mismatches = [
            Mismatch(name, "missing", f"{name!r} is missing")
            for name in self._schema.names
            if name not in table.column_names and name not in self._signature.optional
        ]
        described = describe(table)
        columns = {
            column.name: fitted(column, described[column.name], table.column(column.name), mismatches)
            for column in self._schema
            if column.name in table.column_names
        }
        if mismatches:
            raise mismatched(mismatches)
        for name in self._of_another_dtype(X, columns):
            columns[name] = table.column(name)
        return self._given_back(X, table, columns)

    def _of_another_dtype(self, X: Any, columns: dict[str, Any]) -> list[str]:
        """Name columns of a pandas frame that hold the same type in another way, such as Int64 for int64."""
        wanted = self._signature.dtypes
        if frames.kind(X) != "pandas":
            return []
        found = {str(label): str(dtype) for label, dtype in X.dtypes.items()}
        return [name for name, new in columns.items() if new is None and found[name] != wanted.get(name, found[name])]

    def _as_arrow(self, X: Any) -> pa.Table:
        table = aligned(X)
        if frames.kind(table) in (None, "numpy"):
            said = f"a table of {self._signature.container} is expected, not a {type(X).__name__}"
            raise mismatched([Mismatch(None, "container", said)])
        try:
            return frames.to_arrow(table)
        except MlopsLiteError as error:
            raise mismatched([Mismatch(None, "container", str(error))]) from error

    def _given_back(self, X: Any, table: pa.Table, columns: dict[str, Any]) -> Any:
        import pyarrow as pa

        container = self._signature.container
        same = frames.kind(X) == container and list(columns) == table.column_names
        if same and all(new is None for new in columns.values()):
            return X
        cast = {name: table.column(name) if new is None else new for name, new in columns.items()}
        if container == "pandas":
            from mlops_lite.registry.check_pandas import frame_of

            return frame_of(X, cast, {name for name, new in columns.items() if new is not None}, self._signature)
        return frames.from_arrow(pa.table(cast), container)


def fitted(column: Column, described: Column, actual: Any, mismatches: list[Mismatch]) -> Any:
    """Hold one column against what is expected of it.

    Parameters
    ----------
    column : Column
        What is expected.
    described : Column
        What it is.
    actual : pyarrow.ChunkedArray
    mismatches : list
        Takes what is wrong.

    Returns
    -------
    pyarrow.ChunkedArray or None
        The column with the expected type; None where it has that already, or does not fit.
    """
    before = len(mismatches)
    cast = _cast(column, described, actual, mismatches)
    if len(mismatches) == before and described.nullable and not column.nullable:
        mismatches.append(null(column.name))
    return cast


def null(name: str) -> Mismatch:
    """Say that a value is missing where none may be."""
    return Mismatch(name, "null", f"{name!r} has missing values, and the example had none")


def _cast(column: Column, described: Column, actual: Any, mismatches: list[Mismatch]) -> Any:
    if column.kind == "category":
        return _as_category(column, described, actual, mismatches)
    if described.type == column.type:
        return None
    if actual.null_count == len(actual):  # of no values there is no type
        return actual.cast(arrow_type(column.type)) if _has_type(column.type) else None
    related = any(column.kind in family and described.kind in family for family in _FAMILIES)
    if related and _has_type(column.type):
        try:
            plain = actual.cast(actual.type.value_type) if described.kind == "category" else actual
            return plain.cast(arrow_type(column.type), safe=True)
        except Exception as error:
            reason = f"{column.name!r} cannot become {column.type} without loss: {error}"
            mismatches.append(Mismatch(column.name, "type", reason))
            return None
    mismatches.append(
        Mismatch(column.name, "type", f"{column.name!r} has the type {described.type}, and {column.type} is expected")
    )
    return None


def _as_category(column: Column, described: Column, actual: Any, mismatches: list[Mismatch]) -> Any:
    import pyarrow as pa

    same = described.kind == "category" and described.levels == column.levels
    if same and described.ordered == column.ordered:
        return None
    plain = actual.cast(actual.type.value_type) if pa.types.is_dictionary(actual.type) else actual
    values = plain.unique().drop_null().to_pylist()
    if column.levels is None:
        return None if described.kind == "category" else actual.dictionary_encode()
    unknown = [value for value in values if value not in set(column.levels)]
    if unknown:
        said = f"{column.name!r} has categories that are not known: {', '.join(map(repr, unknown[:5]))}"
        mismatches.append(Mismatch(column.name, "category", said))
        return None
    levels = pa.array(list(column.levels), type=None if values == [] else plain.type)
    places = {level: place for place, level in enumerate(column.levels)}
    codes = pa.array([None if value is None else places[value] for value in plain.to_pylist()], pa.int32())
    return pa.chunked_array([pa.DictionaryArray.from_arrays(codes, levels, ordered=column.ordered)])


def _has_type(text: str) -> bool:
    try:
        arrow_type(text)
    except ValueError:
        return False
    return True


def arrow_type(text: str) -> Any:
    """Read a type of Arrow from its text.

    Raises
    ------
    ValueError
        It is one that is not cast to: nested, or a dictionary.

    Examples
    --------
    >>> arrow_type("int64"), arrow_type("timestamp[us, tz=UTC]")
    (DataType(int64), TimestampType(timestamp[us, tz=UTC]))
    """
    import pyarrow as pa

    if text.startswith("timestamp["):
        unit, _, zone = text[10:-1].partition(", tz=")
        return pa.timestamp(unit, zone or None)
    return pa.type_for_alias({"halffloat": "float16"}.get(text, text))
