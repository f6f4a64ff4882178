"""Which rows of two versions of a table differ, reading only the parts and columns whose addresses differ."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pyarrow as pa

from mlops_lite import frames
from mlops_lite.data.address import plain, plained
from mlops_lite.data.manifest import ADDRESS_BYTES, Manifest
from mlops_lite.data.rowset import differs, match, surplus
from mlops_lite.frames import _layout

if TYPE_CHECKING:
    import pandas as pd

    from mlops_lite.data.content import TableContent

__all__ = ["Rows", "compare", "renamed"]


@attrs.frozen(eq=False)
class Rows:
    """Rows that differ, as frames."""

    added: pd.DataFrame
    removed: pd.DataFrame
    changed: pd.DataFrame
    duplicates: pd.DataFrame


@attrs.frozen
class _Side:
    """One version: its content, and the parts that the other lacks."""

    content: TableContent
    parts: tuple[int, ...]

    @property
    def manifest(self) -> Manifest:
        return self.content.manifest

    def addresses(self, name: str) -> np.ndarray[Any, Any]:
        """Give the address of a column in each part."""
        found: np.ndarray[Any, Any] = self.manifest.cells.address[
            self.manifest.schema.names.index(name), list(self.parts)
        ]
        return found

    def frame(self, table: pa.Table) -> pd.DataFrame:
        """Give whole rows as a pandas frame, as the frame that was given would show them."""
        return _framed(table, self.content.layout)

    def flat(self, table: pa.Table) -> pd.DataFrame:
        """Give columns as a pandas frame, those of an index among them, each by its name in the store."""
        layout = self.content.layout
        levels = layout.get("index", {}).get("levels", [])
        fields = {**layout.get("fields", {}), **{level["column"]: level["noted"] for level in levels}}
        names = table.column_names
        plain_labels = {"index": {"range": [0, 1], "name": None}, "columns": {"labels": names, "names": [None]}}
        return _framed(table, {**layout, **plain_labels, "fields": fields, "names": names})

    def read(self, names: Sequence[str], parts: Iterable[int]) -> pa.Table:
        """Read columns of parts, each in the type it is stored as, without a layout."""
        places = [self.manifest.schema.names.index(name) for name in names]
        table = self.content._read(places, sorted(parts))
        return pa.table([_plain(column) for column in table.columns], names=list(names))


def _framed(table: pa.Table, layout: dict[str, Any]) -> pd.DataFrame:
    found: pd.DataFrame
    if layout.get("kind") != "pandas":
        found = table.to_pandas()
        return found
    # what a null stood for is noted by its place among all rows; among some of them it is a null
    fields = {
        name: {**noted, "missing": 1} if isinstance(noted.get("missing"), bytes) else noted
        for name, noted in layout["fields"].items()
    }
    metadata = {_layout.KEY: _layout.write({**layout, "fields": fields})}
    found = frames.from_arrow(table.replace_schema_metadata(metadata), "pandas")
    return found


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = plain(column.type)
    return column if kind == column.type else pa.chunked_array([plained(chunk) for chunk in column.chunks], kind)


def compare(before: TableContent, after: TableContent, key: tuple[str, ...]) -> Rows:
    """Compare two versions row by row.

    Parameters
    ----------
    before, after : TableContent
    key : tuple of str
        The columns that name a row; without them rows are compared as multisets.

    Returns
    -------
    Rows
    """
    common = _common(before.manifest, after.manifest)
    one, two = _different(before, after, common)
    pairs, one, two = _aligned(one, two, key or _anchors(before.manifest, after.manifest, common))
    names, masked = _paired(before, after, pairs, common)
    if not key:
        sides = [_gathered(side, parts, masked) for side, parts in zip((one, two), pairs, strict=True)]
        added, removed = surplus(sides[0], sides[1], common)
        return Rows(two.frame(added), one.frame(removed), _no_changes(), _no_changes())
    return _by_key(one, two, pairs, names, masked, key)


def _common(before: Manifest, after: Manifest) -> list[str]:
    """Give the columns that both have, in one type."""
    types = {field.name: plain(field.type) for field in before.schema}
    return [field.name for field in after.schema if types.get(field.name) == plain(field.type)]


def _anchors(before: Manifest, after: Manifest, common: list[str]) -> tuple[str, ...]:
    """Give columns by which parts of both are paired where rows have no key: those that cut them."""
    shared = set(before.cut.columns) & set(after.cut.columns) & set(common)
    return tuple(name for name in after.cut.columns if name in shared)


def _identities(manifest: Manifest, names: Iterable[str]) -> list[bytes]:
    """Give for each part the addresses of some columns, one behind the other."""
    places = [manifest.schema.names.index(name) for name in names]
    cells = np.ascontiguousarray(manifest.cells.address[places].T)
    flat, step = cells.tobytes(), ADDRESS_BYTES * len(places)
    rows = manifest.rows.astype("<i8").tobytes()
    return [rows[8 * part : 8 * part + 8] + flat[part * step : (part + 1) * step] for part in range(len(manifest.rows))]


def _different(before: TableContent, after: TableContent, common: list[str]) -> tuple[_Side, _Side]:
    """Take away, as multisets, the parts that both have."""
    identities = [_identities(content.manifest, common) for content in (before, after)]
    both = Counter(identities[0]) & Counter(identities[1])
    sides = []
    for content, found in zip((before, after), identities, strict=True):
        left = both.copy()
        parts = []
        for part, identity in enumerate(found):
            if left[identity]:
                left[identity] -= 1
            else:
                parts.append(part)
        sides.append(_Side(content, tuple(parts)))
    return sides[0], sides[1]


_Parts = tuple[list[int], list[int]]


def _aligned(one: _Side, two: _Side, anchors: tuple[str, ...]) -> tuple[_Parts, _Side, _Side]:
    """Pair parts whose anchors are equal: their rows stand in the same order, so no row need be looked for."""
    pairs: _Parts = ([], [])
    if anchors:
        known, found = (_identities(side.manifest, anchors) for side in (one, two))
        waiting: dict[bytes, deque[int]] = defaultdict(deque)
        for part in one.parts:
            waiting[known[part]].append(part)
        for part in two.parts:
            candidates = waiting[found[part]]
            if candidates and (not pairs[0] or candidates[0] > pairs[0][-1]):  # both sides are read in order
                pairs[0].append(candidates.popleft())
                pairs[1].append(part)
    left = [
        attrs.evolve(side, parts=tuple(sorted(set(side.parts) - set(used))))
        for side, used in zip((one, two), pairs, strict=True)
    ]
    return pairs, left[0], left[1]


def _paired(
    before: TableContent, after: TableContent, pairs: _Parts, common: list[str]
) -> tuple[list[str], np.ndarray[Any, Any]]:
    """Give the columns that differ in some pair of parts, and for each row of all pairs whether it differs."""
    sides = [_Side(content, tuple(parts)) for content, parts in zip((before, after), pairs, strict=True)]
    names = [name for name in common if (sides[0].addresses(name) != sides[1].addresses(name)).any()]
    tables = [side.read(names, side.parts) for side in sides]
    masked = np.zeros(tables[0].num_rows, bool)
    for name in names:
        masked |= differs(tables[0][name], tables[1][name])
    return names, masked


def _gathered(side: _Side, parts: list[int], masked: np.ndarray[Any, Any]) -> pa.Table:
    """Give the rows of a side that may have no counterpart: of parts without one, and those that differ in pairs."""
    names = side.manifest.schema.names
    paired = side.read(names, parts).filter(pa.array(masked))
    return pa.concat_tables([side.read(names, side.parts), paired])


def _by_key(
    one: _Side, two: _Side, pairs: _Parts, names: list[str], masked: np.ndarray[Any, Any], key: tuple[str, ...]
) -> Rows:
    """Compare by key: rows of pairs stand side by side already, the others are looked up."""
    common = _common(one.manifest, two.manifest)
    rests = [side.read(side.manifest.schema.names, side.parts) for side in (one, two)]
    found = match(rests[0].select(list(key)), rests[1].select(list(key)))
    matched = [rest.take(pa.array(places)) for rest, places in zip(rests, found.both, strict=True)]
    masks = {name: differs(matched[0][name], matched[1][name]) for name in common if name not in key}
    changed = [name for name in common if name in names or (name in masks and masks[name].any())]
    columns = [*key, *(name for name in changed if name not in key)]
    paired = [side.read(columns, parts).filter(pa.array(masked)) for side, parts in zip((one, two), pairs, strict=True)]
    mask = np.logical_or.reduce([np.zeros(matched[0].num_rows, bool), *masks.values()])
    looked_up = [table.select(columns).filter(pa.array(mask)) for table in matched]
    sides = [pa.concat_tables(tables) for tables in zip(paired, looked_up, strict=True)]
    repeated = [rest.take(pa.array(places)) for rest, places in zip(rests, found.repeated, strict=True)]
    more, fewer = surplus(repeated[0], repeated[1], common)
    added = pa.concat_tables([rests[1].take(pa.array(found.only[1])), more])
    removed = pa.concat_tables([rests[0].take(pa.array(found.only[0])), fewer])
    twice = pa.concat_tables([table.select(list(key)) for table in repeated]).group_by(list(key)).aggregate([])
    return Rows(two.frame(added), one.frame(removed), _side_by_side(one, two, sides, key), twice.to_pandas())


def _side_by_side(one: _Side, two: _Side, tables: list[pa.Table], key: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    flats = [side.flat(table) for side, table in zip((one, two), tables, strict=True)]
    names = [name for name in tables[0].column_names if name not in key]
    columns = {
        (name, when): frame[name].array
        for name in names
        for when, frame in zip(("before", "after"), flats, strict=True)
    }
    index = tables[1].select(list(key)).to_pandas()
    found = pd.DataFrame(columns, index=pd.MultiIndex.from_frame(index) if len(key) > 1 else pd.Index(index[key[0]]))
    if not names:
        found.columns = pd.MultiIndex.from_arrays([[], []])
    return found


def _no_changes() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns=pd.MultiIndex.from_arrays([[], []]))


def renamed(before: Manifest, after: Manifest) -> dict[str, str]:
    """Find columns that kept their content, part by part, under another name."""
    if not np.array_equal(before.rows, after.rows) or not len(before.rows):
        return {}
    gone = {
        before.cells.address[place].tobytes(): name
        for place, name in enumerate(before.schema.names)
        if name not in after.schema.names
    }
    new = (
        (after.cells.address[place].tobytes(), name)
        for place, name in enumerate(after.schema.names)
        if name not in before.schema.names
    )
    return {gone.pop(content): name for content, name in new if content in gone}
