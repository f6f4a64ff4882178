"""How alike two values are: identical, equivalent within a tolerance, or different, and where."""

from __future__ import annotations

import datetime
import math
import numbers
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from mlops_lite.provenance.instructions import instructions

__all__ = ["IDENTICAL", "Likeness", "compare_values"]

_ORDER = ("identical", "equivalent", "different")
_MOST_DEPTH = 50
_ATOMS = (str, bytes, type(None), bool, datetime.date, datetime.time, datetime.timedelta)


@attrs.frozen
class Likeness:
    """How alike two values are.

    Parameters
    ----------
    degree : {"identical", "equivalent", "different"}
    where : str
        The first place at which they differ most, such as ``[2].weights``; empty for the values themselves.
    why : str
        What is different there.
    """

    degree: str
    where: str = ""
    why: str = ""

    def __or__(self, other: Likeness) -> Likeness:
        """Take the worse of two; of equals the first."""
        return other if _ORDER.index(other.degree) > _ORDER.index(self.degree) else self


IDENTICAL = Likeness("identical")


def compare_values(one: Any, other: Any, tolerance: float = 1e-6) -> Likeness:
    """Compare two values of any kind, part by part.

    Parameters
    ----------
    one, other : object
        Numbers, text, containers, arrays, frames, tensors, and objects by their state.
    tolerance : float
        Numbers are equivalent up to this fraction of the larger one; in arrays, of the largest element.

    Returns
    -------
    Likeness

    Examples
    --------
    >>> compare_values({"auc": 0.9}, {"auc": 0.9 + 1e-9}).degree
    'equivalent'
    >>> compare_values([1, {"a": 2}], [1, {"a": 3}])
    Likeness(degree='different', where="[1]['a']", why='2 → 3')
    """
    return _Comparison(tolerance).compare(one, other, "", 0)


class _Comparison:
    def __init__(self, tolerance: float) -> None:
        self._tolerance = tolerance
        self._met: set[tuple[int, int]] = set()
        self._alive: list[Any] = []  # an id says something only while its value lives

    def compare(self, one: Any, other: Any, where: str, depth: int) -> Likeness:
        if one is other or depth > _MOST_DEPTH:
            return IDENTICAL
        if _is_number(one) and _is_number(other):
            return self._numbers(one, other, where)
        if not _is_one_class(type(one), type(other)):
            return _different(where, f"{_kind(one)} → {_kind(other)}")
        if isinstance(one, _ATOMS):
            return IDENTICAL if one == other else _different(where, f"{_short(one)} → {_short(other)}")
        if (id(one), id(other)) in self._met:
            return IDENTICAL  # being compared further up
        self._met.add((id(one), id(other)))
        self._alive += [one, other]
        for fits, compare in _KINDS:
            if fits(one):
                return compare(self, one, other, where, depth)
        return self._objects(one, other, where, depth)

    def _numbers(self, one: Any, other: Any, where: str) -> Likeness:
        if one == other or (one != one and other != other):
            return IDENTICAL
        if abs(one - other) <= self._tolerance * max(abs(one), abs(other)):
            return Likeness("equivalent", where, f"{_short(one)} → {_short(other)}")
        return _different(where, f"{_short(one)} → {_short(other)}")

    def _mappings(self, one: Mapping[Any, Any], other: Mapping[Any, Any], where: str, depth: int) -> Likeness:
        if one.keys() != other.keys():
            keys = sorted(map(repr, one.keys() ^ other.keys()))
            return _different(where, f"only one side has {', '.join(keys[:5])}")
        return _worst(self.compare(one[key], other[key], f"{where}[{key!r}]", depth + 1) for key in one)

    def _sequences(self, one: Any, other: Any, where: str, depth: int) -> Likeness:
        if len(one) != len(other):
            return _different(where, f"{len(one):,} → {len(other):,} items")
        pairs = enumerate(zip(one, other, strict=True))
        return _worst(self.compare(left, right, f"{where}[{place}]", depth + 1) for place, (left, right) in pairs)

    def _sets(self, one: Any, other: Any, where: str, depth: int) -> Likeness:
        return IDENTICAL if one == other else _different(where, f"{_short(one)} → {_short(other)}")

    def _frames(self, one: Any, other: Any, where: str, depth: int) -> Likeness:
        if one.shape != other.shape or list(one.columns) != list(other.columns):
            return _different(where, f"shape {one.shape} → {other.shape}, or other columns")
        found = self._series(one.index.to_series(), other.index.to_series(), f"{where}.index", depth)
        for place, name in enumerate(one.columns):
            found |= self._series(one.iloc[:, place], other.iloc[:, place], f"{where}[{name!r}]", depth)
        return found

    def _series(self, one: Any, other: Any, where: str, depth: int) -> Likeness:
        if one.dtype != other.dtype or len(one) != len(other):
            return _different(where, f"{one.dtype} × {len(one):,} → {other.dtype} × {len(other):,}")
        if one.equals(other):
            return IDENTICAL
        return self.compare(one.to_numpy(), other.to_numpy(), where, depth + 1)

    def _arrays(self, one: Any, other: Any, where: str, depth: int) -> Likeness:
        import numpy as np

        if one.shape != other.shape or one.dtype != other.dtype:
            return _different(where, f"{one.dtype} {one.shape} → {other.dtype} {other.shape}")
        if one.dtype.hasobject:
            return self._sequences(one.ravel().tolist(), other.ravel().tolist(), where, depth)
        if one.tobytes() == other.tobytes():
            return IDENTICAL
        if one.dtype.kind not in "fc":
            return _different(where, f"{int((one != other).sum()):,} of {one.size:,} elements differ")
        same = (one == other) | (np.isnan(one) & np.isnan(other))
        if same.all():
            return IDENTICAL
        with np.errstate(all="ignore"):
            apart = float(np.abs(one - other)[~same].max())
            largest = float(np.nanmax(np.abs(np.where(np.isfinite(one), one, 0)), initial=0.0))
        why = f"{int((~same).sum()):,} of {one.size:,} elements differ, by at most {apart:.3g}"
        return Likeness("equivalent" if apart <= self._tolerance * largest else "different", where, why)

    def _tensors(self, one: Any, other: Any, where: str, depth: int) -> Likeness:
        return self._arrays(one.detach().cpu().numpy(), other.detach().cpu().numpy(), where, depth)

    def _tables(self, one: Any, other: Any, where: str, depth: int) -> Likeness:
        if one.equals(other):
            return IDENTICAL
        return self.compare(one.to_pandas(), other.to_pandas(), where, depth + 1)

    def _functions(self, one: Any, other: Any, where: str, depth: int) -> Likeness:
        if instructions(one.__code__) != instructions(other.__code__):
            return _different(where, f"another {one.__qualname__}")
        mine, its = ([found.__defaults__, found.__kwdefaults__, _cells(found)] for found in (one, other))
        return self.compare(mine, its, where, depth + 1)

    def _classes(self, one: Any, other: Any, where: str, depth: int) -> Likeness:
        """Compare classes by name and methods: one that is pickled by value is another object each time it is read."""
        if not _is_one_class(one, other):
            return _different(where, f"{_short(one)} → {_short(other)}")
        mine, its = ({name: each for name, each in vars(cls).items() if _is_function(each)} for cls in (one, other))
        return self.compare(mine, its, where, depth + 1)

    def _objects(self, one: Any, other: Any, where: str, depth: int) -> Likeness:
        """Compare by what a pickle would hold."""
        try:
            left, right = one.__reduce_ex__(5), other.__reduce_ex__(5)
        except Exception:
            return self._by_equality(one, other, where)
        if isinstance(left, str) or isinstance(right, str):
            return IDENTICAL if left == right else _different(where, f"{_short(left)} → {_short(right)}")
        return _worst(self._reduced(left, right, where, depth))

    def _reduced(self, left: Any, right: Any, where: str, depth: int) -> Iterator[Likeness]:
        yield self.compare(left[1], right[1], where, depth + 1)
        states = [list(found) + [None] * (5 - len(found)) for found in (left, right)]
        (_, _, mine, *my_items), (_, _, its, *its_items) = (state[:5] for state in states)
        if isinstance(mine, dict) and isinstance(its, dict) and mine.keys() == its.keys():
            yield from (self.compare(mine[key], its[key], f"{where}.{key}", depth + 1) for key in mine)
        else:
            yield self.compare(mine, its, where, depth + 1)
        for ours, theirs in zip(my_items, its_items, strict=True):
            yield self.compare(list(ours or ()), list(theirs or ()), where, depth + 1)

    def _by_equality(self, one: Any, other: Any, where: str) -> Likeness:
        try:
            same = bool(one == other)
        except Exception:
            same = False
        return IDENTICAL if same else _different(where, f"{_short(one)} → {_short(other)}")


