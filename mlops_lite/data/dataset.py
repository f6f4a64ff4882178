"""Datasets: named series of snapshots."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mlops_lite import frames, workspace
from mlops_lite.base import name as names
from mlops_lite.base.digest import is_digest
from mlops_lite.base.ref import several
from mlops_lite.data.snapshot import Snapshot
from mlops_lite.data.versions import Versions
from mlops_lite.display import Drawn
from mlops_lite.errors import ConflictError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from mlops_lite.base.record import Record
    from mlops_lite.data.diff import Diff
    from mlops_lite.store import Store
    from mlops_lite.store.log import Log

__all__ = ["Dataset"]

_SHORTEST_DIGEST = 8


class Dataset(Drawn):
    """A named series of versions of data.

    Nothing is written before the first snapshot.

    Parameters
    ----------
    name : str
        ``/`` groups: ``"airline/flights"``.
    store : Store or str, optional
        Where; the default store without it.

    Examples
    --------
    >>> import pandas as pd
    >>> import mlops_lite as ml
    >>> flights = ml.Dataset("flights", store="memory://dataset-example")
    >>> flights.snapshot(pd.DataFrame({"id": [1, 2], "delay": [5.0, 0.0]}), key="id").ref
    'dataset/flights@1'
    >>> flights.append(pd.DataFrame({"id": [3], "delay": [12.5]})).num_rows
    3
    >>> flights.load(1)
       id  delay
    0   1    5.0
    1   2    0.0
    """

    def __init__(self, name: str, *, store: Store | str | os.PathLike[str] | None = None) -> None:
        self.name = names.check(name, "dataset")
        self.store = workspace.store(store)

    @property
    def _log(self) -> Log:
        return self.store.log("dataset", self.name)

    def snapshot(
        self,
        data: Any,
        *,
        message: str | None = None,
        key: str | Iterable[str] | None = None,
        parents: Iterable[object] = (),
        allow_unchanged: bool = False,
    ) -> Snapshot:
        """Keep a version of data: what the newest version holds already is not written again.

        Parameters
        ----------
        data : table, stream of tables, or path
            A pandas or polars frame, an Arrow table, a numpy array, a dict of arrays, a list of dicts; an iterator of
            these, or what Arrow can stream, in bounded memory; the path of a file or folder.
        message : str, optional
            What it is, for people.
        key : str or iterable of str, optional
            The columns that name a row, for ``diff`` and for cutting. Later versions keep it.
        parents : iterable of refs or values with a ref, optional
            What it was made from. A frame that was loaded from a snapshot names that by itself.
        allow_unchanged : bool
            Make a version even where the content is that of the newest.

        Returns
        -------
        Snapshot
            The new version, or the newest where nothing changed.

        Raises
        ------
        InvalidTypeError
            A column cannot be stored faithfully; names it.
        InvalidInputError
            Two columns have one name, or the key is null or not unique.
        NotFoundError
            A parent is not in the store.
        """
        origin = workspace.origin(data)
        given = [origin] if origin is not None else [data] if isinstance(data, Snapshot) else []
        sources = self._sources([*several(parents), *given])
        head = self._newest()
        if isinstance(data, (str, os.PathLike)):
            made = self._files(data, key, head)
        else:
            made = self._table(data, _names(key), head)
        return self._committed(made, "snapshot", message, sources, allow_unchanged)

    def _sources(self, parents: Iterable[object]) -> list[object]:
        """Find what it was made from, before anything is written."""
        return [self.store.parent(parent) for parent in several(parents)]

    def _table(self, data: Any, key: tuple[str, ...] | None, head: Snapshot | None) -> Any:
        from mlops_lite.data.making import written
        from mlops_lite.data.source import source

        parent = head.content.manifest if head is not None and head.is_table else None
        return written(self.store, source(data), key, parent)

    def _files(self, path: str | os.PathLike[str], key: object, head: Snapshot | None) -> Any:
        from mlops_lite.data.packing import written

        if not os.fspath(path):
            raise InvalidInputError("The path is empty.", remedy="This folder is '.'.")
        if key is not None:
            raise InvalidInputError("Files have no key.", remedy="ml.frames.parquet(path) reads a table from files.")
        return written(self.store, path, head)

    def append(self, data: Any, *, message: str | None = None, parents: Iterable[object] = ()) -> Snapshot:
        """Add rows behind those of the newest version; nothing of it but its last part is read.

        Parameters
        ----------
        data : table or stream of tables
            Of the same columns.
        message, parents
            As for :meth:`snapshot`.

        Returns
        -------
        Snapshot
            The same as a snapshot of all rows together.

        Raises
        ------
        InvalidInputError
            The columns differ; says how.
        ConflictError
            Somebody made a version meanwhile, and what was given is a stream, which cannot be read again.
        """
        if isinstance(data, (str, os.PathLike)) and self._newest() is None:
            return self.snapshot(data, message=message, parents=parents)
        sources = self._sources(parents)
        while True:
            try:
                return self._append(data, message, sources)
            except ConflictError:
                if frames.is_stream(data):
                    raise

    def _append(self, data: Any, message: str | None, parents: list[object]) -> Snapshot:
        from mlops_lite.data.making import appended
        from mlops_lite.data.source import source

        head = self._newest()
        if head is None:
            return self._committed(self._table(data, None, None), "snapshot", message, parents, False, onto=0)
        made = appended(self.store, source(data), head.content.manifest, head.kind)
        return self._committed(made, "append", message, [*parents, head.ref], False, onto=head.version)

    def _committed(
        self,
        made: Any,
        action: str,
        message: str | None,
        parents: Iterable[object],
        again: bool,
        onto: int | None = None,
    ) -> Snapshot:
        from mlops_lite.data.making import commit

        record = commit(
            self.store, self.name, made, action=action, message=message, parents=parents, again=again, onto=onto
        )
        found = Snapshot(self.store, record)
        workspace.made(found.ref)
        return found

    def load(self, version: Any = "latest", columns: Iterable[Any] | None = None) -> Any:
        """Give back a version as what was given.

        Parameters
        ----------
        version : int, str or datetime
            A number (from the end where negative), a tag, ``latest``, a digest, or a time: the newest at that instant,
            in UTC.
        columns : iterable, optional
            Which columns.

        Raises
        ------
        NotFoundError
            There is no such version; says which there are.
        """
        return self[version].load(columns)

    def versions(self) -> Versions:
        """Give all versions, oldest first."""
        return Versions(self)

    def tag(self, tag: str, version: Any = "latest", *, message: str | None = None) -> Snapshot:
        """Give a version a name, or move the name to it.

        Parameters
        ----------
        tag : str
        version : int, str or datetime
        message : str, optional
            Why.

        Returns
        -------
        Snapshot
            The version that it names now.
        """
        found = self[version]
        self.store.labels("dataset", self.name).move(tag, found.version, message=message)
        return found

    def untag(self, tag: str) -> None:
        """Take a tag away."""
        self.store.labels("dataset", self.name).remove(tag)

    def tags(self) -> dict[str, int]:
        """Give every tag with its version."""
        return self.store.labels("dataset", self.name).all()

    def rollback(self, version: Any, *, message: str | None = None) -> Snapshot:
        """Make a new version with the content of an old one. Nothing is written but a record.

        Parameters
        ----------
        version : int, str or datetime
        message : str, optional
            Why.

        Returns
        -------
        Snapshot
            The new version; the newest where it has that content already.
        """
        from mlops_lite.data.making import Made

        old = self[version]
        objects = self.store.objects.reachable(old._record)
        made = Made({**old._record.body, "written": 0}, tuple(objects - {old._record.inventory}))
        message = message or f"rollback to {old.version}"
        return self._committed(made, "rollback", message, [old.ref], False)

    def diff(self, before: Any, after: Any = "latest", *, key: str | Iterable[str] | None = None) -> Diff:
        """Say what is different between two versions, reading only what differs.

        Parameters
        ----------
        before, after : int, str or datetime
            Versions.
        key : str or iterable of str, optional
            The columns that name a row; the dataset's key without it, and whole rows where there is none.

        Returns
        -------
        Diff
        """
        from mlops_lite.data.diff import difference

        return difference(self[before], self[after], _names(key))

    def _newest(self) -> Snapshot | None:
        record = self._log.newest()
        return Snapshot(self.store, record) if record is not None else None

    def _record_of(self, version: Any) -> Record:
        if isinstance(version, str) and len(version) >= _SHORTEST_DIGEST and is_digest(version.ljust(64, "0")):
            for record in reversed(list(self._log.history())):
                if str(record.body.get("digest", "")).startswith(version):
                    return record
        return self._log.find(version)

    def __getitem__(self, version: Any) -> Snapshot:
        if isinstance(version, Snapshot):
            version = version.version
        return Snapshot(self.store, self._record_of(version))

    def __iter__(self) -> Iterator[Snapshot]:
        return iter(self.versions())

    def __len__(self) -> int:
        return len(self._log)

    def __contains__(self, version: object) -> bool:
        try:
            self[version]
        except NotFoundError:
            return False
        return True

    def _view(self) -> Any:
        from mlops_lite.data.view import look_of_dataset

        return look_of_dataset(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopened, (self.name, self.store)

    def __repr__(self) -> str:
        return f"<Dataset {self.name!r} {len(self)} versions in {self.store.url}>"


def _reopened(name: str, store: Store) -> Dataset:
    return Dataset(name, store=store)


def _names(key: str | Iterable[str] | None) -> tuple[str, ...] | None:
    if key is None:
        return None
    found = tuple(key) if isinstance(key, Iterable) and not isinstance(key, str) else (key,)
    if not found:
        raise InvalidInputError("The key names no column.", remedy="Leave key= out, or name a column.")
    return found
