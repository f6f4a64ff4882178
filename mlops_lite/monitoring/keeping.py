"""Rows and labels are kept so long as labels are waited for, and then let go of."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import attrs
import numpy as np

from mlops_lite.base import clock
from mlops_lite.base.record import Record
from mlops_lite.monitoring.definition import Definition
from mlops_lite.monitoring.performance import METHOD, Rows
from mlops_lite.monitoring.state import State
from mlops_lite.store.log import Log

__all__ = ["forget", "is_within", "kept_rows", "let_go", "written"]

_AT_ONCE = 500  # a record holds 64 kB: what is left is let go of by the next one
_HOLDS = {"check": "rows", "label": "labels"}


def is_within(record: Record, days: float) -> bool:
    """Tell whether a record is younger than so many days."""
    return clock.now() - record.time <= timedelta(days=days)


def let_go(log: Log, head: Record, days: float) -> tuple[State, list[str]]:
    """Find the rows and labels of records older than so many days, by the newest record.

    Returns
    -------
    state : State
        As it is without them.
    forgotten : list of str
        The objects that held them, for the body of the next record.
    """
    state = State.of(head)
    gone: list[str] = []
    kept = state.kept
    for number in range(state.kept, head.number + 1):
        record = log.read(number)  # one by one: mostly the first is young already
        if is_within(record, days) or len(gone) == _AT_ONCE:
            break
        digest = record.body.get(_HOLDS.get(record.action, ""))
        gone += [digest] if digest else []
        kept = number + 1
    return attrs.evolve(state, kept=kept), gone


def forget(log: Log, days: float) -> int:
    """Let go of rows and labels older than so many days, by records of their own; give how many objects."""
    total = 0
    while True:
        gone: list[str] = []

        def body(head: Record | None) -> dict[str, Any] | None:
            nonlocal gone
            assert head is not None
            state, gone = let_go(log, head, days)
            return {"state": state.describe(), "forgotten": gone} if gone else None

        log.append(body, action="forget")
        total += len(gone)
        if not gone:
            return total


def written(columns: Mapping[str, Any]) -> bytes:
    """Write rows as Parquet, under a mark of their own, so that nobody else's equal rows are the same object."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    table = pa.table(dict(columns)).replace_schema_metadata({"mark": uuid.uuid4().hex})
    pq.write_table(table, sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data


def kept_rows(definition: Definition, rows: Rows) -> bytes | None:
    """Write what labels to come will need; None where they cannot be joined."""
    if definition.id is None or definition.target is None or rows.get(definition.id) is None or not len(rows):
        return None
    wanted = definition.kept if rows.methods is None else dict.fromkeys((*definition.kept, METHOD))
    names = [name for name in wanted if rows.get(name) is not None]
    return written({name: _storable(rows.columns[name]) for name in names})


def _storable(values: np.ndarray[Any, Any]) -> Any:
    import pyarrow as pa

    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None else str(value) for value in values.tolist()], pa.string())
