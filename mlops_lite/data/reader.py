"""Reading a version: the columns and parts that are asked for, from the files that hold them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mlops_lite.base import progress
from mlops_lite.data.ahead import ahead
from mlops_lite.data.manifest import Manifest
from mlops_lite.errors import DamagedError, NotFoundError, StoreUnavailableError

if TYPE_CHECKING:
    from mlops_lite.store import Store

__all__ = ["Reader"]


@attrs.frozen
class _Task:
    """Row groups of one file that are read in one go: which parts they are, and which columns."""

    file: int
    groups: tuple[int, ...]
    parts: tuple[int, ...]
    columns: tuple[int, ...]


class Reader:
    """Reads one version of a table.

    Parameters
    ----------
    store : Store
    manifest : Manifest
    """

    def __init__(self, store: Store, manifest: Manifest) -> None:
        self._store = store
        self._manifest = manifest

    def table(self, columns: Sequence[int], parts: Iterable[int] | None = None) -> pa.Table:
        """Read columns of parts into one table.

        Parameters
        ----------
        columns : sequence of int
            Their places in the schema.
        parts : iterable of int, optional
            Ascending; all without it.

        Returns
        -------
        pyarrow.Table

        Raises
        ------
        DamagedError
            A file is missing or not what was written; says which column and which rows.
        """
        wanted = range(len(self._manifest.rows)) if parts is None else list(parts)
        chunks: dict[int, dict[int, list[pa.Array]]] = {column: {} for column in columns}
        with progress.bar(total=len(wanted) * len(columns), description="load", unit=" cells") as bar:
            for task, found in ahead(self._open, self._tasks(columns, wanted)):
                self._distribute(task, found, chunks)
                bar.update(len(task.parts) * len(task.columns))
        return self._assembled(columns, chunks)

    def _assembled(self, columns: Sequence[int], chunks: dict[int, dict[int, list[pa.Array]]]) -> pa.Table:
        schema = self._manifest.schema
        fields = [schema.field(column) for column in columns]
        arrays = [
            pa.chunked_array([chunk for _, held in sorted(chunks[column].items()) for chunk in held], field.type)
            for column, field in zip(columns, fields, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=pa.schema(fields, schema.metadata))

    def _tasks(self, columns: Sequence[int], parts: Sequence[int]) -> Iterator[_Task]:
        cells = self._manifest.cells
        wanted: dict[int, dict[int, list[tuple[int, int, int]]]] = {}
        for column in columns:
            held = [getattr(cells, name)[column].tolist() for name in ("file", "group", "field")]
            for part in parts:
                file, group, field = (numbers[part] for numbers in held)
                wanted.setdefault(file, {}).setdefault(part, []).append((group, column, field))
        for file, by_part in wanted.items():
            yield from _gathered(file, by_part)

    def _open(self, task: _Task) -> list[pa.ChunkedArray]:
        try:
            return self._read_task(task)
        except StoreUnavailableError:
            raise  # nothing is known of what it holds
        except (pa.ArrowException, OSError, NotFoundError, DamagedError) as error:
            raise self._damage(task, error) from error

    def _read_task(self, task: _Task) -> list[pa.ChunkedArray]:
        names = self._names(task)
        digest = self._manifest.files[task.file]
        path = self._store.objects.path(digest)
        source: Any = str(path) if path is not None else _Ranges(self._store, digest, self._manifest.sizes[task.file])
        types = [self._manifest.schema.types[column] for column in task.columns]
        texts = {name for name, kind in zip(names, types, strict=True) if _may_repeat(kind)}
        metadata = pq.read_metadata(source) if texts else None
        with pq.ParquetFile(
            source,
            metadata=metadata,
            read_dictionary=_with_dictionary(metadata, task.groups, texts) if metadata else None,
            pre_buffer=path is None,
            page_checksum_verification=True,
        ) as file:
            table = file.read_row_groups(list(task.groups), columns=names, use_threads=False)
        expected = [int(self._manifest.rows[part]) for part in task.parts]
        if table.num_rows != sum(expected):
            raise pa.ArrowInvalid(f"{table.num_rows} rows, not {sum(expected)}")
        return [_as(kind, table[name].chunks) for name, kind in zip(names, types, strict=True)]

    def _names(self, task: _Task) -> list[str]:
        """Name the columns as they stand in the file: a renamed column keeps the name that it was written under."""
        field = self._manifest.cells.field
        return [self._manifest.fields[field[column, task.parts[0]]] for column in task.columns]

    def _distribute(
        self, task: _Task, found: list[pa.ChunkedArray], chunks: dict[int, dict[int, list[pa.Array]]]
    ) -> None:
        for column, values in zip(task.columns, found, strict=True):
            start = 0
            for first, rows in self._stretches(task):
                chunks[column][first] = values.slice(start, rows).chunks
                start += rows

    def _stretches(self, task: _Task) -> Iterator[tuple[int, int]]:
        """Give each run of consecutive parts by its first, with its rows."""
        first, rows = task.parts[0], 0
        for place, part in enumerate(task.parts):
            if place and part != task.parts[place - 1] + 1:
                yield first, rows
                first, rows = part, 0
            rows += int(self._manifest.rows[part])
        yield first, rows

    def _damage(self, task: _Task, error: Exception) -> DamagedError:
        """Find out which column of which part it is, by reading each alone."""
        for place, part in enumerate(task.parts):
            for column in task.columns:
                try:
                    self._read_task(_Task(task.file, (task.groups[place],), (part,), (column,)))
                except (pa.ArrowException, OSError, NotFoundError, DamagedError) as found:
                    return self._told(column, part, task.file, found)
        return self._told(task.columns[0], task.parts[0], task.file, error)

    def _told(self, column: int, part: int, file: int, error: Exception) -> DamagedError:
        manifest = self._manifest
        name = manifest.schema.field(column).name
        first = int(manifest.starts[part])
        last = first + int(manifest.rows[part]) - 1
        missing = isinstance(error, NotFoundError) or not self._there(manifest.files[file])
        what = "is missing" if missing else f"is damaged ({str(error).strip().splitlines()[0].rstrip('.')})"
        return DamagedError(
            f"Column {name!r}, rows {first:,} to {last:,}: the file that holds them {what}.",
            column=name,
            part=part,
            rows=(first, last),
            digest=manifest.files[file],
            address=manifest.cells.address[column, part].tobytes(),
        )

    def _there(self, digest: str) -> bool:
        return digest in self._store.objects


def _gathered(file: int, by_part: dict[int, list[tuple[int, int, int]]]) -> Iterator[_Task]:
    """Put parts together that need the same columns of one file, under the same names, each from one row group."""
    together: dict[tuple[tuple[int, int], ...], list[tuple[int, int]]] = {}
    for part, held in sorted(by_part.items()):
        by_group: dict[int, list[tuple[int, int]]] = {}
        for group, column, field in held:
            by_group.setdefault(group, []).append((column, field))
        for group, columns in by_group.items():
            together.setdefault(tuple(columns), []).append((group, part))
    for same, places in together.items():
        groups, parts = (tuple(place[side] for place in places) for side in (0, 1))
        yield _Task(file, groups, parts, tuple(column for column, _ in same))


def _may_repeat(kind: pa.DataType) -> bool:
    """Tell whether a column may stand with a dictionary that is worth reading: text is decoded faster from one."""
    types = pa.types
    return bool(types.is_dictionary(kind) or types.is_string(kind) or types.is_large_string(kind))


def _with_dictionary(metadata: pq.FileMetaData, groups: Iterable[int], names: set[str]) -> list[str]:
    """Find the columns that stand with a dictionary in all groups: others cannot be read as one."""
    held = [metadata.row_group(group) for group in groups]
    paths = [held[0].column(place).path_in_schema for place in range(metadata.num_columns)]
    return [
        path
        for place, path in enumerate(paths)
        if path in names and all(group.column(place).has_dictionary_page for group in held)
    ]


def _as(kind: pa.DataType, chunks: list[pa.Array]) -> pa.ChunkedArray:
    """Give chunks the type that the table had."""
    if all(chunk.type == kind for chunk in chunks):
        return pa.chunked_array(chunks, kind)
    return pa.chunked_array([_cast(chunk, kind) for chunk in chunks], kind)


def _cast(chunk: pa.Array, kind: pa.DataType) -> pa.Array:
    if isinstance(kind, pa.BaseExtensionType):
        return kind.wrap_array(_cast(chunk, kind.storage_type))
    if pa.types.is_dictionary(kind):
        encoded = chunk if pa.types.is_dictionary(chunk.type) else _encoded(chunk)
        return pa.DictionaryArray.from_arrays(
            encoded.indices.cast(kind.index_type), _cast(encoded.dictionary, kind.value_type), ordered=kind.ordered
        )
    if pa.types.is_run_end_encoded(kind):
        import pyarrow.compute as pc

        return pc.run_end_encode(_cast(chunk, kind.value_type), run_end_type=kind.run_end_type)
    return (chunk.dictionary_decode() if pa.types.is_dictionary(chunk.type) else chunk).cast(kind)


def _encoded(chunk: pa.Array) -> pa.DictionaryArray:
    """Make a dictionary of the values of a chunk; Arrow itself knows none of nested ones, such as intervals."""
    if not pa.types.is_nested(chunk.type):
        return chunk.dictionary_encode()
    codes = np.zeros(len(chunk), np.int64)
    if pa.types.is_struct(chunk.type):
        for field in map(_encoded, chunk.flatten()):
            own = field.indices.fill_null(len(field.dictionary)).to_numpy(zero_copy_only=False)
            codes = np.unique(codes * (len(field.dictionary) + 1) + own, return_inverse=True)[1]
    else:
        known: dict[str, int] = {}
        codes[:] = [known.setdefault(repr(value), len(known)) for value in chunk.to_pylist()]
    gone = chunk.is_null().to_numpy(zero_copy_only=False)
    _, first, places = np.unique(codes[~gone], return_index=True, return_inverse=True)
    codes[~gone] = places
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=gone), chunk.take(np.flatnonzero(~gone)[first]))


class _Ranges(io.RawIOBase):
    """An object of a bucket as a file: only what is asked for is fetched."""

    def __init__(self, store: Store, digest: str, size: int) -> None:
        self._objects = store.objects
        self._digest = digest
        self._size = size
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = base + offset
        return self._place

    def read(self, size: int | None = -1) -> bytes:
        stop = self._size if size is None or size < 0 else min(self._place + size, self._size)
        if stop <= self._place:
            return b""
        data = self._objects.read_ranges(self._digest, [(self._place, stop)])[0]
        self._place = stop
        return data
