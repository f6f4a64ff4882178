"""Tables of every library as Arrow tables and back, exactly; and the schema of each.

A table is a pandas or polars frame, an Arrow table, a numpy array, a dict of arrays or a list of records; what a
library's file must offer is said in :mod:`mlops_lite.frames.libraries`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mlops_lite.base.extension import Extensions
from mlops_lite.errors import InvalidInputError, InvalidTypeError, NotFoundError
from mlops_lite.frames.schema import Schema  # now: imported later, the module would take the place of the function

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["batches", "from_arrow", "is_stream", "is_table", "kind", "parquet", "schema", "to_arrow"]

LIBRARIES = Extensions("mlops_lite.frames.libraries", group="mlops_lite.frames")


def kind(value: object) -> str | None:
    """Say what kind of table a value is.

    Parameters
    ----------
    value : object

    Returns
    -------
    str or None
        ``pandas``, ``arrow``, ``polars``, ``numpy``, ``dict``, ``records`` or the name of a plug-in; None where it is
        no table. No library is imported to find out.

    Examples
    --------
    >>> kind({"age": [31, 45]}), kind("flights")
    ('dict', None)
    """
    return next((name for name in LIBRARIES.names() if LIBRARIES.load(name).recognises(value)), None)


def is_table(value: object) -> bool:
    """Tell whether a value is a table.

    Examples
    --------
    >>> is_table([{"age": 31}]), is_table([31])
    (True, False)
    """
    return kind(value) is not None


def is_stream(value: object) -> bool:
    """Tell whether a value gives tables one after the other: an iterator of frames, or anything Arrow can stream."""
    return not is_table(value) and (hasattr(value, "__next__") or _is_arrow_stream(value))


def _is_arrow_stream(value: object) -> bool:
    return any(hasattr(value, name) for name in ("__arrow_c_stream__", "to_batches"))


def to_arrow(value: Any, *, whole: bool = False) -> pa.Table:
    """Turn a table into an Arrow table.

    Parameters
    ----------
    value : table
    whole : bool
        With everything that :func:`from_arrow` needs to give back exactly this value: the index of a pandas frame too.

    Returns
    -------
    pyarrow.Table
        Without copying where the library allows it.

    Raises
    ------
    InvalidTypeError
        It is no table, or a column cannot be held faithfully; the message names the column.
    InvalidInputError
        Two columns have the same name.

    Examples
    --------
    >>> to_arrow({"age": [31, 45]}).num_rows
    2
    """
    found: pa.Table = LIBRARIES.load(_kind(value)).to_arrow(value, whole)
    return found


def from_arrow(table: pa.Table, kind: str) -> Any:
    """Turn an Arrow table into a table of another library.

    Parameters
    ----------
    table : pyarrow.Table
        From :func:`to_arrow` it becomes exactly what it was; from elsewhere what the library makes of it.
    kind : str
        As :func:`kind` names it.

    Examples
    --------
    >>> from_arrow(to_arrow({"age": [31, 45]}, whole=True), "dict")
    {'age': [31, 45]}
    """
    return LIBRARIES.load(kind).from_arrow(table)


def parquet(path: Any) -> Any:
    """Read a table from Parquet files, in bounded memory: for ``Dataset.snapshot`` and whatever else takes a stream.

    Parameters
    ----------
    path : str, path, or list of these
        A file, a folder, or files.

    Returns
    -------
    pyarrow.dataset.Dataset

    Raises
    ------
    NotFoundError
        There is nothing.
    InvalidInputError
        It is no Parquet.
    """
    import pyarrow as pa
    import pyarrow.dataset as pad

    try:
        return pad.dataset([str(one) for one in path] if isinstance(path, list) else str(path), format="parquet")
    except FileNotFoundError:
        raise NotFoundError(f"There is no file or folder {str(path)!r}.", path=str(path)) from None
    except pa.ArrowException as error:
        raise InvalidInputError(f"{str(path)!r} is no Parquet: {str(error).partition('?: ')[2] or error}.") from None


def schema(value: Any) -> Schema:
    """Describe the columns of a table, without the index of a pandas frame.

    Parameters
    ----------
    value : table

    Returns
    -------
    Schema

    Examples
    --------
    >>> schema({"age": [31, None]})["age"]
    Column(name='age', type='int64', nullable=True, levels=None, ordered=False, shape=None)
    """
    from mlops_lite.frames.describe import describe

    return describe(to_arrow(value))


def batches(value: Any, *, whole: bool = False) -> Iterator[pa.RecordBatch]:
    """Walk over a table, or over a stream of tables, in Arrow batches.

    Parameters
    ----------
    value : table, iterator of tables, or what Arrow can stream
    whole : bool
        As for :func:`to_arrow`.
    """
    if is_table(value):
        yield from to_arrow(value, whole=whole).to_batches()
    elif hasattr(value, "__next__"):
        for part in value:
            yield from to_arrow(part, whole=whole).to_batches()
    elif hasattr(value, "to_batches"):
        yield from value.to_batches(**_few_at_once(value))
    elif _is_arrow_stream(value):
        yield from _streamed(value)
    else:
        _kind(value)


def _streamed(value: Any) -> pa.RecordBatchReader:
    import pyarrow as pa

    try:
        return pa.RecordBatchReader.from_stream(value)
    except pa.ArrowInvalid:  # a stream of single columns, such as a series
        raise _no_table(value) from None


def _few_at_once(value: Any) -> dict[str, int]:
    """Keep a dataset of files from reading far ahead: all of it may not fit into memory."""
    return {"batch_readahead": 2, "fragment_readahead": 1} if type(value).__name__.endswith("Dataset") else {}


def _kind(value: object) -> str:
    found = kind(value)
    if found is None:
        raise _no_table(value)
    return found


def _no_table(value: object) -> InvalidTypeError:
    name = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    if isinstance(value, (dict, list)):
        inside = iter(value.values() if isinstance(value, dict) else value)
        name += f" of {type(next(inside)).__name__}" if value else " that is empty"
    return InvalidTypeError(
        f"A {name} is no table.",
        remedy="Give a pandas or polars frame, an Arrow table, a numpy array, a dict of arrays or a list of dicts"
        + (": series.to_frame()." if hasattr(value, "to_frame") else "."),
    )
