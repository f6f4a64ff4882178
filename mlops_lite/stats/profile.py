"""The profile of a table, kept in place of its rows: small, exact on its cells, and the sum of those of its parts."""

from __future__ import annotations

import functools
import itertools
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import numpy as np

from mlops_lite.base import canonical
from mlops_lite.display import Drawn
from mlops_lite.errors import DamagedError, InvalidInputError, NotFoundError, suggest
from mlops_lite.stats import values
from mlops_lite.stats.cells import (
    Cells,
    LevelCells,
    NoCells,
    cells_of,
    frame_digest,
    level_cells,
)
from mlops_lite.stats.column import ColumnProfile, empty
from mlops_lite.stats.late import Late
from mlops_lite.stats.number_cells import number_cells
from mlops_lite.stats.tally import Room, tally
from mlops_lite.stats.threads import Threads

__all__ = ["Frame", "Profile", "profile"]

FORMAT = 3
_MOST_DRAWN = 20  # columns
SAMPLE = 100_000  # rows by which cells are chosen
_LINE = 8  # values

Block = Mapping[str, Any]


@attrs.frozen(eq=False)
class Frame:
    """The cells of every column of a table: what profiles must share to be added or compared.

    Parameters
    ----------
    columns : mapping of str to Cells
    """

    columns: Mapping[str, Cells]

    @functools.cached_property
    def digest(self) -> str:
        """Names it: equal frames have equal digests."""
        return frame_digest(self.columns)

    def encode(self) -> bytes:
        """Write it."""
        described = {name: cells.describe() for name, cells in self.columns.items()}
        return zlib.compress(canonical.encode({"format": FORMAT, "columns": list(described.items())}))

    @classmethod
    def decode(cls, data: bytes) -> Frame:
        """Read it back."""
        return cls({name: cells_of(described) for name, described in _read(data, "frame")["columns"]})


@attrs.frozen(eq=False, repr=False)
class Profile(Drawn):
    """What is known of a table, column by column.

    Parameters
    ----------
    rows : int
    columns : mapping of str to ColumnProfile
        In the order of the table.

    Examples
    --------
    >>> whole = profile({"age": np.array([31.0, 45.0, np.nan]), "city": np.array(["Rome", "Oslo", "Rome"])})
    >>> whole["age"].mean, whole["age"].missing, whole["city"].levels
    (38.0, 1, {'Oslo': 1, 'Rome': 2})
    >>> more = profile({"age": np.array([20.0]), "city": np.array(["Bern"])}, frame=whole.frame)
    >>> whole.merge(more).rows, whole.merge(more)["city"].unknown
    (4, {'Bern': 1})
    """

    rows: int
    columns: Mapping[str, ColumnProfile]

    def __getitem__(self, name: str) -> ColumnProfile:
        if name not in self.columns:
            raise NotFoundError(f"There is no column {name!r}.", remedy=suggest(name, self.columns), name=name)
        return self.columns[name]

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    @functools.cached_property
    def frame(self) -> Frame:
        """The cells on which it was counted."""
        return Frame({name: column.cells for name, column in self.columns.items()})

    def merge(self, *others: Profile) -> Profile:
        """Add the profiles of other parts.

        Raises
        ------
        InvalidInputError
            They were counted on other cells, or have other columns.
        """
        if any(list(self.columns) != list(other.columns) for other in others):
            raise InvalidInputError("Profiles of different columns do not add up.")
        columns = {
            name: column.merge(*(other.columns[name] for other in others)) for name, column in self.columns.items()
        }
        return Profile(sum(part.rows for part in (self, *others)), columns)

    def settled(self) -> Profile:
        """Give every level that was seen a cell of its own: how the profile of a reference is finished.

        Returns
        -------
        Profile
            Levels beyond 2,048 are put together by hash.
        """
        return Profile(self.rows, {name: _settled(column) for name, column in self.columns.items()})

    def summary(self) -> dict[str, dict[str, Any]]:
        """Give the summary of each column: mean, quartiles, the commonest level."""
        return {name: column.summary() for name, column in self.columns.items()}

    def _view(self) -> Any:
        from mlops_lite.display import card, table

        rows = [_glance(column) for column in self.columns.values()]
        heads = ["column", "missing", "min", "median", "max", "commonest"]
        return card("Profile", table(heads, rows, f"{self.rows:,} rows", most=_MOST_DRAWN))

    def __repr__(self) -> str:
        return f"<Profile of {self.rows:,} rows, {len(self.columns)} columns>"

    def encode(self, frame: Frame | None = None) -> bytes:
        """Write it.

        Parameters
        ----------
        frame : Frame, optional
            One that holds its cells and is kept elsewhere: then only its digest is written, and it must be given to
            :meth:`decode`.
        """
        columns = [column.describe() for column in self.columns.values()]
        cells = None if frame else [column.cells.describe() for column in self.columns.values()]
        described = {"format": FORMAT, "rows": self.rows, "columns": columns, "cells": cells}
        return zlib.compress(canonical.encode({**described, "frame": frame.digest if frame else None}), 1)

    @classmethod
    def decode(cls, data: bytes, frame: Frame | None = None) -> Profile:
        """Read it back.

        Raises
        ------
        DamagedError
            The bytes are no profile, or not one on this frame.
        """
        found = _read(data, "profile")
        if found["cells"] is None and (frame is None or frame.digest != found["frame"]):
            raise DamagedError(f"This profile was counted on the frame {found['frame'][:8]}…, which is not at hand.")
        names = [column["name"] for column in found["columns"]]
        cells = [cells_of(each) for each in found["cells"] or ()] or [frame.columns[name] for name in names if frame]
        pairs = zip(found["columns"], cells, strict=True)
        return cls(found["rows"], {column["name"]: ColumnProfile.of(column, own) for column, own in pairs})


