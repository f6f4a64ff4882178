"""Segments: calls as columns, in one Parquet object."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from mlops_lite.deployment.blocks import Blocks
from mlops_lite.deployment.inputs import restored
from mlops_lite.deployment.merging import merged, together
from mlops_lite.deployment.predictions import Call
from mlops_lite.deployment.redaction import Redaction
from mlops_lite.deployment.slot import Slot

__all__ = ["counts", "decode", "encode", "request_ids"]

Numbered = tuple[Call, int]  # a call and the number of its first row


def counts(calls: Iterable[Call]) -> list[dict[str, Any]]:
    """Count calls and errors, by where the answers came from.

    A call counts once however many rows it has: the rows of one call fail together.
    """
    found: dict[Slot, list[int]] = defaultdict(lambda: [0, 0])
    for call in calls:
        entry = found[call.slot]
        entry[0] += 1
        entry[1] += call.error is not None
    return [
        {
            "deployment": slot.deployment,
            "model": slot.model,
            "method": slot.method,
            "role": slot.role,
            "calls": total,
            "errors": errors,
            "classes": list(slot.classes),
        }
        for slot, (total, errors) in found.items()
    ]


def encode(calls: Sequence[Call], writer: str, serial: int, offset: int, redaction: Redaction) -> bytes:
    """Write calls as Parquet: one row a row of input.

    Parameters
    ----------
    calls : sequence of Call
    writer : str
        The process, for requests without an id of their own.
    serial : int
        How many rows it has written before.
    offset : int
        Nanoseconds from its performance counter to the time of day.
    redaction : Redaction
        What of the inputs may be kept.
    """
    from pyarrow import parquet

    numbered = list(zip(calls, _serials(calls, serial), strict=True))
    if not numbered:
        return b""
    tables: tuple[list[Any], list[Any]] = [], []
    for group in _groups(numbered):
        tables[group[0][0].error is not None].append(_table(group, writer, offset, redaction))
    whole = together(*tables)
    sink = io.BytesIO()
    parquet.write_table(whole, sink, compression="zstd")
    return sink.getvalue()


def decode(data: bytes) -> Any:
    """Read a segment.

    Returns
    -------
    pyarrow.Table
        Inputs stand in columns ``input:<name>``, probabilities in ``score`` or ``score:<class>``.
    """
    from pyarrow import parquet

    return parquet.read_table(io.BytesIO(data))


def _serials(calls: Sequence[Call], serial: int) -> list[int]:
    rows = [call.rows for call in calls]
    return list(accumulate(rows, initial=serial))[:-1]


def _groups(calls: Sequence[Numbered]) -> list[list[Numbered]]:
    """Put calls together whose inputs and answers look alike, so that they become columns at once."""
    found: dict[Any, list[Numbered]] = defaultdict(list)
    for call, serial in calls:
        found[call.slot, call.error is None, _look(call.given)].append((call, serial))
    return list(found.values())


def _look(given: Any) -> Any:
    if type(given) is Blocks:
        return given.look
    return type(given), str(getattr(given, "dtype", "")), getattr(given, "shape", ())[1:]


def _table(numbered: list[Numbered], writer: str, offset: int, redaction: Redaction) -> Any:
    import pyarrow as pa

    calls = [call for call, _ in numbered]
    rows = np.array([call.rows for call in calls])
    slot = calls[0].slot
    total = int(rows.sum())
    times = np.repeat(np.array([call.begun + offset for call in calls], dtype="datetime64[ns]"), rows)
    columns: dict[str, Any] = {
        "request_id": [name for call, serial in numbered for name in request_ids(call, writer, serial)],
        "time": pa.array(times.astype("datetime64[us]")).cast(pa.timestamp("us", tz="UTC")),
        "deployment": np.full(total, slot.deployment, dtype=np.int32),
        "model": pa.array([slot.model] * total).dictionary_encode(),
        "method": pa.array([slot.method] * total).dictionary_encode(),
        "role": pa.array([slot.role] * total).dictionary_encode(),
        "key": pa.array(_keys(calls, redaction), pa.string()),
        "seconds": np.repeat(np.array([call.taken_ns / 1e9 for call in calls]), rows),
        "error": pa.array([call.error for call in calls for _ in range(call.rows)], pa.string()),
        **_answers(calls, total),
        **_inputs(calls, total, redaction),
    }
    return pa.table(columns)


def request_ids(call: Call, writer: str, serial: int) -> list[str]:
    """Name the rows of a call: as the caller did, with ``/0``, ``/1`` … where one name stands for several."""
    given = call.request_id
    if given is None:
        return [f"{writer}-{serial + row}" for row in range(call.rows)]
    if not isinstance(given, (str, bytes)) and hasattr(given, "__len__"):
        names = [str(name) for name in given]
        if len(names) == call.rows:
            return names
    return [str(given)] if call.rows == 1 else [f"{given}/{row}" for row in range(call.rows)]


def _keys(calls: list[Call], redaction: Redaction) -> list[str | None]:
    found: list[str | None] = []
    for call in calls:
        given = call.key
        several = given is not None and not isinstance(given, (str, bytes)) and hasattr(given, "__len__")
        listed = list(given) if several else [given] * call.rows
        listed = listed if len(listed) == call.rows else [str(listed)] * call.rows
        found += [None if key is None else str(key) for key in listed]
    redacted: list[str | None] = redaction.apply("key", found)
    return redacted


def _answers(calls: list[Call], total: int) -> dict[str, Any]:
    """Turn answers into columns: one value a row is a prediction, several are scores, of classes that have names."""
    if calls[0].error is not None:
        return {}
    arrays = [np.asarray(restored(call.answer)) for call in calls]
    if any(array.ndim == 0 or len(array) != call.rows for array, call in zip(arrays, calls, strict=True)):
        arrays = [_as_rows(array, call.rows) for array, call in zip(arrays, calls, strict=True)]
    if any(array.shape[1:] != arrays[0].shape[1:] for array in arrays):
        return {"prediction": [str(value) for array in arrays for value in array]}
    whole = np.concatenate(arrays)
    if whole.ndim == 1:
        return {"prediction": _plain(whole)}
    flat = whole.reshape(total, -1)
    method, classes = calls[0].slot.method, calls[0].slot.classes
    if method != "predict_proba" and flat.shape[1] == 1:
        return {"prediction": _plain(flat[:, 0])}
    if method == "predict_proba" and flat.shape[1] == 2:
        return {"score": _plain(flat[:, 1])}
    names = classes if len(classes) == flat.shape[1] else tuple(map(str, range(flat.shape[1])))
    return {f"score:{name}": _plain(flat[:, place]) for place, name in enumerate(names)}


def _as_rows(array: Any, rows: int) -> Any:
    return array.reshape(1) if array.ndim == 0 and rows == 1 else np.array([str(array)] * rows)


def _plain(values: Any) -> Any:
    """Give an Arrow array; text where Arrow does not know the values."""
    import pyarrow as pa

    try:
        return pa.array(np.ascontiguousarray(values))
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return pa.array([None if value is None else str(value) for value in values])


def _inputs(calls: list[Call], total: int, redaction: Redaction) -> dict[str, Any]:
    if calls[0].given is None:
        return {}
    try:
        columns = _columns(calls)
    except Exception:  # an input that is no table (a text, an image): its repr is better than nothing
        columns = {"input": [str(call.given)[:1000] for call in calls for _ in range(call.rows)]}
    found = {name: values for name, values in columns.items() if redaction.keeps(name) and len(values) == total}
    return {f"input:{name}": redaction.apply(name, values) for name, values in found.items()}


def _columns(calls: list[Call]) -> dict[str, Any]:
    """Turn inputs that look alike into columns."""
    from mlops_lite import frames

    values = [call.given for call in calls]
    first = values[0]
    if type(first) is Blocks:
        return _of_blocks(values)
    if type(first) is np.ndarray and first.ndim <= 2 and first.dtype != object:
        whole = np.concatenate([np.atleast_2d(value) for value in values])
        return {str(place): _plain(whole[:, place]) for place in range(whole.shape[1])}
    tables = [frames.to_arrow([value] if isinstance(value, dict) and _is_record(value) else value) for value in values]
    whole_table = merged(tables)
    return {str(name): whole_table.column(place) for place, name in enumerate(whole_table.column_names)}


def _is_record(value: dict[Any, Any]) -> bool:
    return not any(hasattr(cell, "__len__") and not isinstance(cell, (str, bytes)) for cell in value.values())


def _of_blocks(held: list[Blocks]) -> dict[str, Any]:
    """Join the blocks of frames that look alike, block by block, and give their columns."""
    columns: dict[int, Any] = {}
    for block in zip(*(one.blocks() for one in held), strict=True):
        joined = _joined([values for _, values in block])
        rows = joined if getattr(joined, "ndim", 1) == 2 else [joined]
        columns.update(zip(block[0][0], map(_array, rows), strict=True))
    return {str(name): columns[place] for place, name in enumerate(held[0].columns)}


def _joined(pieces: list[Any]) -> Any:
    """Put the pieces of a block behind each other; a row of a two-dimensional block is a column of the frame."""
    import pandas as pd
    import pyarrow as pa

    if isinstance(pieces[0], pa.ChunkedArray):
        return pa.chunked_array([chunk for piece in pieces for chunk in piece.chunks], pieces[0].type)
    if pieces[0].ndim == 1:
        return pd.concat([pd.Series(piece) for piece in pieces], ignore_index=True)
    if isinstance(pieces[0], np.ndarray):
        return np.concatenate(pieces, axis=1)
    return type(pieces[0])._concat_same_type(pieces, axis=1)


def _array(values: Any) -> Any:
    import pandas as pd
    import pyarrow as pa

    if isinstance(values, pa.ChunkedArray):
        return values
    return pa.Array.from_pandas(pd.Series(values))
