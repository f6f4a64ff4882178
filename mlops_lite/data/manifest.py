"""The manifest of a table: which parts it has, and where each column of each part stands. Columnar, and small."""

from __future__ import annotations

import hashlib
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from mlops_lite.base import canonical
from mlops_lite.data.cut import Cut
from mlops_lite.errors import DamagedError, NewerFormatError
from mlops_lite.frames import _layout

__all__ = ["ADDRESS_BYTES", "FORMAT", "Cells", "Manifest"]

FORMAT = 2  # 1 hashed integers by their range alone
ADDRESS_BYTES = 32
_ADDRESS = np.dtype(f"V{ADDRESS_BYTES}")
_INTEGERS = ("file", "group", "field", "nulls")


@attrs.define(eq=False)
class Cells:
    """What is known of each column (first axis) in each part (second axis).

    Parameters
    ----------
    address : ndarray of 32-byte items
        The address of its content.
    file, group, field : ndarray of int32
        Which of the manifest's files holds it, in which row group, under which of the manifest's field names.
    nulls : ndarray of int32
        How many values are null.
    nan : ndarray of bool
        Whether a float is NaN.
    """

    address: np.ndarray[Any, Any]
    file: np.ndarray[Any, Any]
    group: np.ndarray[Any, Any]
    field: np.ndarray[Any, Any]
    nulls: np.ndarray[Any, Any]
    nan: np.ndarray[Any, Any]

    @classmethod
    def empty(cls, columns: int, parts: int) -> Cells:
        """Make room."""
        shape = (columns, parts)
        numbers = {name: np.zeros(shape, np.int32) for name in _INTEGERS}
        return cls(address=np.zeros(shape, _ADDRESS), nan=np.zeros(shape, bool), **numbers)


