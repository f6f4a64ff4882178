"""Snapshots: immutable versions of data."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_lite import workspace
from mlops_lite.base.digest import short
from mlops_lite.base.record import Record
from mlops_lite.base.ref import Ref
from mlops_lite.display import Drawn
from mlops_lite.errors import InvalidTypeError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from mlops_lite.data.content import TableContent
    from mlops_lite.frames.schema import Schema
    from mlops_lite.stats.profile import Profile
    from mlops_lite.store import Store

__all__ = ["Snapshot"]


class Snapshot(Drawn):
    """One version of a dataset; it never changes.

    Parameters
    ----------
    store : Store
    record : Record
        Of the dataset's log.

    Examples
    --------
    >>> import mlops_lite as ml
    >>> snapshot = ml.Dataset("ages", store="memory://snapshot-example").snapshot({"age": [31, 45]}, message="two")
    >>> snapshot.ref, snapshot.num_rows, snapshot.schema.names, snapshot.load()
    ('dataset/ages@1', 2, ('age',), {'age': [31, 45]})
    """

    def __init__(self, store: Store, record: Record) -> None:
        self.store = store
        self._record = record

    @property
    def ref(self) -> Ref:
        """Its ref, such as ``dataset/flights@3``."""
        return Ref.of("dataset", self._record.name, self._record.number)

    @property
    def name(self) -> str:
        """The name of its dataset."""
        return self._record.name

    @property
    def version(self) -> int:
        """Its number, from 1."""
        return self._record.number

    @property
    def digest(self) -> str:
        """The digest of its content: equal for equal content under one cut rule, whatever wrote it."""
        return str(self._record.body["digest"])

    @property
    def kind(self) -> str:
        """What was given: ``pandas``, ``arrow``, ``polars``, ``numpy``, ``dict``, ``records``, ``file``, ``folder``."""
        return str(self._record.body["kind"])

    @property
    def is_table(self) -> bool:
        """Whether it is a table; otherwise it is a file or a folder."""
        return bool(self._record.body["content"] == "table")

    @property
    def num_rows(self) -> int:
        """How many rows it has; of files how many files."""
        return int(self._record.body["rows"])

    @property
    def nbytes(self) -> int:
        """The bytes of the files in the store that hold it, shared ones included; of files their own sizes."""
        return int(self._record.body["nbytes"])

    @property
    def written(self) -> int:
        """The bytes that were new to the store with it."""
        return int(self._record.body["written"])

    @property
    def created_at(self) -> datetime:
        """When it was made, in UTC."""
        return self._record.time

    @property
    def author(self) -> str:
        """Who made it."""
        return self._record.author

    @property
    def message(self) -> str | None:
        """What the author had to say."""
        return self._record.message

    @property
    def action(self) -> str:
        """How it came about: ``snapshot``, ``append`` or ``rollback``."""
        return self._record.action

    @property
    def parents(self) -> tuple[Ref, ...]:
        """What it was made from."""
        return tuple(Ref(parent.ref) for parent in self._record.parents)

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that name a row; empty where nobody said."""
        return self.content.manifest.key if self.is_table else ()

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that name it now."""
        labels = self.store.labels("dataset", self.name).all()
        return tuple(sorted(label for label, number in labels.items() if number == self.version))

    @functools.cached_property
    def content(self) -> TableContent:
        """The table behind it.

        Raises
        ------
        InvalidTypeError
            It is a file or a folder.
        """
        from mlops_lite.data.content import TableContent

        if not self.is_table:
            raise InvalidTypeError(f"{self.ref} is a {self.kind}, not a table.", remedy="Use its path().")
        return TableContent(self.store, self._record.body["manifest"], str(self.ref))

    @property
    def schema(self) -> Schema:
        """The columns, without the index of a pandas frame."""
        return self.content.schema

    @property
    def statistics(self) -> Profile:
        """The profile of its columns: computed when it is first asked for, and kept in the cache of this machine."""
        from mlops_lite.data.statistics import profile_of

        return profile_of(self)

    def load(self, columns: Iterable[Any] | None = None) -> Any:
        """Give back what was given: a frame of the same library, an array, a dict, or the path of files.

        Parameters
        ----------
        columns : iterable, optional
            Which columns; all without it.

        Returns
        -------
        table or Path

        Raises
        ------
        NotFoundError
            It has no such column.
        DamagedError
            Something in the store is not what was written; says which column and which rows.
        """
        if not self.is_table:
            return self.path()
        return self._told(self.content.value(columns, self.kind))

    def to_pandas(self, columns: Iterable[Any] | None = None) -> pd.DataFrame:
        """Give a pandas frame, whatever was given."""
        return self._told(self.content.value(columns, "pandas"))  # type: ignore[no-any-return]

    def to_arrow(self, columns: Iterable[Any] | None = None) -> pa.Table:
        """Give an Arrow table; an index of pandas is among its columns."""
        return self._told(self.content.table(columns).replace_schema_metadata(None))

    def to_batches(self, columns: Iterable[Any] | None = None) -> Iterator[pa.RecordBatch]:
        """Walk over it in Arrow batches, in bounded memory."""
        workspace.uses(self.ref)
        return self.content.batches(columns)

    def to_reader(self, columns: Iterable[Any] | None = None) -> pa.RecordBatchReader:
        """Give an Arrow reader, for DuckDB, polars and whatever reads Arrow streams; it can be used up once.

        Parameters
        ----------
        columns : iterable, optional
            Which columns: nothing else is read.
        """
        workspace.uses(self.ref)
        return self.content.reader(columns)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Hand the table over to whatever reads Arrow streams: ``polars.DataFrame(snapshot)``."""
        return self.to_reader().__arrow_c_stream__(requested_schema)

    def to_parquet(self, path: str | os.PathLike[str], columns: Iterable[Any] | None = None) -> Path:
        """Write one plain Parquet file, in bounded memory.

        Parameters
        ----------
        path : path
            What stands there is replaced once the file is whole.
        columns : iterable, optional
            Which columns.
        """
        from mlops_lite.data.export import to_parquet

        workspace.uses(self.ref)
        return to_parquet(self.content, Path(path), columns)

    def files(self) -> list[Path]:
        """List the Parquet files that together are this version, where such files stand on this machine.

        Returns
        -------
        list of Path
            To be read, one behind the other; never to be written.

        Raises
        ------
        InvalidInputError
            Some of its columns or rows share a file with another version, so that a list of files would give wrong
            rows; or the store is not a folder of this machine.
        """
        from mlops_lite.data.export import files

        workspace.uses(self.ref)
        return files(self)

    def path(self, target: str | os.PathLike[str] | None = None) -> Path:
        """Check out the file or folder.

        Parameters
        ----------
        target : path, optional
            Where; it must not exist or be empty. Without it a place in the cache.

        Returns
        -------
        Path
            A copy: nothing that is done to it reaches the store.
        """
        from mlops_lite.data.checkout import checkout

        workspace.uses(self.ref)
        return checkout(self, target)

    def _told(self, value: Any) -> Any:
        workspace.uses(self.ref)
        workspace.remember(value, self.ref)
        return value

    def _view(self) -> Any:
        from mlops_lite.data.view import look_of_snapshot

        return look_of_snapshot(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return Snapshot, (self.store, self._record)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Snapshot) and (self._record, self.store) == (other._record, other.store)

    def __hash__(self) -> int:
        return hash(self.ref)

    def __repr__(self) -> str:
        what = f"{self.num_rows:,} rows" if self.is_table else f"{self.num_rows:,} files"
        return f"<Snapshot {self.ref} {what} {short(self.digest)}>"
