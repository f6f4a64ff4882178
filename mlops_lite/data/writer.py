"""Writing a table: cut into parts, address every column of each, and write what the parent does not hold."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlops_lite.base import progress
from mlops_lite.data import parquet
from mlops_lite.data.address import address, joined, plain
from mlops_lite.data.cut import Cut, Cutter
from mlops_lite.data.manifest import Cells, Manifest

if TYPE_CHECKING:
    from mlops_lite.store import ObjectBatch

__all__ = ["Writer"]

_RUN_PARTS = 16  # parts in a file at most: fewer footers to read for a few columns
_RUN_BYTES = 48 << 20  # and bytes: what a thread holds at a time
_THREADS = min(os.cpu_count() or 1, 8)


@attrs.define
class _Placed:
    """Where a cell stands: in a file of the parent (an index), or in one that was just written (a digest)."""

    file: int | str
    group: int
    field: str


@attrs.define
class _Run:
    """Some consecutive parts, addressed and written."""

    rows: list[int]
    addresses: list[list[bytes]]
    nulls: list[list[int]]
    nan: list[list[bool]]
    placed: list[list[_Placed]]


class Writer:
    """Writes one version of a table.

    Parameters
    ----------
    batch : ObjectBatch
        Where new files go.
    schema : pyarrow.Schema
    cut : Cut
    parent : Manifest, optional
        What need not be written again.
    """

    def __init__(self, batch: ObjectBatch, schema: pa.Schema, cut: Cut, parent: Manifest | None) -> None:
        self._batch = batch
        self._schema = schema
        self._stored = pa.schema([pa.field(field.name, plain(field.type)) for field in schema])
        self._cut = cut
        self._parent = parent
        self._known = parent.places() if parent is not None else {}
        self._sizes: dict[str, int] = {}
        self._runs: list[_Run] = []

    def write(self, blocks: Iterable[pa.Table], rows: int | None) -> None:
        """Cut, address and write blocks of rows, in bounded memory."""
        waiting: deque[Future[_Run]] = deque()
        pool = ThreadPoolExecutor(_THREADS)
        try:
            with progress.bar(total=rows, description="snapshot", unit=" rows") as bar:
                for parts in _runs(self._parts(blocks)):
                    waiting.append(pool.submit(self._store, parts))
                    while len(waiting) > _THREADS:
                        self._take(waiting.popleft(), bar)
                while waiting:
                    self._take(waiting.popleft(), bar)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _take(self, future: Future[_Run], bar: Any) -> None:
        run = future.result()
        self._runs.append(run)
        bar.update(sum(run.rows))

    def _parts(self, blocks: Iterable[pa.Table]) -> Iterator[pa.Table]:
        cutter = Cutter(self._cut)
        held: list[pa.Table] = []
        for block in blocks:
            start = 0
            for end in cutter.cuts(block):
                yield _joined([*held, block.slice(start, end - start)])
                held, start = [], end
            if start < block.num_rows:
                held.append(block.slice(start))
        if held:
            yield _joined(held)

    def _store(self, parts: list[pa.Table]) -> _Run:
        run = _Run([part.num_rows for part in parts], [], [], [], [])
        missing: dict[tuple[int, ...], list[int]] = {}
        columns_of: list[list[pa.Array]] = []
        for number, part in enumerate(parts):
            columns = [joined(part.column(place)) for place in range(part.num_columns)]
            columns_of.append(columns)
            lacking = self._address(run, columns)
            if lacking:
                missing.setdefault(lacking, []).append(number)
        for lacking, numbers in missing.items():
            self._encode(run, columns_of, lacking, numbers)
        return run

    def _address(self, run: _Run, columns: list[pa.Array]) -> tuple[int, ...]:
        """Address the columns of a part; give those that the parent does not hold."""
        addresses = [address(column) for column in columns]
        run.addresses.append(addresses)
        run.nulls.append([column.null_count for column in columns])
        nan, placed, lacking = [], [], []
        for place, found in enumerate(addresses):
            known = self._known.get(found)
            if known is not None and self._parent is not None:
                cells = self._parent.cells
                nan.append(bool(cells.nan[known]))
                field = self._parent.fields[cells.field[known]]
                placed.append(_Placed(int(cells.file[known]), int(cells.group[known]), field))
            else:
                nan.append(_has_nan(columns[place]))
                placed.append(_Placed("", 0, self._schema[place].name))
                lacking.append(place)
        run.nan.append(nan)
        run.placed.append(placed)
        return tuple(lacking)

    def _encode(self, run: _Run, columns: list[list[pa.Array]], lacking: tuple[int, ...], numbers: list[int]) -> None:
        schema = pa.schema([self._stored.field(place) for place in lacking])
        tables = [
            pa.Table.from_arrays([columns[number][place] for place in lacking], schema=schema) for number in numbers
        ]
        data = parquet.encode(tables)
        digest = self._batch.add(data)
        self._sizes[digest] = data.size
        for group, number in enumerate(numbers):
            for place in lacking:
                run.placed[number][place].file = digest
                run.placed[number][place].group = group

    def manifest(self, key: tuple[str, ...], schema: pa.Schema | None = None) -> Manifest:
        """Put everything together."""
        schema = schema or self._schema
        parts = sum(len(run.rows) for run in self._runs)
        cells = Cells.empty(len(schema), parts)
        files, fields = _Numbered(), _Numbered()
        part = 0
        for run in self._runs:
            for number in range(len(run.rows)):
                cells.address[:, part] = np.frombuffer(b"".join(run.addresses[number]), cells.address.dtype)
                cells.nulls[:, part] = run.nulls[number]
                cells.nan[:, part] = run.nan[number]
                for column, placed in enumerate(run.placed[number]):
                    cells.file[column, part] = files.number(self._digest(placed.file))
                    cells.group[column, part] = placed.group
                    cells.field[column, part] = fields.number(placed.field)
                part += 1
        rows = np.array([rows for run in self._runs for rows in run.rows], np.int64)
        sizes = tuple(self._size(digest) for digest in files)
        return Manifest(schema, self._cut, key, rows, cells, tuple(files), sizes, tuple(fields))

    def _digest(self, file: int | str) -> str:
        if isinstance(file, str):
            return file
        assert self._parent is not None
        return self._parent.files[file]

    def _size(self, digest: str) -> int:
        if digest in self._sizes or self._parent is None:
            return self._sizes[digest]
        return self._parent.sizes[self._parent.files.index(digest)]


class _Numbered(dict[str, int]):
    """Values numbered as they first come."""

    def number(self, value: str) -> int:
        return self.setdefault(value, len(self))


def _runs(parts: Iterable[pa.Table]) -> Iterator[list[pa.Table]]:
    """Gather consecutive parts, as many as a file shall hold."""
    run: list[pa.Table] = []
    size = 0
    for part in parts:
        run.append(part)
        size += part.nbytes
        if len(run) == _RUN_PARTS or size >= _RUN_BYTES:
            yield run
            run, size = [], 0
    if run:
        yield run


def _joined(tables: list[pa.Table]) -> pa.Table:
    return tables[0] if len(tables) == 1 else pa.concat_tables(tables)


def _has_nan(column: pa.Array) -> bool:
    return pa.types.is_floating(column.type) and bool(pc.any(pc.is_nan(column)).as_py())
