"""What differs between two model versions, array by array; neither is opened."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mlops_lite import formats, workspace
from mlops_lite.base.ref import Ref
from mlops_lite.display import Drawn, card, code, format, section, table, text
from mlops_lite.errors import DamagedError, MlopsLiteError
from mlops_lite.formats import numpy as arrays

if TYPE_CHECKING:
    import pandas as pd

    from mlops_lite.formats import Leaf
    from mlops_lite.formats.container import Reader
    from mlops_lite.registry.version import ModelVersion

__all__ = ["ArrayChange", "Change", "ModelDiff", "diff"]

_CHUNK = 1 << 20  # items that are compared at once


@attrs.frozen
class ArrayChange:
    """One array, tensor or file, before and after.

    Parameters
    ----------
    path : str
        Where it is in the model.
    change : {"same", "changed", "added", "removed"}
    dtype : str or None
    shape : tuple of int or None
        After; before where it was removed.
    share : float or None
        Of the items, how many differ, 0 to 1; None where types or shapes differ, or where there are no numbers.
    largest : float or None
        The largest absolute difference.
    relative : float or None
        The norm of the difference over the norm of what was before.
    """

    path: str
    change: str
    dtype: str | None = None
    shape: tuple[int, ...] | None = None
    share: float | None = None
    largest: float | None = None
    relative: float | None = None


@attrs.frozen
class Change:
    """One value, before and after; None where there was none."""

    name: str
    before: Any
    after: Any


@attrs.frozen(repr=False, str=False)
class ModelDiff(Drawn):
    """What differs between two model versions.

    Parameters
    ----------
    before, after : Ref
    arrays : tuple of ArrayChange
        All of them, in the order of the later version, removed ones last.
    params, metrics, environment : tuple of Change
        What differs.
    signature : tuple of str
        What differs, in sentences.
    code : str
        The difference of the source of the runs that made them, as lines with ``-`` and ``+``; empty where it is the
        same or not known.
    """

    before: Ref
    after: Ref
    arrays: tuple[ArrayChange, ...] = ()
    params: tuple[Change, ...] = ()
    metrics: tuple[Change, ...] = ()
    environment: tuple[Change, ...] = ()
    signature: tuple[str, ...] = ()
    code: str = ""

    @property
    def changed(self) -> tuple[ArrayChange, ...]:
        """The arrays that are not the same."""
        return tuple(one for one in self.arrays if one.change != "same")

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (
            self.changed or self.params or self.metrics or self.environment or self.signature or self.code
        )  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """Give one row an array: ``path``, ``change``, ``dtype``, ``shape``, ``share``, ``largest``, ``relative``."""
        import pandas as pd

        names = [field.name for field in attrs.fields(ArrayChange)]
        return pd.DataFrame([[getattr(one, name) for name in names] for one in self.arrays], columns=names)

    def _view(self) -> Any:
        rows = [
            [one.path or "(all)", one.change, f"{one.dtype} {one.shape}", one.share, one.largest, one.relative]
            for one in self.changed
        ]
        heads = ["array", "change", "type", "share changed", "largest", "relative"]
        return card(
            f"{self.before} → {self.after}",
            text(self._said()),
            table(heads, rows, "Arrays") if rows else None,
            *(
                table([name, "before", "after"], [[one.name, one.before, one.after] for one in found], title)
                for name, found, title in (
                    ("parameter", self.params, "Hyperparameters"),
                    ("metric", self.metrics, "Metrics"),
                    ("package", self.environment, "Environment"),
                )
                if found
            ),
            section("Signature", *(text(sentence) for sentence in self.signature)) if self.signature else None,
            section("Code of the runs", code(self.code)) if self.code else None,
        )

    def _said(self) -> str:
        """Say in a sentence what differs."""
        if not self.arrays:
            return "Nothing differs that is seen from outside." if self.same else "No arrays in either of them."
        return f"{len(self.changed)} of {format.count(len(self.arrays), 'array')} differ."

    def __repr__(self) -> str:
        return f"<ModelDiff {self.before} → {self.after}: {len(self.changed)} of {len(self.arrays)} arrays differ>"


def diff(before: ModelVersion, after: ModelVersion) -> ModelDiff:
    """Compare two model versions.

    Parameters
    ----------
    before, after : ModelVersion

    Returns
    -------
    ModelDiff
    """
    return ModelDiff(
        before.ref,
        after.ref,
        tuple(_arrays(before, after)),
        _changes(before.params, after.params),
        _changes(before.metrics, after.metrics),
        _changes(_packages(before), _packages(after)),
        _signatures(before, after),
        _code(before, after),
    )


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    names = dict.fromkeys([*before, *after])
    return tuple(
        Change(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    )


def _packages(version: ModelVersion) -> dict[str, str]:
    return {"python": version.environment.python, **version.environment.packages}


def _signatures(before: ModelVersion, after: ModelVersion) -> tuple[str, ...]:
    first, second = before.signature, after.signature
    if first == second:
        return ()
    if first is None or second is None:
        return (f"Only {(before if second is None else after).ref} has a signature.",)
    if first.schema is None or second.schema is None:
        return (f"It was {first!r} and is {second!r}.",)
    return tuple(one.sentence for one in first.schema.differences(second.schema))


def _code(before: ModelVersion, after: ModelVersion) -> str:
    first, second = _source(before), _source(after)
    if first is None or second is None:
        return ""
    lines = difflib.unified_diff(first, second, str(before.run), str(after.run), lineterm="")
    return "\n".join(lines)


def _source(version: ModelVersion) -> list[str] | None:
    """Read the source of the run that made a version; None where there was none, or it is gone."""
    if version.run is None:
        return None
    try:
        found = getattr(workspace.open(version.run, version.store), "code", None)
    except MlopsLiteError:
        return None
    source = getattr(found, "source", None)
    return str(source).splitlines() if source else None


def _arrays(before: ModelVersion, after: ModelVersion) -> Iterator[ArrayChange]:
    old, new = _Side(before), _Side(after)
    for path, leaf in new.leaves.items():
        earlier = old.leaves.get(path)
        if earlier is None:
            yield ArrayChange(path, "added", leaf.dtype, leaf.shape)
        elif _is_same(old, earlier, new, leaf):
            yield ArrayChange(path, "same", leaf.dtype, leaf.shape, 0.0, 0.0, 0.0)
        else:
            yield ArrayChange(path, "changed", leaf.dtype, leaf.shape, *_magnitude(old, earlier, new, leaf))
    for path, leaf in old.leaves.items():
        if path not in new.leaves:
            yield ArrayChange(path, "removed", leaf.dtype, leaf.shape)


class _Side:
    """One of the two: its leaves, and the bytes of each, read only where they have to be."""

    def __init__(self, version: ModelVersion) -> None:
        self.reader: Reader = formats.reader(version.digest, version.store, str(version.ref), readonly=True)
        self.leaves: dict[str, Leaf] = {leaf.path: leaf for leaf in formats.leaves(self.reader)}

    def objects(self, leaf: Leaf) -> list[tuple[str, int, int]] | None:
        """Name the bytes of a leaf by where they lie; None where they stand in the pickle."""
        if leaf.data is not None:
            return None
        manifest = self.reader.manifest
        places = [manifest.parts[part] for part in leaf.parts]
        return [(manifest.objects[place.object][0], place.offset, place.length) for place in places]

    def bytes(self, leaf: Leaf) -> Any:
        """Read the bytes of a leaf."""
        if leaf.data is not None:
            return leaf.data
        pieces = [self.reader.checked(part) for part in leaf.parts]
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def array(self, leaf: Leaf) -> Any:
        """Give the numbers of a leaf; None where it has no type that numpy knows."""
        if leaf.dtype is None or leaf.shape is None:
            return None
        try:
            dtype = arrays.dtype_of(leaf.dtype)
            if leaf.strides is None:
                return arrays.array(self.bytes(leaf), dtype, leaf.shape, leaf.order)
            flat = np.frombuffer(self.bytes(leaf), dtype)
        except (DamagedError, ValueError):
            return None
        reach = leaf.offset + sum((n - 1) * step for n, step in zip(leaf.shape, leaf.strides, strict=True))
        if 0 in leaf.shape or not 0 <= reach < len(flat):
            return None
        strides = [step * dtype.itemsize for step in leaf.strides]
        return np.lib.stride_tricks.as_strided(flat[leaf.offset :], leaf.shape, strides, writeable=False)


def _is_same(old: _Side, earlier: Leaf, new: _Side, leaf: Leaf) -> bool:
    if (earlier.dtype, earlier.shape, earlier.order) != (leaf.dtype, leaf.shape, leaf.order):
        return False
    if (earlier.strides, earlier.offset) != (leaf.strides, leaf.offset):
        return False
    first, second = old.objects(earlier), new.objects(leaf)
    if first is not None and first == second:
        return True
    if first is not None and second is not None and [one[2] for one in first] != [one[2] for one in second]:
        return False
    return memoryview(old.bytes(earlier)) == memoryview(new.bytes(leaf))


def _magnitude(old: _Side, earlier: Leaf, new: _Side, leaf: Leaf) -> tuple[float | None, float | None, float | None]:
    first, second = old.array(earlier), new.array(leaf)
    if first is None or second is None or first.shape != second.shape or not (_counts(first) and _counts(second)):
        return None, None, None
    a, b = np.ravel(first), np.ravel(second)
    changed, largest, squares, norm = 0, 0.0, 0.0, 0.0
    with np.errstate(all="ignore"):
        for start in range(0, len(a), _CHUNK):
            x, y = a[start : start + _CHUNK].astype(np.float64), b[start : start + _CHUNK].astype(np.float64)
            differs = (x != y) & ~(np.isnan(x) & np.isnan(y))
            changed += int(differs.sum())
            delta = np.abs(np.where(differs, y - x, 0.0))
            largest = max(largest, float(delta.max(initial=0.0)))
            squares, norm = squares + float(np.square(delta).sum()), norm + float(np.square(x).sum())
    return changed / max(len(a), 1), largest, float(np.sqrt(squares / norm)) if norm else None


def _counts(array: Any) -> bool:
    return array.dtype.kind in "biuf"