def _glance(column: ColumnProfile) -> list[Any]:
    found = column.summary()
    places: list[Any] = [found.get(name) for name in ("min", "50%", "max")]
    if column.family == "times":
        kind: Any = np.timedelta64 if column.type.startswith("duration") else np.datetime64
        places = [str(kind(int(each), "s")) if np.isfinite(each) else None for each in places]
    return [column.name, column.missing, *places, found.get("top")]


def profile(data: Any, frame: Frame | None = None, *, threads: int | None = None, distinct: bool = True) -> Profile:
    """Profile a table in one pass.

    Parameters
    ----------
    data : pyarrow.Table, RecordBatch, mapping of str to arrays, or an iterable of these
        Arrays of numpy or Arrow, of one length. Batches of an iterable are dropped once they are counted.
    frame : Frame, optional
        The cells to count on. Without it they are chosen from the data: for an iterable from its first 100,000 rows,
        which should then be typical of all.
    threads : int, optional
        How many; all cores by default, for tables worth it.
    distinct : bool
        Look for how many different numbers each column holds too: up to 255 exactly, of more with a standard error of
        6.3 %. It takes about a fifth of the time.

    Returns
    -------
    Profile
        Of columns that the frame does not know, only what is missing.

    Examples
    --------
    >>> import pyarrow as pa
    >>> profile(pa.table({"age": [31, 45, None]}))["age"].summary()["mean"]
    38.0
    """
    blocks = _blocks(data)
    known: dict[int, values.Counted] = {}
    late: dict[str, Late] = {}
    typical = -1  # blocks by which cells are chosen
    if frame is None:
        first, frame = _framed(blocks, known)
        blocks, typical = itertools.chain(first, blocks), len(first)
        del first
    columns: dict[str, ColumnProfile] = {}
    rows = 0
    room = Room()
    with Threads(threads) as side_by_side:
        for number, block in enumerate(blocks):
            if number == typical:
                late = {name: Late(column) for name, column in columns.items()}
            rows += _length(block)
            _begin(columns, block, frame)
            count = functools.partial(_count, columns, block, distinct, room, known, late)
            columns.update(zip(block, side_by_side.map(count, block, _length(block)), strict=True))
    return Profile(rows, {name: late[name].settled(each) if name in late else each for name, each in columns.items()})


