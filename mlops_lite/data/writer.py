"""Writing a table: cut into parts, address every column of each, and write what the parent does not hold."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pyarrow as pa

from mlops_lite.base import progress
from mlops_lite.data import parquet
from mlops_lite.data.address import joined, plain
from mlops_lite.data.addresses import addresses
from mlops_lite.data.cut import Cut, Cutter
from mlops_lite.data.manifest import Cells, Manifest

if TYPE_CHECKING:
    from mlops_lite.data.recognizer import Recognizer
    from mlops_lite.store import ObjectBatch

__all__ = ["Writer"]

_RUN_PARTS = 8  # parts in a file at most: fewer footers to read for a few columns
_RUN_BYTES = 32 << 20  # and bytes: what a thread holds at a time
_FILE_BYTES = _RUN_BYTES + (12 << 20)  # what a run fits into that its last part made longer, however hard to compress
_THREADS = min(os.cpu_count() or 1, 8)


@attrs.define
class _Placed:
    """Where a cell stands: in a file of the parent (an index), or in one that was just written (a digest)."""

    file: int | str
    group: int
    field: str


@attrs.define
class _Part:
    """A part: its columns until they are written, and what is known of each."""

    rows: int
    columns: list[pa.Array]
    addresses: list[bytes]
    nulls: list[int]
    nan: list[bool]
    placed: list[_Placed]
    lacking: tuple[int, ...]


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
    recognizer : Recognizer
        Which of its columns are known without taking their addresses.
    """

    def __init__(
        self, batch: ObjectBatch, schema: pa.Schema, cut: Cut, parent: Manifest | None, recognizer: Recognizer
    ) -> None:
        self._batch = batch
        self._recognizer = recognizer
        self._schema = schema
        self._stored = pa.schema([pa.field(field.name, plain(field.type)) for field in schema])
        self._cut = cut
        self._parent = parent
        self._known = parent.places() if parent is not None else {}
        self._held = parent.cells if parent is not None else Cells.empty(len(schema), 0)
        self._sizes = dict(zip(parent.files, parent.sizes, strict=True)) if parent is not None else {}
        self._done: list[_Part] = []
        self._own = threading.local()

    def write(self, blocks: Iterable[pa.Table], rows: int | None) -> None:
        """Cut, address and write blocks of rows, in bounded memory.

        Parameters
        ----------
        blocks : iterable of pyarrow.Table
        rows : int, optional
            How many there are, for the progress bar.
        """
        running: deque[Future[list[_Part]]] = deque()
        pool = ThreadPoolExecutor(_THREADS)
        try:
            with progress.bar(total=rows, description="snapshot", unit=" rows") as bar:
                for run in _runs(self._parts(blocks)):
                    running.append(pool.submit(self._write, run))
                    if len(running) > _THREADS:
                        self._finish(running.popleft(), bar)
                while running:
                    self._finish(running.popleft(), bar)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _finish(self, running: Future[list[_Part]], bar: Any) -> None:
        parts = running.result()
        self._done += parts
        bar.update(sum(part.rows for part in parts))

    def _write(self, run: list[pa.Table]) -> list[_Part]:
        """Address a run of parts, and write what it lacks: parts that lack the same columns go into one file."""
        parts = self._look(run)
        together: dict[tuple[int, ...], list[_Part]] = {}
        for part in parts:
            together.setdefault(part.lacking, []).append(part)
        for lacking, group in together.items():
            if lacking:
                self._encode(lacking, group)
        return parts

    def _parts(self, blocks: Iterable[pa.Table]) -> Iterator[tuple[pa.Table, float]]:
        """Cut blocks into parts, each with its bytes, about."""
        cutter = Cutter(self._cut)
        held: list[pa.Table] = []
        size = 0.0
        for block in blocks:
            start, width = 0, block.nbytes / max(block.num_rows, 1)
            for end in cutter.cuts(block):
                yield _joined([*held, block.slice(start, end - start)]), size + width * (end - start)
                held, size, start = [], 0.0, end
            if start < block.num_rows:
                held.append(block.slice(start))
                size += width * (block.num_rows - start)
        if held:
            yield _joined(held), size

    def _look(self, run: list[pa.Table]) -> list[_Part]:
        """Address the columns of parts, and find those that the parent does not hold."""
        columns = [[joined(table[place]) for table in run] for place in range(len(self._schema))]
        found = [addresses(parts, self._recognizer.address) for parts in columns]
        return [
            self._looked(table.num_rows, [each[number] for each in columns], [each[number] for each in found])
            for number, table in enumerate(run)
        ]

    def _looked(self, rows: int, columns: list[pa.Array], addressed: list[bytes]) -> _Part:
        part = _Part(rows, columns, addressed, [column.null_count for column in columns], [], [], ())
        lacking = []
        for place, found in enumerate(addressed):
            known = self._known.get(found)
            if known is None:
                part.nan.append(_has_nan(columns[place]))
                part.placed.append(_Placed("", 0, self._schema[place].name))
                lacking.append(place)
            else:
                part.nan.append(bool(self._held.nan[known]))
                part.placed.append(self._place(known))
        part.lacking = tuple(lacking)
        if not lacking:
            part.columns = []
        return part

    def _place(self, known: tuple[int, int]) -> _Placed:
        assert self._parent is not None
        held = self._held
        return _Placed(int(held.file[known]), int(held.group[known]), self._parent.fields[held.field[known]])

    def _encode(self, lacking: tuple[int, ...], parts: list[_Part]) -> None:
        schema = pa.schema([self._field(place, parts) for place in lacking])
        tables = [pa.Table.from_arrays([part.columns[place] for place in lacking], schema=schema) for part in parts]
        data = parquet.encode(tables, self._memory())
        digest = self._batch.add(data)
        self._sizes[digest] = data.size
        for group, part in enumerate(parts):
            for place in lacking:
                part.placed[place].file = digest
                part.placed[place].group = group
            part.columns = []

    def _field(self, place: int, parts: list[_Part]) -> pa.Field:
        """Say how a column stands in a file: without a mark for each value where none is null."""
        field = self._stored.field(place)
        return field.with_nullable(pa.types.is_null(field.type) or any(part.nulls[place] for part in parts))

    def _memory(self) -> pa.Buffer:
        """Give this thread what it encodes into; the store is done with it when it has added a file."""
        if not hasattr(self._own, "memory"):
            self._own.memory = pa.allocate_buffer(_FILE_BYTES)
        return self._own.memory

    def manifest(self, key: tuple[str, ...], schema: pa.Schema) -> Manifest:
        """Put everything together.

        Parameters
        ----------
        key : tuple of str
        schema : pyarrow.Schema
            As it turned out to be.
        """
        cells = Cells.empty(len(schema), len(self._done))
        files, fields = _Numbered(), _Numbered()
        for number, part in enumerate(self._done):
            cells.address[:, number] = np.frombuffer(b"".join(part.addresses), cells.address.dtype)
            cells.nulls[:, number] = part.nulls
            cells.nan[:, number] = part.nan
            cells.file[:, number] = [files.number(self._digest(placed.file)) for placed in part.placed]
            cells.group[:, number] = [placed.group for placed in part.placed]
            cells.field[:, number] = [fields.number(placed.field) for placed in part.placed]
        rows = np.array([part.rows for part in self._done], np.int64)
        sizes = tuple(self._sizes[digest] for digest in files)
        return Manifest(schema, self._cut, key, rows, cells, tuple(files), sizes, tuple(fields))

    def _digest(self, file: int | str) -> str:
        if isinstance(file, str):
            return file
        assert self._parent is not None
        return self._parent.files[file]


class _Numbered(dict[str, int]):
    """Values numbered as they first come."""

    def number(self, value: str) -> int:
        return self.setdefault(value, len(self))


def _runs(parts: Iterable[tuple[pa.Table, float]]) -> Iterator[list[pa.Table]]:
    """Gather consecutive parts, as many as a file shall hold; the last ones are two runs, so that no core waits."""
    run: list[pa.Table] = []
    held = 0.0
    for part, size in parts:
        if len(run) == _RUN_PARTS or held >= _RUN_BYTES:
            yield run
            run, held = [], 0.0
        run.append(part)
        held += size
    half = len(run) // 2
    yield from filter(None, (run[:half], run[half:]))


def _joined(tables: list[pa.Table]) -> pa.Table:
    return tables[0] if len(tables) == 1 else pa.concat_tables(tables)


def _has_nan(column: pa.Array) -> bool:
    return pa.types.is_floating(column.type) and bool(np.isnan(column.drop_null().to_numpy()).any())