def _worst(found: Iterable[Likeness]) -> Likeness:
    worst = IDENTICAL
    for one in found:
        worst |= one
        if worst.degree == "different":
            break
    return worst


def _different(where: str, why: str) -> Likeness:
    return Likeness("different", where, why)


def _is_one_class(one: type, other: type) -> bool:
    return one is other or (one.__module__, one.__qualname__) == (other.__module__, other.__qualname__)


def _cells(function: Any) -> list[Any]:
    found = []
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:  # nothing is in it yet
            found.append(None)
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _has_type(*names: str) -> Callable[[Any], bool]:
    """Tell a class of a library by its name, and so without importing the library."""

    def fits(value: Any) -> bool:
        return any(f"{cls.__module__.partition('.')[0]}.{cls.__name__}" in names for cls in type(value).__mro__)

    return fits


def _is_instance(*classes: type) -> Callable[[Any], bool]:
    return lambda value: type(value) in classes


_is_function = _has_type("builtins.function")


_KINDS: list[tuple[Callable[[Any], bool], Callable[..., Likeness]]] = [
    (_is_instance(dict), _Comparison._mappings),
    (_is_instance(list, tuple), _Comparison._sequences),
    (_is_instance(set, frozenset), _Comparison._sets),
    (_has_type("numpy.ndarray"), _Comparison._arrays),
    (_has_type("pandas.DataFrame"), _Comparison._frames),
    (_has_type("pandas.Series"), _Comparison._series),
    (_has_type("torch.Tensor"), _Comparison._tensors),
    (_has_type("pyarrow.Table", "polars.DataFrame", "polars.Series"), _Comparison._tables),
    (_is_function, _Comparison._functions),
    (lambda value: isinstance(value, type), _Comparison._classes),
]


def _kind(value: Any) -> str:
    return type(value).__qualname__


def _short(value: Any) -> str:
    if isinstance(value, float) and not isinstance(value, int) and math.isfinite(value):
        return f"{value:.10g}"
    try:
        text = repr(value)
    except Exception:
        text = f"<{_kind(value)}>"
    return text if len(text) <= 60 else text[:60] + "…"
