"""Making a snapshot of a table: look at it, choose how it is cut, write what is new, and commit with one record."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pyarrow as pa

from mlops_lite.data.address import joined, plain
from mlops_lite.data.cut import Cut, Cutter, choose, mixable, size_for
from mlops_lite.data.manifest import Manifest
from mlops_lite.data.reader import Reader
from mlops_lite.data.recognizer import Recognizer
from mlops_lite.data.source import Source, agreed
from mlops_lite.data.writer import Writer
from mlops_lite.display.format import count
from mlops_lite.errors import ConflictError, InvalidInputError, InvalidTypeError, NotFoundError, suggest

if TYPE_CHECKING:
    from mlops_lite.base.record import Record
    from mlops_lite.store import Store

__all__ = ["appended", "commit", "written"]

_SAMPLE_ROWS = 1 << 19  # by which a column is recognised under another name


@attrs.frozen
class Made:
    """What a snapshot will say of itself.

    Parameters
    ----------
    body : mapping
        Of the record.
    objects : tuple of str
        What the record keeps alive.
    """

    body: Mapping[str, Any]
    objects: tuple[str, ...]


def written(store: Store, found: Source, key: tuple[str, ...] | None, parent: Manifest | None) -> Made:
    """Write a table.

    Parameters
    ----------
    store : Store
    found : Source
    key : tuple of str, optional
        The columns that name a row; those of the parent without it.
    parent : Manifest, optional
        The newest version, of which nothing is written again.

    Returns
    -------
    Made
    """
    key = _key(found, key, parent)
    sample = found.sample()
    cut = _cut(found, sample, key, parent)
    with store.objects.batch(reachable=parent.files if parent is not None else ()) as batch:
        recognizer = Recognizer(store.cache, parent)
        writer = Writer(batch, found.schema, cut, parent, recognizer)
        writer.write(found.blocks, found.rows)
        manifest = writer.manifest(key, found.schema)
        digest = batch.add(manifest.encode())
        recognizer.keep(manifest)
        return _made(manifest, digest, found.kind, batch.written)


def appended(store: Store, found: Source, parent: Manifest, kind: str) -> Made:
    """Write rows behind those of the parent: only its last part is read and cut again.

    Parameters
    ----------
    store : Store
    found : Source
    parent : Manifest
    kind : str
        Of what library the parent is.
    """
    schema = agreed(parent.schema, found.schema, "What is to be appended")
    kept = max(len(parent.rows) - 1, 0)
    last = Reader(store, parent).table(range(len(schema)), range(kept, len(parent.rows)))
    blocks = itertools.chain([last.replace_schema_metadata(None)] if last.num_rows else [], _bare(found))
    if parent.key and found.table is not None:
        check_key(found.table, parent.key)
    with store.objects.batch(reachable=parent.files) as batch:
        recognizer = Recognizer(store.cache, parent)
        writer = Writer(batch, schema, parent.cut, parent, recognizer)
        writer.write(blocks, None if found.rows is None else found.rows + last.num_rows)
        schema = agreed(parent.schema, found.schema, "What is to be appended")  # a stream may have learned more
        manifest = parent.extended(kept, writer.manifest(parent.key, schema))
        digest = batch.add(manifest.encode())
        recognizer.keep(manifest)
        return _made(manifest, digest, kind, batch.written)


def _bare(found: Source) -> Iterable[pa.Table]:
    return (block.replace_schema_metadata(None) for block in found.blocks)


def _made(manifest: Manifest, digest: str, kind: str, written: int) -> Made:
    body = {
        "content": "table",
        "kind": kind,
        "digest": manifest.digest,
        "manifest": digest,
        "rows": manifest.num_rows,
        "columns": len(manifest.schema),
        "nbytes": sum(manifest.sizes),
        "written": written,
    }
    return Made(body, (digest, *manifest.files))


def commit(
    store: Store,
    name: str,
    made: Made,
    *,
    action: str,
    message: str | None,
    parents: Iterable[object],
    again: bool,
    onto: int | None = None,
) -> Record:
    """Append the record of a snapshot, unless the newest has the same content and ``again`` is not set.

    Raises
    ------
    ConflictError
        The newest version is no longer the one that it was built onto.
    """

    def body(head: Record | None) -> Mapping[str, Any] | None:
        newest = head.number if head is not None else 0
        if onto is not None and newest != onto:
            raise ConflictError(
                f"dataset/{name} got version {newest} while rows were appended to version {onto}.",
                remedy="Append them again.",
                newest=newest,
            )
        same = head is not None and head.body.get("digest") == made.body["digest"]
        return None if same and not again else made.body

    log = store.log("dataset", name)
    return log.append(body, action=action, message=message, parents=parents, objects=made.objects)


def _key(found: Source, key: tuple[str, ...] | None, parent: Manifest | None) -> tuple[str, ...]:
    names = found.schema.names
    if key is None:
        kept = parent.key if parent is not None else ()
        key = kept if set(kept) <= set(names) else ()
    for name in key:
        if name not in names:
            raise NotFoundError(f"The key {name!r} is no column.", remedy=suggest(str(name), names), name=name)
        if not mixable(plain(found.schema.field(name).type)):
            raise InvalidTypeError(
                f"The key {name!r} is of the type {found.schema.field(name).type}, which names no row.",
                remedy="Choose a column of numbers, text or times.",
                column=name,
            )
    if key and found.table is not None:
        check_key(found.table, key)
    return key


def check_key(table: pa.Table, key: tuple[str, ...]) -> None:
    """Refuse a key with nulls or duplicates.

    Raises
    ------
    InvalidInputError
        Names the column, and shows values that occur twice.
    """
    import pyarrow.compute as pc

    table = pa.table({name: joined(table[name]) for name in key})  # the values of categories
    for name in key:
        nulls = pc.sum(pc.is_null(table[name], nan_is_null=True)).as_py() or 0
        if nulls:
            raise InvalidInputError(
                f"The key {name!r} is null in {count(nulls, 'row')}.",
                remedy="Fill it, or leave those rows out: a key names a row.",
                column=name,
            )
    if len(key) == 1 and pc.count_distinct(table[key[0]]).as_py() == table.num_rows:
        return
    counts = table.group_by(table.column_names).aggregate([([], "count_all")])
    twice = counts.filter(pc.greater(counts["count_all"], 1))
    if twice.num_rows:
        shown = "; ".join(str(tuple(row[name] for name in key)) for row in twice.slice(0, 3).to_pylist())
        raise InvalidInputError(
            f"The key {', '.join(map(repr, key))} is not unique: "
            f"{count(twice.num_rows, 'value')} in more than one row, {shown}.",
            remedy="Choose columns that name a row, or drop the duplicates.",
            columns=list(key),
        )


def _cut(found: Source, sample: pa.Table, key: tuple[str, ...], parent: Manifest | None) -> Cut:
    """Reuse the parent's rule where it can be; else choose by the key, or by the content alone."""
    if parent is not None and (not key or key == parent.key):
        kept = _inherited(found, sample, parent)
        if kept is not None:
            return kept
    if key:
        return Cut(key, size_for(sample, found.rows))
    return choose(sample, found.rows)


def _inherited(found: Source, sample: pa.Table, parent: Manifest) -> Cut | None:
    names = [_now_called(found, sample, parent, name) for name in parent.cut.columns]
    return attrs.evolve(parent.cut, columns=tuple(names)) if None not in names else None  # type: ignore[arg-type]


def _now_called(found: Source, sample: pa.Table, parent: Manifest, name: str) -> str | None:
    """Find the column that cut the parent: under its name, or under another one if that cuts at the same places."""
    if _same_type(found.schema, parent.schema, name):
        return name
    if len(parent.cut.columns) > 1:
        return None
    kind = plain(parent.schema.field(name).type)
    for field in found.schema:
        if field.name in parent.schema.names or plain(field.type) != kind:
            continue
        cuts = list(Cutter(attrs.evolve(parent.cut, columns=(field.name,))).cuts(sample.slice(0, _SAMPLE_ROWS)))
        if cuts and cuts == np.cumsum(parent.rows[: len(cuts)]).tolist():
            return str(field.name)
    return None


def _same_type(schema: pa.Schema, other: pa.Schema, name: str) -> bool:
    return name in schema.names and plain(schema.field(name).type) == plain(other.field(name).type)