def _blocks(data: Any) -> Iterator[Block]:
    if isinstance(data, Mapping):
        yield data
    elif hasattr(data, "schema") and hasattr(data, "column"):
        yield dict(zip(data.schema.names, data.columns, strict=True))
    elif hasattr(data, "__iter__"):
        yield from itertools.chain.from_iterable(_blocks(part) for part in data)
    else:
        raise InvalidInputError(f"A {type(data).__name__} cannot be profiled.", remedy="Give an Arrow table.")


def _length(block: Block) -> int:
    return len(next(iter(block.values()), ()))


def _framed(blocks: Iterator[Block], known: dict[int, values.Counted]) -> tuple[list[Block], Frame]:
    """Read so many blocks as it takes to choose cells, and give them back.

    What is counted of levels on the way is remembered in ``known``, by the number of the array.
    """
    first: list[Block] = []
    rows = 0
    for block in blocks:
        first.append(block)
        rows += _length(block)
        if rows >= SAMPLE:
            break
    step = max(1, rows // SAMPLE)
    names = first[0] if first else {}
    with Threads() as threads:
        arrays = {name: [block[name] for block in first if name in block] for name in names}
        cells = threads.map(lambda name: _choose(arrays[name], step, known), names, rows)
    return first, Frame(dict(zip(names, cells, strict=True)))


def _choose(arrays: list[Any], step: int, known: dict[int, values.Counted]) -> Cells:
    """Choose cells for a column from its first arrays, of numbers from a part of their values."""
    kind = values.family(arrays[0])
    if kind == "levels":
        known |= {id(array): values.counted(array) for array in arrays}
        return level_cells(itertools.chain.from_iterable(known[id(array)][0] for array in arrays))
    if kind == "other":
        return NoCells()
    parts = [values.numbers(_every(part, step)) for array in arrays for part in _parts(array)]
    return number_cells(np.concatenate(parts) if parts else np.zeros(0))


def _parts(array: Any) -> list[Any]:
    return list(array.chunks) if hasattr(array, "chunks") else [array]


def _every(array: Any, step: int) -> Any:
    """Give one of so many values: of a numpy array eight together, which lie in one line of the cache."""
    if step == 1:
        return array
    if not isinstance(array, np.ndarray):
        return array.take(np.arange(0, len(array), step))
    whole = len(array) - len(array) % (_LINE * step)
    return array[:whole].reshape(-1, _LINE * step)[:, :_LINE].ravel() if whole else array[::step]


def _begin(columns: dict[str, ColumnProfile], block: Block, frame: Frame) -> None:
    lengths = {len(array) for array in block.values()}
    if len(lengths) > 1:
        raise InvalidInputError(f"The columns have different lengths: {sorted(lengths)}.")

    for name, array in block.items():
        if name not in columns:
            columns[name] = empty(
                name, values.type_name(array), values.family(array), frame.columns.get(name, NoCells())
            )


def _count(
    columns: dict[str, ColumnProfile],
    block: Block,
    distinct: bool,
    room: Room,
    known: dict[int, values.Counted],
    late: dict[str, Late],
    name: str,
) -> ColumnProfile:
    found = tally(columns[name], block[name], distinct, room, known.pop(id(block[name]), None))
    return late[name].add(found, block[name]) if name in late else found


def _settled(column: ColumnProfile) -> ColumnProfile:
    if not isinstance(column.cells, LevelCells) or not (column.unknown or column.rest):
        return column
    if column.cells.hashed or column.rest:
        return column
    cells = level_cells(column.levels)
    counts = np.zeros(cells.size, dtype=np.int64)
    for level, count in column.levels.items():
        counts[cells.place(level)] += count
    return attrs.evolve(column, cells=cells, counts=counts, unknown={})


def _read(data: bytes, what: str) -> Any:
    try:
        found = canonical.decode(zlib.decompress(data))
    except zlib.error as error:
        raise DamagedError(f"These bytes are no {what}: {error}.") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise DamagedError(f"These bytes are no {what} of format {FORMAT}.")
    return found
