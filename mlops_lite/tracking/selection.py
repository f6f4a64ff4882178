"""Which runs a filter keeps, and in which order: whole columns at a time."""

from __future__ import annotations

import fnmatch
import operator
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlops_lite.errors import suggest
from mlops_lite.store.run_listing import Listing
from mlops_lite.store.run_table import FIELDS, GROUPS, Column, names, read_column
from mlops_lite.tracking.filter import And, Comparison, Name, Node, Not, Or, as_time, error_at, names_in, parse

__all__ = ["order", "resolve", "select"]

Mask = NDArray[np.bool_]
_FIELDS = frozenset(FIELDS.names) - {"rev", "digest", "key", "deleted", "objects", "body"}
_TIMES = frozenset({"started_at", "ended_at"})
_ORDERS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_TYPES = "bifjt"


def select(listing: Listing, where: str) -> NDArray[np.int64]:
    """Say which rows of a listing a filter keeps.

    Parameters
    ----------
    listing : Listing
    where : str

    Returns
    -------
    ndarray of int64

    Raises
    ------
    FilterError
        The filter does not parse, or names what no run has.
    """
    tree = parse(where)
    if not len(listing):
        return np.arange(0)
    resolved = {name: resolve(listing, name, where) for name in set(names_in(tree))}
    table = listing.table(_stored(set(resolved.values())))
    columns = {name: read_column(table, column) for name, column in resolved.items()}
    return np.flatnonzero(_mask(tree, columns, resolved, where))


def order(listing: Listing, by: str | Iterable[str], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Put rows into an order; runs that lack a value come last, whichever way.

    Parameters
    ----------
    listing : Listing
    by : str or iterable of str
        Names; with ``-`` in front the largest first.
    rows : ndarray of int64

    Returns
    -------
    ndarray of int64
    """
    for key in reversed([by] if isinstance(by, str) else list(by)):
        down = key.startswith("-")
        column = resolve(listing, Name(key.lstrip("-").replace("`", ""), int(down)), key)
        rows = rows[_argsort(read_column(listing.table(_stored([column]), rows), column), down)]
    return rows


def _argsort(column: Column, down: bool) -> NDArray[np.int64]:
    # each kind of value by itself: numbers, then texts, then what is missing
    kind = np.where(column.is_number & ~np.isnan(column.numbers), 0, np.where(column.is_text, 1, 2))
    ranks = np.zeros(len(kind), np.float64)
    ranks[kind == 0] = column.numbers[kind == 0]
    if (kind == 1).any():
        ranks[kind == 1] = np.unique(column.texts[kind == 1].astype(str), return_inverse=True)[1]
    return np.lexsort((-ranks if down else ranks, kind))


def resolve(listing: Listing, name: Name, where: str) -> str:
    """Find the column that a name means: a param, else a metric, else a field of runs.

    Raises
    ------
    FilterError
        No run has it, or it is both a param and a metric.
    """
    group, _, rest = name.text.partition(".")
    known = {one: names(listing.columns, one) for one in GROUPS}
    if group == "run" and rest in _FIELDS:
        return rest
    if group in GROUPS and rest in known[group]:
        return name.text
    is_param, is_metric = name.text in known["params"], name.text in known["metrics"]
    if is_param and is_metric:
        raise error_at(
            where,
            name.position,
            f"{name.text!r} is both a param and a metric",
            f"Write params.{_ticked(name.text)} or metrics.{_ticked(name.text)}.",
        )
    if is_param or is_metric:
        return f"{'params' if is_param else 'metrics'}.{name.text}"
    if name.text in _FIELDS:
        return name.text
    everything = [*known["params"], *known["metrics"], *(f"tags.{tag}" for tag in known["tags"]), *_FIELDS]
    raise error_at(where, name.position, f"No run has {name.text!r}", suggest(name.text, everything))


def _ticked(name: str) -> str:
    return name if re.fullmatch(r"[^\W\d][\w.]*", name) else f"`{name}`"


def _stored(columns: Iterable[str]) -> list[str]:
    return [stored for column in columns for stored in (column, *(f"{column}#{kind}" for kind in _TYPES))]


def _mask(node: Node, columns: dict[Name, Column], resolved: dict[Name, str], where: str) -> Mask:
    if isinstance(node, Not):
        return ~_mask(node.inner, columns, resolved, where)
    if isinstance(node, And):
        return _mask(node.left, columns, resolved, where) & _mask(node.right, columns, resolved, where)
    if isinstance(node, Or):
        return _mask(node.left, columns, resolved, where) | _mask(node.right, columns, resolved, where)
    return _compare(node, columns[node.name], resolved[node.name], where)


def _compare(node: Comparison, column: Column, name: str, where: str) -> Mask:
    if node.operator == "is":
        return ~column.present
    if node.operator == "in":
        found = np.zeros(len(column.present), bool)
        for value in node.value:
            found |= ~column.present if value is None else _against(node, "==", value, column, name, where)
        return found
    if node.operator == "like":
        pattern = re.compile(fnmatch.translate(node.value))
        return np.array([text is not None and pattern.match(text) is not None for text in column.texts], bool)
    if node.value is None:
        return ~column.present if node.operator == "==" else column.present
    return _against(node, node.operator, node.value, column, name, where)


def _against(node: Comparison, how: str, value: Any, column: Column, name: str, where: str) -> Mask:
    """Compare with one value; a run that lacks the value, or has one of another type, is not kept (``!=``: is)."""
    if isinstance(value, str) and name in _TIMES:
        time = as_time(value)
        if time is None:
            raise error_at(where, node.position, f"{value!r} is no time", "Write it as '2026-11-01' or with the hour.")
        value = time
    found = np.zeros(len(column.present), bool)
    if isinstance(value, str):
        kept = column.is_text
        if not kept.any() and column.is_number.any():
            raise error_at(where, node.position, f"{node.name.text!r} is a number, and {value!r} is text")
        found[kept] = _ORDERS[how](column.texts[kept].astype(object), value)
    else:
        kept = column.is_number
        if not kept.any() and column.is_text.any():
            raise error_at(
                where, node.position, f"{node.name.text!r} is text, and {value!r} is not", f"Write '{value}'."
            )
        with np.errstate(invalid="ignore"):
            found[kept] = _ORDERS[how](column.numbers[kept], float(value))
    if how == "!=":
        found |= column.present & ~kept
    return found
