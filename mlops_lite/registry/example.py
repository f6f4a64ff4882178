"""Examples of inputs, and what the model made of them: the first rows, in a form that looks up nothing when read."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

from mlops_lite import formats, frames
from mlops_lite.errors import InvalidInputError, InvalidTypeError

if TYPE_CHECKING:
    import pyarrow as pa

    from mlops_lite.formats import Stored
    from mlops_lite.store import ObjectBatch, Store

__all__ = ["ROWS", "predict", "read", "read_prediction", "write"]

ROWS = 100
_PREDICTION = "prediction"


def write(example: Any, batch: ObjectBatch) -> Stored:
    """Keep the first rows of an example.

    Parameters
    ----------
    example : table, array, text or list
    batch : ObjectBatch

    Returns
    -------
    Stored

    Raises
    ------
    InvalidTypeError
        It is nothing of the kind.
    """
    kind = frames.kind(example) if type(example).__module__ != "numpy" else None
    value = {"kind": kind, "table": _table(example)} if kind else {"kind": None, "value": _first(example)}
    tree = formats.FORMATS.load("tree")
    if not tree.accepts(value):
        raise InvalidTypeError(
            f"example= is a {type(example).__name__}.", remedy="Give a table, an array, a text or a list of texts."
        )
    return formats.dump(value, batch, format="tree")


def read(digest: str, store: Store, what: str) -> Any:
    """Give the rows back, in the kind that was given.

    Parameters
    ----------
    digest : str
        Of the manifest.
    store : Store
    what : str
        What to call it in messages.
    """
    found = formats.load(digest, store, trusted="arrays", what=what, copy=True)
    if found["kind"] is None:
        return found["value"]
    import pyarrow as pa

    with pa.ipc.open_stream(io.BytesIO(found["table"])) as stream:
        return frames.from_arrow(stream.read_all(), found["kind"])


def predict(model: Any, example: Any, batch: ObjectBatch) -> Stored | None:
    """Keep what a model makes of the rows that are kept of its example, so that it can be asked again later.

    Parameters
    ----------
    model : object
    example : table, array, text or list
    batch : ObjectBatch

    Returns
    -------
    Stored or None
        None where the model predicts nothing of the kind: it is registered all the same.
    """
    from mlops_lite.registry import predicting

    kind = frames.kind(example) if type(example).__module__ != "numpy" else None
    try:
        rows = frames.from_arrow(_rows(example), kind) if kind else _first(example)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they are about rows that nobody asked about
            found = predicting.predict(model, rows).prediction
    except Exception:  # it has no predict, or refuses its own example
        return None
    try:
        return write({_PREDICTION: found}, batch)
    except (InvalidTypeError, InvalidInputError):  # it answers with objects of its own
        return None


def read_prediction(digest: str, store: Store, what: str) -> Any:
    """Give the prediction back, an array."""
    return read(digest, store, what)[_PREDICTION]


def _first(value: Any) -> Any:
    sliceable = isinstance(value, (list, tuple)) or getattr(value, "ndim", 0) > 0
    return value[:ROWS] if sliceable else value


def _rows(example: Any) -> pa.Table:
    return frames.to_arrow(example, whole=True).slice(0, ROWS)


def _table(example: Any) -> bytes:
    import pyarrow as pa

    table = _rows(example)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()
