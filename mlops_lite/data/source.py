"""What a snapshot is made of: a table in memory or a stream of tables, as blocks of one schema."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import attrs
import pyarrow as pa

from mlops_lite import frames
from mlops_lite.data.address import plain
from mlops_lite.errors import InvalidInputError, InvalidTypeError
from mlops_lite.frames import _layout

__all__ = ["Source", "source"]

_BLOCK_ROWS = 1 << 19
_BLOCK_BYTES = 16 << 20
_LEAST_ROWS = 4096  # the first block is what the cut is chosen from


@attrs.define
class Source:
    """Rows to be stored.

    Parameters
    ----------
    kind : str
        Of what library the table is.
    schema : pyarrow.Schema
        With the layout of the library. Of a stream it is complete only when the blocks are used up.
    blocks : iterator of pyarrow.Table
        The rows, in order.
    rows : int, optional
        How many there are, where that is known.
    table : pyarrow.Table, optional
        All of them, where they are in memory.
    """

    kind: str
    schema: pa.Schema
    blocks: Iterator[pa.Table]
    rows: int | None = None
    table: pa.Table | None = None

    def sample(self) -> pa.Table:
        """Give the first block without using it up."""
        first = next(self.blocks, None)
        if first is None:
            return self.schema.empty_table()
        self.blocks = itertools.chain([first], self.blocks)
        return first


def source(value: Any) -> Source:
    """Look at what was given.

    Parameters
    ----------
    value : table, iterator of tables, or what Arrow can stream

    Raises
    ------
    InvalidTypeError
        It is neither, or a column cannot be stored.
    """
    kind = frames.kind(value)
    if kind is not None:
        table = frames.to_arrow(value, whole=True)
        check_types(table.schema)
        return Source(kind, table.schema, iter([table] if table.num_rows else []), table.num_rows, table)
    if not frames.is_stream(value):
        frames.to_arrow(value)  # says what is wrong
    return _stream(value)


def check_types(schema: pa.Schema) -> None:
    """Refuse types that Parquet does not have, naming the column."""
    for field in schema:
        try:
            plain(field.type)
        except InvalidTypeError as error:
            raise _layout.refusal(field.name, error.message) from None


def _slices(table: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, table.num_rows, _BLOCK_ROWS):
        yield table.slice(start, _BLOCK_ROWS)


def _stream(value: Any) -> Source:
    tables = _tables(value)
    first = next(tables, None)
    if first is None:
        raise InvalidInputError("The stream is empty: it has no table, so no columns.", remedy="Give an empty frame.")
    check_types(first.schema)
    kind = _layout.read(first.schema)["kind"]
    found = Source(kind, first.schema, iter(()), _count(value))
    found.blocks = _gathered(_agreeing(itertools.chain([first], tables), found))
    return found


def _count(value: Any) -> int | None:
    counter = getattr(value, "count_rows", None)
    return int(counter()) if callable(counter) and hasattr(value, "schema") else None


def _tables(value: Any) -> Iterator[pa.Table]:
    if hasattr(value, "__next__") and not isinstance(value, pa.RecordBatchReader):
        for part in value:
            yield frames.to_arrow(part, whole=True)
        return
    batches = frames.batches(value)
    schema = value.schema if isinstance(getattr(value, "schema", None), pa.Schema) else None
    if schema is not None:
        batches = itertools.chain([pa.RecordBatch.from_pylist([], schema=schema)], batches)
    for batch in batches:
        yield frames.to_arrow(pa.Table.from_batches([batch]), whole=True)


def _agreeing(tables: Iterator[pa.Table], found: Source) -> Iterator[pa.Table]:
    """Bring every table to the schema of the first, or say where it differs."""
    for number, table in enumerate(tables):
        if number:
            found.schema = agreed(found.schema, table.schema, f"Table {number} of the stream")
            table = _fitted(table, found.schema)
        yield table.replace_schema_metadata(None)


def agreed(schema: pa.Schema, other: pa.Schema, what: str) -> pa.Schema:
    """Find the schema that holds two tables, one behind the other.

    Raises
    ------
    InvalidInputError
        Their columns differ; says which.
    """
    layouts = _layout.read(schema), _layout.read(other)
    _layout.check_index(*layouts, what)
    if schema.names != other.names:
        one, two = set(schema.names), set(other.names)
        lacking, more = sorted(one - two), sorted(two - one)
        said = [f"lacks {lacking}" if lacking else "", f"has {more} besides" if more else ""]
        raise InvalidInputError(
            f"{what} has other columns: it {' and '.join(filter(None, said)) or 'has them in another order'}.",
            remedy=f"Give it the columns {schema.names}.",
        )
    fields = []
    for mine, yours in zip(schema, other, strict=True):
        types = {mine.type, yours.type} - {pa.null()}
        if len({_family(kind) for kind in types}) > 1:
            raise InvalidInputError(
                f"{what} has {yours.name!r} as {yours.type}, not {mine.type}.",
                remedy=f"Convert that column to {mine.type}.",
                column=yours.name,
            )
        fields.append(mine if mine.type != pa.null() else yours)
    layout = _layout.merge(*layouts, what)
    return pa.schema(fields, {_layout.KEY: _layout.write(layout)})


def _family(kind: pa.DataType) -> str:
    return "category" if pa.types.is_dictionary(kind) else str(kind)


def _fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    arrays = [
        column.cast(field.type) if column.type == pa.null() else column
        for column, field in zip(table.columns, schema, strict=True)
    ]
    return pa.table(arrays, names=schema.names)


def _gathered(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Make blocks of some size: many small tables would be many small steps."""
    held: list[pa.Table] = []
    rows = size = 0
    for table in tables:
        for block in _slices(table) if table.num_rows else ():
            held.append(block)
            rows, size = rows + block.num_rows, size + block.nbytes
            if rows >= _LEAST_ROWS and (rows >= _BLOCK_ROWS or size >= _BLOCK_BYTES):
                yield _joined(held)
                held, rows, size = [], 0, 0
    if held:
        yield _joined(held)


def _joined(held: list[pa.Table]) -> pa.Table:
    """Put tables together; a column that was all null at first takes the type that it turned out to have."""
    schema = held[-1].schema
    return pa.concat_tables([table if table.schema == schema else _fitted(table, schema) for table in held])
