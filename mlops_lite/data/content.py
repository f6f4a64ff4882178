"""The content of a snapshot that is a table: from columns and rows to the frame that was given."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mlops_lite import frames
from mlops_lite.base.ref import Ref
from mlops_lite.data.manifest import Manifest
from mlops_lite.data.reader import Reader
from mlops_lite.errors import DamagedError, InvalidInputError, NotFoundError, suggest
from mlops_lite.frames import _layout
from mlops_lite.frames.describe import column_of
from mlops_lite.frames.schema import Schema

if TYPE_CHECKING:
    from mlops_lite.store import Store

__all__ = ["TableContent"]

_BATCH_PARTS = 8


class TableContent:
    """One version of a table.

    Parameters
    ----------
    store : Store
    digest : str
        Of the manifest.
    name : str
        What it is called in messages, such as ``dataset/flights@3``.
    """

    def __init__(self, store: Store, digest: str, name: str) -> None:
        self._store = store
        self._digest = digest
        self._name = name

    @functools.cached_property
    def manifest(self) -> Manifest:
        """The manifest."""
        return Manifest.decode(self._store.objects.read(self._digest))

    @property
    def layout(self) -> dict[str, Any]:
        """What the table library noted."""
        return _layout.read(self.manifest.schema)

    @functools.cached_property
    def schema(self) -> Schema:
        """The columns of data."""
        manifest, layout = self.manifest, self.layout
        missing = (manifest.cells.nulls.sum(axis=1) > 0) | manifest.cells.nan.any(axis=1)
        data = set(layout.get("fields", manifest.schema.names))
        return Schema(
            tuple(
                column_of(field, layout, bool(missing[place]))
                for place, field in enumerate(manifest.schema)
                if field.name in data
            )
        )

    def table(self, columns: Iterable[Any] | None = None, *, whole: bool = False) -> pa.Table:
        """Read the table.

        Parameters
        ----------
        columns : iterable, optional
            Names; all without it.
        whole : bool
            With the index of a pandas frame, whether it was asked for or not.
        """
        places = self._places(columns, whole)
        return self._read(places)

    def batches(self, columns: Iterable[Any] | None = None) -> Iterator[pa.RecordBatch]:
        """Read it part by part, in bounded memory."""
        places = self._places(columns, False)
        for start in range(0, len(self.manifest.rows), _BATCH_PARTS):
            parts = range(start, min(start + _BATCH_PARTS, len(self.manifest.rows)))
            yield from self._read(places, parts).replace_schema_metadata(None).to_batches()

    def reader(self, columns: Iterable[Any] | None = None) -> pa.RecordBatchReader:
        """Give it as an Arrow reader."""
        fields = [self.manifest.schema.field(place) for place in self._places(columns, False)]
        return pa.RecordBatchReader.from_batches(pa.schema(fields), self.batches(columns))

    def value(self, columns: Iterable[Any] | None, kind: str) -> Any:
        """Give it as a library's table: exactly what was given, where it is of the same library."""
        if columns is not None and not (columns := [columns] if isinstance(columns, str) else list(columns)):
            raise InvalidInputError("columns= names no column.", remedy="Name one, or leave columns= out for all.")
        own = self.layout.get("kind") == kind
        table = self.table(columns, whole=own)
        return frames.from_arrow(table if own else _foreign(table, kind), kind)

    def _read(self, places: Sequence[int], parts: Iterable[int] | None = None) -> pa.Table:
        try:
            return Reader(self._store, self.manifest).table(places, parts)
        except DamagedError as error:
            raise self._explained(error) from error.__cause__

    def _explained(self, error: DamagedError) -> DamagedError:
        other = self._elsewhere(error.address, error.digest)
        has = f"{other} holds the same values in another file." if other else "No other version holds these values."
        remedy = f"{has} A copy of the store gives them back: copy.sync(to=store)."
        return DamagedError(
            f"{self._name}: {error.message}", remedy=remedy, version=self._name, other=other, **error.facts
        )

    def _elsewhere(self, address: bytes, damaged: str) -> str | None:
        """Find another version that holds a cell in another file."""
        log = self._store.log("dataset", Ref(self._name).name)
        for record in reversed(list(log.history())):
            if record.body.get("content") != "table" or record.body["manifest"] == self._digest:
                continue
            with contextlib.suppress(NotFoundError, DamagedError):
                manifest = Manifest.decode(self._store.objects.read(record.body["manifest"]))
                place = manifest.places().get(address)
                held = manifest.files[manifest.cells.file[place]] if place is not None else damaged
                if held != damaged and held in self._store.objects:
                    return str(record.ref)
        return None

    def _places(self, columns: Iterable[Any] | None, whole: bool) -> list[int]:
        names = self.manifest.schema.names
        if columns is None:
            return list(range(len(names)))
        wanted = [self._name_of(column) for column in ([columns] if isinstance(columns, str) else columns)]
        if len(set(wanted)) < len(wanted):
            raise InvalidInputError(f"columns={columns!r} names a column twice.", remedy="Name each column once.")
        if whole:
            data = set(self.layout.get("fields", names))
            wanted += [name for name in names if name not in data and name not in wanted]
        return [names.index(name) for name in wanted]

    def _name_of(self, column: Any) -> str:
        names = self.manifest.schema.names
        if column in names:
            return str(column)
        if self.layout.get("kind") == "pandas":
            from mlops_lite.frames._pandas_index import columns_of

            labels = list(columns_of(self.layout["columns"]))
            if column in labels:
                return str(self.layout["names"][labels.index(column)])
        raise NotFoundError(
            f"{self._name} has no column {column!r}.", remedy=suggest(str(column), names), name=str(column)
        )


def _foreign(table: pa.Table, kind: str) -> pa.Table:
    """Hide the layout of another library; a pandas frame from elsewhere has plain columns."""
    return table.replace_schema_metadata(None)
