"""Examples of inputs: the first rows, kept beside the model in a form that looks up nothing when it is read."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from mlops_lite import formats, frames
from mlops_lite.errors import InvalidTypeError

if TYPE_CHECKING:
    from mlops_lite.formats import Stored
    from mlops_lite.store import ObjectBatch, Store

__all__ = ["ROWS", "read", "write"]

ROWS = 100


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


def _first(value: Any) -> Any:
    sliceable = isinstance(value, (list, tuple)) or getattr(value, "ndim", 0) > 0
    return value[:ROWS] if sliceable else value


def _table(example: Any) -> bytes:
    import pyarrow as pa

    table = frames.to_arrow(example, whole=True).slice(0, ROWS)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()
