"""Signatures: what inputs a model takes, and whether these are such."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from mlops_lite import frames
from mlops_lite.display import Drawn
from mlops_lite.errors import InvalidTypeError, SignatureError
from mlops_lite.frames.schema import Column, Schema

__all__ = ["Mismatch", "Signature"]


@attrs.frozen
class Mismatch:
    """One way in which an input is not what the model takes.

    Parameters
    ----------
    column : str or None
        Which column; None where the whole input is meant.
    kind : str
        ``missing``, ``type``, ``null``, ``category``, ``duplicate``, ``shape`` or ``container``.
    sentence : str
        What is wrong, in words.
    """

    column: str | None
    kind: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence


@attrs.frozen(slots=False, hash=False)
class Signature(Drawn):
    """What inputs a model takes.

    Parameters
    ----------
    container : str
        ``pandas``, ``arrow``, ``polars``, ``dict``, ``records``, ``numpy``, ``torch`` or ``text``: what the model is
        given.
    schema : Schema, optional
        Of a table: its columns.
    dtypes : mapping, optional
        Of a pandas frame: the text of each column's type.
    dtype : str, optional
        Of an array: its type.
    shape : tuple, optional
        Of an array: its shape; None where any length will do.
    nullable : bool
        Of an array: whether NaN may occur.
    optional : tuple of str
        Columns that may be missing.
    output : Signature, optional
        What the model gives.

    Examples
    --------
    >>> import pandas as pd
    >>> signature = Signature.infer(pd.DataFrame({"age": [31, 45], "income": [1.5, 2.5]}))
    >>> signature.names
    ('age', 'income')
    >>> signature.check(pd.DataFrame({"income": [3], "age": [28]})).dtypes.astype(str).to_dict()
    {'age': 'int64', 'income': 'float64'}
    >>> signature.check(pd.DataFrame({"age": ["old"]}))
    Traceback (most recent call last):
    ...
    mlops_lite.errors.SignatureError: The input has 2 mismatches: 'income' is missing; 'age' has the type ...
    """

    container: str
    schema: Schema | None = None
    dtypes: Mapping[str, str] = attrs.field(factory=dict)
    dtype: str | None = None
    shape: tuple[int | None, ...] | None = None
    nullable: bool = False
    optional: tuple[str, ...] = ()
    output: Signature | None = None

    @classmethod
    def infer(cls, example: Any, output: Any = None) -> Signature:
        """Read a signature off examples.

        Parameters
        ----------
        example : table, array, tensor, text or list of texts
            A value may be missing where one is missing in it. A list of dicts may lack keys: those columns are
            optional.
        output : the same, optional
            What the model gives for it.

        Returns
        -------
        Signature

        Raises
        ------
        InvalidTypeError
            It is nothing of the kind.
        """
        found = _infer(example)
        return attrs.evolve(found, output=_infer(output)) if output is not None else found

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns; empty where the input is no table."""
        return self.schema.names if self.schema else ()

    def check(self, X: Any) -> Any:
        """Hold an input against the signature.

        Parameters
        ----------
        X : table, array, tensor, text or list of texts
            Columns may stand in any order, and others beside them are left out. Types are changed where nothing is
            lost by it: wider numbers, whole floats, text to a category that has it, finer times.

        Returns
        -------
        X, or the columns that the model takes, as the model takes them.

        Raises
        ------
        SignatureError
            ``mismatches`` names everything that is wrong.
        """
        return self._checker(X)

    @functools.cached_property
    def _checker(self) -> Callable[[Any], Any]:
        if self.container in ("numpy", "torch"):
            from mlops_lite.registry.check_array import checker
        elif self.container == "text":
            from mlops_lite.registry.check_text import checker
        else:
            from mlops_lite.registry.check_table import checker
        return checker(self)

    def widened(self, schema: Schema) -> Signature:
        """Allow what the data that the model was made from had: missing values and categories that no example shows.

        Parameters
        ----------
        schema : Schema
            Of those data; columns of another type count for nothing.

        Returns
        -------
        Signature
        """
        if self.schema is None:
            return self
        columns = [_wider(column, schema[column.name]) if column.name in schema else column for column in self.schema]
        return attrs.evolve(self, schema=Schema(columns))

    def relaxed(self, *columns: str) -> Signature:
        """Allow missing values in some columns, or in all; in an array NaN.

        Parameters
        ----------
        *columns : str
            By name; all without names.

        Returns
        -------
        Signature

        Raises
        ------
        NotFoundError
            There is no such column.
        """
        if self.schema is None:
            return attrs.evolve(self, nullable=True)
        wanted = {self.schema[name].name for name in columns or self.names}
        allowed = [attrs.evolve(one, nullable=one.nullable or one.name in wanted) for one in self.schema]
        return attrs.evolve(self, schema=Schema(allowed))

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "_checker"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)

    def _view(self) -> Any:
        from mlops_lite.registry.view import of_signature

        return of_signature(self)

    def __repr__(self) -> str:
        inside = f"{len(self.names)} columns" if self.schema else f"{self.dtype} {self.shape}" if self.shape else ""
        return f"<Signature of {self.container} {inside}>".replace(" >", ">")


