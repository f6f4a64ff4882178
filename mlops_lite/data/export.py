"""Giving versions to other programs: as one Parquet file, or as the files that hold them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mlops_lite.data.address import plain
from mlops_lite.data.parquet import encodings
from mlops_lite.data.reader import _cast
from mlops_lite.errors import InvalidInputError

if TYPE_CHECKING:
    from mlops_lite.data.content import TableContent
    from mlops_lite.data.manifest import Manifest
    from mlops_lite.data.snapshot import Snapshot

__all__ = ["files", "to_parquet"]


def to_parquet(content: TableContent, path: Path, columns: Iterable[Any] | None) -> Path:
    """Write one file; it gets its name when it is whole."""
    reader = content.reader(columns)
    schema = pa.schema([pa.field(field.name, plain(field.type)) for field in reader.schema])
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    try:
        _write(reader, schema, temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _write(reader: pa.RecordBatchReader, schema: pa.Schema, path: Path) -> None:
    writer = None
    for batch in reader:
        table = pa.Table.from_arrays(
            [_cast(column, kind) for column, kind in zip(batch.columns, schema.types, strict=True)], schema=schema
        )
        if writer is None:
            writer = pq.ParquetWriter(path, schema, **encodings(table))
        writer.write_table(table)
    (writer or pq.ParquetWriter(path, schema)).close()


def files(snapshot: Snapshot) -> list[Path]:
    """List the files of a version, if each of them belongs to it as a whole."""
    manifest, objects = snapshot.content.manifest, snapshot.store.objects
    found = [objects.path(digest) for digest in _in_order(manifest)]
    present = [path for path in found if path is not None]
    if len(present) != len(found):
        raise _refusal(snapshot, "the store is not a folder of this machine")
    if not _whole(manifest) or not _alone(manifest, present):
        raise _refusal(snapshot, "some of its columns or rows stand in files that it shares with another version")
    return present


def _refusal(snapshot: Snapshot, why: str) -> InvalidInputError:
    return InvalidInputError(
        f"{snapshot.ref} is no plain list of files: {why}.",
        remedy="snapshot.to_reader() reads it everywhere; snapshot.to_parquet(path) writes one file.",
    )


def _in_order(manifest: Manifest) -> list[str]:
    return (
        [manifest.files[file] for file in dict.fromkeys(manifest.cells.file[0].tolist())] if len(manifest.files) else []
    )


def _whole(manifest: Manifest) -> bool:
    """Tell whether every part is one row group of one file, under the names of today, and groups follow each other."""
    cells = manifest.cells
    names = np.array([manifest.fields.index(name) if name in manifest.fields else -1 for name in manifest.schema.names])
    same = (cells.file == cells.file[0]).all() and (cells.group == cells.group[0]).all()
    steps = [(file, group) for file, group in zip(cells.file[0].tolist(), cells.group[0].tolist(), strict=True)]
    expected = [
        (file, number)
        for file in dict.fromkeys(cells.file[0].tolist())
        for number in range(cells.file[0].tolist().count(file))
    ]
    return bool(same and (cells.field == names[:, None]).all() and steps == expected)


def _alone(manifest: Manifest, paths: list[Path]) -> bool:
    """Tell whether the files hold nothing else."""
    metadata = [pq.read_metadata(path) for path in paths]
    return sum(one.num_rows for one in metadata) == manifest.num_rows and all(
        list(one.schema.to_arrow_schema().names) == manifest.schema.names for one in metadata
    )
