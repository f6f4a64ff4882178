"""The prediction log as a frame, with the labels that came later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mlops_lite import workspace
from mlops_lite.base import clock
from mlops_lite.base.record import Record
from mlops_lite.base.ref import Ref
from mlops_lite.deployment.place import moment
from mlops_lite.deployment.predictions import KIND
from mlops_lite.errors import InvalidInputError, InvalidTypeError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from mlops_lite.store import Store

__all__ = ["Since", "label", "read"]

Since = datetime | str | timedelta | None
_OWN = ("request_id", "time", "deployment", "model", "method", "role", "key", "seconds", "error", "prediction", "score")


def label(store: Store, name: str, ids: Any, y: Any) -> int:
    """Keep what turned out to be true, for requests that were answered before.

    Parameters
    ----------
    store : Store
    name : str
        Of the deployment.
    ids : str or sequence of str
        Request ids.
    y : object or sequence
        The labels, one a request. A label given again replaces the one before.

    Returns
    -------
    int
        How many labels were kept.
    """
    import io

    import pyarrow as pa
    from pyarrow import parquet

    if isinstance(ids, str):
        ids, y = [ids], [y]
    names, values = [str(one) for one in ids], _listed(y)
    if len(names) != len(values):
        raise InvalidInputError(f"There are {len(names)} ids and {len(values)} labels.", remedy="Pass one label an id.")
    if not names:
        return 0
    try:
        table = pa.table({"request_id": names, "label": pa.array(values)})
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise InvalidTypeError(
            f"These labels are not of one kind: {error}.", remedy="Pass numbers, or text."
        ) from error
    sink = io.BytesIO()
    parquet.write_table(table, sink, compression="zstd")
    digest = store.objects.put(sink.getvalue())
    store.log(KIND, name).append({"rows": len(names), "labels": digest}, action="label", objects=[digest])
    return len(names)


def _listed(y: Any) -> list[Any]:
    return list(y.tolist()) if hasattr(y, "tolist") else list(y)


def read(
    store: Store,
    name: str,
    since: Since = None,
    until: Since = None,
    *,
    shadow: bool = False,
    version: object = None,
    method: str | None = None,
) -> pd.DataFrame:
    """Read what was predicted.

    Parameters
    ----------
    store : Store
    name : str
        Of the deployment.
    since, until : datetime, str or timedelta, optional
        From when and before when; a timedelta counts back from now.
    shadow : bool
        The answers of a shadow, which nobody was given, instead of those that were given.
    version : str or value with a ref, optional
        Only of this model version.
    method : str, optional
        Only answers of this method, such as ``predict_proba``: a service that uses several would else be read as one
        whose predictions and scores are missing by turns.

    Returns
    -------
    pandas.DataFrame
        One row a row of input, oldest first: ``request_id``, ``time``, ``deployment`` (the record under which it was
        answered), ``model``, ``method``, ``key``, ``seconds``, ``error``, ``prediction``, ``score`` (of the later of
        two classes; ``score_<class>`` of more), the inputs that were kept under their own names (``input_<name>``
        where that is one of these), and ``label`` where labels came.
    """
    import pandas as pd

    log = store.log(KIND, name)
    begin, end = _instant(since), _instant(until)
    records = list(log.history())
    parts = [_segment(store, record) for record in records if _touches(record, begin, end)]
    frame = _framed(parts) if parts else pd.DataFrame(columns=list(_OWN))
    frame["time"] = pd.to_datetime(frame["time"], utc=True)
    keep = (frame["role"] == "shadow") == shadow
    if begin is not None:
        keep &= frame["time"] >= begin
    if end is not None:
        keep &= frame["time"] < end
    if version is not None:
        keep &= frame["model"] == str(Ref.parse(version, kind="model"))
    if method is not None:
        keep &= frame["method"] == method
    frame = frame[keep].sort_values("time", kind="stable", ignore_index=True).drop(columns="role")
    labels = _labels(store, records)
    if labels is not None:
        frame["label"] = frame["request_id"].map(labels)
    _remember(store, name, frame)
    return frame


def _remember(store: Store, name: str, frame: pd.DataFrame) -> None:
    newest = store.log("deployment", name).newest()
    if newest is not None:
        workspace.remember(frame, Ref.of("deployment", name, newest.number))


def _instant(given: Since) -> datetime | None:
    if given is None:
        return None
    return clock.now() - given if isinstance(given, timedelta) else moment(given)


def _touches(record: Record, begin: datetime | None, end: datetime | None) -> bool:
    body = record.body
    if record.action != "flush" or not body.get("segment"):
        return False
    first, last = (datetime.fromtimestamp(body[name] / 1e9, UTC) for name in ("since_ns", "until_ns"))
    margin = timedelta(milliseconds=1)  # nanoseconds as floats
    return (begin is None or last + margin >= begin) and (end is None or first - margin < end)


def _segment(store: Store, record: Record) -> pa.Table:
    from mlops_lite.deployment.segment import decode

    return decode(store.objects.read(record.body["segment"])).replace_schema_metadata(None)


def _framed(tables: list[pa.Table]) -> pd.DataFrame:
    import pyarrow.compute as pc

    from mlops_lite.deployment.merging import together

    fine = [table["error"].is_null() for table in tables]
    answered = [table.filter(mask) for table, mask in zip(tables, fine, strict=True)]
    failed = [table.filter(pc.invert(mask)) for table, mask in zip(tables, fine, strict=True)]
    sides = [[part for part in parts if part.num_rows] for parts in (answered, failed)]
    frame: pd.DataFrame = (together(*sides) if any(sides) else tables[0]).to_pandas()
    for name in ("model", "method", "role"):
        frame[name] = frame[name].astype(str)
    return frame.rename(columns=_public)


def _public(column: str) -> str:
    """Name a column as users know it."""
    what, _, name = column.partition(":")
    if what == "input" and name:
        return f"input_{name}" if name in _OWN or name == "label" else name
    return f"score_{name}" if what == "score" and name else column


def _labels(store: Store, records: Iterable[Record]) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for ids, values in labels_of(store, records):
        found.update(zip(ids, values, strict=True))
    return found or None


def labels_of(store: Store, records: Iterable[Record]) -> Iterator[tuple[list[str], list[Any]]]:
    """Walk over the labels that records name, oldest first."""
    from mlops_lite.deployment.segment import decode

    for record in records:
        if record.action == "label":
            table = decode(store.objects.read(record.body["labels"]))
            yield table.column("request_id").to_pylist(), table.column("label").to_pylist()