def mismatched(mismatches: list[Mismatch]) -> SignatureError:
    """Make the error that names every mismatch."""
    many = len(mismatches)
    said = "; ".join(str(one).rstrip(".") for one in mismatches[:10]) + (f"; and {many - 10} more" if many > 10 else "")
    return SignatureError(
        f"The input has {many} mismatch{'es' if many > 1 else ''}: {said}.",
        remedy="signature.schema says what the model takes.",
        mismatches=mismatches,
    )


def _infer(example: Any) -> Signature:
    kind = type(example)
    if isinstance(example, str) or _is_list_of_texts(example):
        return Signature("text")
    if _is_array(example):
        from mlops_lite.registry.check_array import infer

        return infer(example)
    table = aligned(example)
    container = frames.kind(table)
    if container is None:
        raise InvalidTypeError(
            f"No signature can be read off a {kind.__name__}.",
            remedy="Give a table (pandas, polars, Arrow, a dict of arrays, a list of dicts), an array, or texts.",
        )
    schema = frames.schema(table)
    dtypes = {str(name): str(dtype) for name, dtype in table.dtypes.items()} if container == "pandas" else {}
    return Signature(container, schema, dtypes, optional=_sometimes(example) if container == "records" else ())


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(one, str) for one in value)


def _is_array(value: Any) -> bool:
    """Tell arrays and tensors from tables: an array with fields is a table."""
    dtype = getattr(value, "dtype", None)
    return type(value).__module__ in ("numpy", "torch") and dtype is not None and not getattr(dtype, "names", None)


def is_record(value: Any) -> bool:
    """Tell one row as a dict from a dict of columns."""
    return isinstance(value, Mapping) and all(
        isinstance(one, (str, bytes)) or not hasattr(one, "__len__") for one in value.values()
    )


def aligned(value: Any) -> Any:
    """Make a list of one record; give records that lack keys of others None there."""
    records = [value] if is_record(value) else value
    if not isinstance(records, list) or not all(isinstance(record, Mapping) for record in records):
        return records
    keys = dict.fromkeys(key for record in records for key in record)
    if all(len(record) == len(keys) for record in records):
        return records
    return [{key: record.get(key) for key in keys} for record in records]


def _sometimes(records: Any) -> tuple[str, ...]:
    """Name the keys that some records lack."""
    several = [records] if is_record(records) else records
    keys = dict.fromkeys(key for record in several for key in record)
    return tuple(str(key) for key in keys if any(key not in record for record in several))


def _wider(mine: Column, theirs: Column) -> Column:
    if mine.kind != theirs.kind:
        return mine
    levels = mine.levels
    if levels is not None and theirs.levels is not None and not mine.ordered:
        levels = (*levels, *(level for level in theirs.levels if level not in levels))
    return attrs.evolve(mine, nullable=mine.nullable or theirs.nullable, levels=levels)
