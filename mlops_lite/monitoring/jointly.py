"""Tests of many columns at once: they need the rows of a reference snapshot."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from mlops_lite import frames, workspace
from mlops_lite.errors import InvalidInputError
from mlops_lite.monitoring.definition import JOINT, Definition
from mlops_lite.monitoring.matrix import Encoder
from mlops_lite.monitoring.measure import Measured
from mlops_lite.monitoring.source import blocks
from mlops_lite.store import Store

__all__ = ["judge_jointly", "some_rows"]


def judge_jointly(
    definition: Definition,
    data: Any,
    store: Store,
    embed: Mapping[str, Callable[[Any], Any]],
    present: Collection[str],
) -> dict[str, tuple[Measured, float]]:
    """Compare rows of the reference and of today, as points.

    A test one of whose columns is not present is left out: the schema says so.

    Returns
    -------
    dict of str to (Measured, float)
        By test: what it measured, and the effect that it must reach.
    """
    if not definition.joint:
        return {}
    if definition.reference is None or (frames.kind(data) is None and not hasattr(data, "to_arrow")):
        raise InvalidInputError(
            f"{', '.join(definition.joint)} needs rows: of a reference snapshot, and of a table or snapshot to check.",
            remedy="Define the monitor with reference=ml.Dataset('customers')['golden'], and check a table.",
        )
    snapshot = workspace.open(definition.reference, store)
    found = {}
    for name, columns in definition.joint.items():
        if any(column not in present for column in columns):
            continue
        test = JOINT.load(name)
        encoder = Encoder(columns, embed)
        then = encoder.fit(some_rows(snapshot.to_arrow(columns=list(columns)), columns, test.MOST))
        now = encoder.points(some_rows(data, columns, test.MOST))
        found[name] = (test.compare(then, now), test.FLOOR)
    return found


def some_rows(data: Any, columns: Any, most: int) -> dict[str, Any]:
    """Take so many rows at random, the same ones each time."""
    import pyarrow as pa

    parts: dict[str, list[Any]] = {name: [] for name in columns}
    for block in blocks(data):
        for name in columns:
            if name not in block:
                raise InvalidInputError(f"Column {name!r} is missing; it is tested together with others.")
            parts[name].append(block[name])
    whole = {name: pa.chunked_array(list(map(_chunk, several))) for name, several in parts.items()}
    rows = min(map(len, whole.values()), default=0)
    if rows > most:
        chosen = np.sort(np.random.default_rng(0).choice(rows, most, replace=False))
        whole = {name: column.take(chosen) for name, column in whole.items()}
    return {name: column.combine_chunks() for name, column in whole.items()}


def _chunk(array: Any) -> Any:
    import pyarrow as pa

    if isinstance(array, pa.ChunkedArray):
        return array.combine_chunks()
    return pa.array(list(array) if isinstance(array, np.ndarray) and array.ndim > 1 else array)
