"""The one pass over the data of a check: its profile, what is needed row by row, rows that repeat."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from mlops_lite.monitoring.performance import Rows
from mlops_lite.monitoring.source import Block, blocks
from mlops_lite.stats.duplicates import Repeats, coded
from mlops_lite.stats.profile import Frame, Profile, profile

__all__ = ["Examined", "examine"]


@attrs.frozen(eq=False)
class Examined:
    """What a pass over the data gave.

    Parameters
    ----------
    profile : Profile
    rows : Rows
        The columns that are needed row by row.
    repeated : mapping of str to int
        For columns, and ``*`` for whole rows: how many repeat an earlier one.
    """

    profile: Profile
    rows: Rows
    repeated: Mapping[str, int]


def examine(data: Any, keep: Collection[str], frame: Frame | None = None, unique: Collection[str] = ()) -> Examined:
    """Walk over data once.

    Parameters
    ----------
    data : table, snapshot, iterator of tables, or Profile
        A profile has no rows: only what it holds can be judged.
    keep : collection of str
        Columns that are needed row by row.
    frame : Frame, optional
        The cells of the reference.
    unique : collection of str
        Columns, or ``*``, in which repeated values are counted.
    """
    if isinstance(data, Profile):
        return Examined(data, Rows({}), {})
    kept: dict[str, list[NDArray[Any]]] = {}
    repeats = {name: Repeats() for name in unique}

    def passing() -> Iterator[Block]:
        for block in blocks(data):
            for name in keep:
                if name in block:
                    kept.setdefault(name, []).append(as_numpy(block[name]))
            if "*" in repeats:
                block = coded(block)
            for name, counter in repeats.items():
                counter.add(block if name == "*" else {name: block[name]} if name in block else {})
            yield block

    found = profile(passing(), frame, distinct=frame is None)
    rows = Rows({name: parts[0] if len(parts) == 1 else np.concatenate(parts) for name, parts in kept.items()})
    return Examined(found, rows, {name: counter.count() for name, counter in repeats.items()})


def as_numpy(array: Any) -> NDArray[Any]:
    """Give a column as a numpy array; text and what has nulls as objects, whole numbers with nulls as floats."""
    if isinstance(array, np.ndarray):
        return array
    import pyarrow as pa

    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    found: NDArray[Any] = (
        array.to_numpy() if isinstance(array, pa.ChunkedArray) else array.to_numpy(zero_copy_only=False)
    )
    return found