@attrs.frozen(eq=False)
class Manifest:
    """Everything needed to read one version of a table.

    Parameters
    ----------
    schema : pyarrow.Schema
        As the table was given, with the layout of its library.
    cut : Cut
        The rule by which it is cut.
    key : tuple of str
        The columns that name a row, if somebody said so.
    rows : ndarray of int64
        The rows of each part.
    cells : Cells
    files : tuple of str
        The digests of the files that hold the cells.
    sizes : tuple of int
        Their bytes.
    fields : tuple of str
        The names that columns have inside the files: a renamed column keeps its old one there.
    """

    schema: pa.Schema
    cut: Cut
    key: tuple[str, ...]
    rows: np.ndarray[Any, Any]
    cells: Cells
    files: tuple[str, ...]
    sizes: tuple[int, ...]
    fields: tuple[str, ...]

    @property
    def num_rows(self) -> int:
        """All rows."""
        return int(self.rows.sum())

    @property
    def starts(self) -> np.ndarray[Any, Any]:
        """The number of the first row of each part."""
        return np.concatenate([[0], np.cumsum(self.rows)])[:-1].astype(np.int64)

    @property
    def digest(self) -> str:
        """The digest of the content: of the addresses, the schema and the rule; not of the files that hold it."""
        sink = hashlib.sha256(self._head())
        sink.update(self.rows.astype("<i8").tobytes())
        sink.update(self.cells.address.tobytes())
        return sink.hexdigest()

    def _head(self) -> bytes:
        return canonical.encode(
            {
                "format": FORMAT,
                "schema": describe(self.schema),
                "cut": canonical.unstructure(self.cut),
                "key": list(self.key),
            }
        )

    def places(self) -> dict[bytes, tuple[int, int]]:
        """Give column and part of each address."""
        columns, parts = self.cells.address.shape
        flat = self.cells.address.tobytes()
        return {
            flat[start : start + ADDRESS_BYTES]: divmod(place, parts)
            for place, start in enumerate(range(0, columns * parts * ADDRESS_BYTES, ADDRESS_BYTES))
        }

    def extended(self, count: int, after: Manifest) -> Manifest:
        """Put the parts of another manifest behind the first parts of this one.

        Parameters
        ----------
        count : int
            How many parts of this one stay.
        after : Manifest
            Of the same columns; its schema counts.
        """
        files = list(dict.fromkeys([*self.files, *after.files]))
        fields = list(dict.fromkeys([*self.fields, *after.fields]))
        size = dict(zip([*self.files, *after.files], [*self.sizes, *after.sizes], strict=True))
        sides = [(self, slice(0, count)), (after, slice(None))]
        arrays = {
            name: np.concatenate([getattr(side.cells, name)[:, parts] for side, parts in sides], axis=1)
            for name in ("address", "group", "nulls", "nan")
        }
        for name, known in (("file", files), ("field", fields)):
            number = {one: place for place, one in enumerate(known)}
            moved = [
                np.array([number[one] for one in getattr(side, name + "s")], np.int32)[
                    getattr(side.cells, name)[:, parts]
                ]
                for side, parts in sides
            ]
            arrays[name] = np.concatenate(moved, axis=1)
        rows = np.concatenate([self.rows[:count], after.rows])
        found = attrs.evolve(
            after,
            cut=self.cut,
            rows=rows,
            cells=Cells(**arrays),
            files=tuple(files),
            fields=tuple(fields),
            sizes=tuple(size[file] for file in files),
        )
        return found.trimmed()

    def trimmed(self) -> Manifest:
        """Leave out files that hold nothing of it any more."""
        used = np.unique(self.cells.file)
        if len(used) == len(self.files):
            return self
        places = np.zeros(len(self.files), np.int32)
        places[used] = np.arange(len(used), dtype=np.int32)
        return attrs.evolve(
            self,
            cells=attrs.evolve(self.cells, file=places[self.cells.file]),
            files=tuple(self.files[file] for file in used),
            sizes=tuple(self.sizes[file] for file in used),
        )

    def encode(self) -> bytes:
        """Write it as an Arrow file of one row, a list in each column."""
        cells = self.cells
        lists: dict[str, pa.Array] = {
            "rows": _list(pa.array(self.rows)),
            "address": _list(_binary(cells.address.tobytes())),
            **{name: _list(pa.array(getattr(cells, name).reshape(-1))) for name in _INTEGERS},
            "nan": _list(pa.array(cells.nan.reshape(-1))),
            "files": _list(_binary(b"".join(map(bytes.fromhex, self.files)))),
            "sizes": _list(pa.array(self.sizes, pa.int64())),
            "fields": _list(pa.array(self.fields, pa.string())),
        }
        batch = pa.record_batch(list(lists.values()), names=list(lists))
        head = canonical.encode({"format": FORMAT, "cut": canonical.unstructure(self.cut), "key": list(self.key)})
        batch = batch.replace_schema_metadata({b"head": head, b"schema": self.schema.serialize().to_pybytes()})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
            writer.write_batch(batch)
        return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]

    @classmethod
    def decode(cls, data: Any) -> Manifest:
        """Read it back.

        Raises
        ------
        DamagedError
            The bytes are no manifest.
        NewerFormatError
            A newer mlops_lite wrote it.
        """
        try:
            batch = pa.ipc.open_file(pa.py_buffer(data)).get_batch(0)
            metadata = batch.schema.metadata
            head = canonical.decode(metadata[b"head"])
            schema = pa.ipc.read_schema(pa.py_buffer(metadata[b"schema"]))
            lists = {name: batch.column(name).values for name in batch.schema.names}
        except (pa.ArrowException, OSError, KeyError) as error:
            raise DamagedError(f"These bytes are no manifest of a table: {error}") from error
        if head["format"] > FORMAT:
            raise NewerFormatError(
                f"A manifest of a table has format {head['format']}; this mlops_lite reads up to {FORMAT}.",
                remedy="pip install --upgrade mlops_lite",
            )
        rows = lists["rows"].to_numpy()
        shape = (len(schema), len(rows))
        cells = Cells(
            address=_items(lists["address"]).reshape(shape),
            nan=lists["nan"].to_numpy(zero_copy_only=False).reshape(shape),
            **{name: lists[name].to_numpy().reshape(shape) for name in _INTEGERS},
        )
        return cls(
            schema,
            canonical.structure(head["cut"], Cut),
            tuple(head["key"]),
            rows,
            cells,
            tuple(item.tobytes().hex() for item in _items(lists["files"])),
            tuple(lists["sizes"].to_pylist()),
            tuple(lists["fields"].to_pylist()),
        )


def describe(schema: pa.Schema) -> list[Any]:
    """Describe a schema in plain data, independent of how this version of Arrow writes it."""
    fields = [[field.name, str(field.type), field.nullable, _metadata(field.metadata)] for field in schema]
    others = [entry for entry in _metadata(schema.metadata) if entry[0] != _layout.KEY]
    # what an older library noted about the frame that an Arrow table came from names its version
    layout = {name: value for name, value in _layout.read(schema).items() if name != "pandas_metadata"}
    return [fields, others, layout]


def _metadata(found: dict[bytes, bytes] | None) -> list[list[bytes]]:
    return [[key, value] for key, value in sorted((found or {}).items())]


def _binary(data: bytes) -> pa.Array:
    kind = pa.binary(ADDRESS_BYTES)
    return pa.Array.from_buffers(kind, len(data) // ADDRESS_BYTES, [None, pa.py_buffer(data)])


def _list(values: pa.Array) -> pa.Array:
    return pa.LargeListArray.from_arrays(pa.array([0, len(values)], pa.int64()), values)


def _items(values: pa.Array) -> np.ndarray[Any, Any]:
    return np.frombuffer(values.buffers()[1], _ADDRESS, len(values), values.offset * ADDRESS_BYTES)
