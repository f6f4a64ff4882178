"""Summaries of many runs as a table: in a segment, which is a file of them, or in memory."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mlops_lite.store import run_layout

__all__ = ["Part", "Segment", "Table", "segment_path", "to_bytes", "write"]

_ROWS_A_GROUP = 5_000


class Segment:
    """A file of many summaries."""

    def __init__(self, digest: str, file: pq.ParquetFile) -> None:
        self.digest = digest
        self.file = file
        self.columns = list(file.schema_arrow.names)
        self._group_read: tuple[int, pa.Table] | None = None

    def read(self, columns: list[str]) -> pa.Table:
        """Read columns of all."""
        return self.file.read(columns=columns)

    def body(self, row: int) -> tuple[int, str, bytes]:
        """Read one: its revision, digest and bytes."""
        group = row // _ROWS_A_GROUP
        table = self._group(group)
        at = row - group * _ROWS_A_GROUP
        return table["rev"][at].as_py(), table["digest"][at].as_py(), table["body"][at].as_py()

    def _group(self, group: int) -> pa.Table:
        if self._group_read is None or self._group_read[0] != group:
            self._group_read = group, self.file.read_row_group(group, columns=["rev", "digest", "body"])
        return self._group_read[1]


class Table:
    """Summaries in memory."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        self.columns = list(table.column_names)

    def read(self, columns: list[str]) -> pa.Table:
        """Read columns of all."""
        return self.table.select(columns)

    def body(self, row: int) -> tuple[int, str, bytes]:
        """Read one: its revision, digest and bytes."""
        table = self.table
        return table["rev"][row].as_py(), table["digest"][row].as_py(), table["body"][row].as_py()


Part = Segment | Table


def segment_path(digest: str) -> str:
    """Say where a segment stands."""
    return f"{run_layout.SEGMENTS}/{digest}.parquet"


def write(table: pa.Table, target: Any) -> None:
    """Write a segment into a file."""
    pq.write_table(table, target, compression="zstd", row_group_size=_ROWS_A_GROUP)


def to_bytes(table: pa.Table) -> bytes:
    """Give the bytes of a segment."""
    sink = pa.BufferOutputStream()
    write(table, sink)
    return bytes(sink.getvalue())
