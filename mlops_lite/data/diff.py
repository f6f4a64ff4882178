"""What is different between two snapshots."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from mlops_lite.data.snapshot import Snapshot
from mlops_lite.display import Drawn
from mlops_lite.errors import InvalidInputError
from mlops_lite.frames.schema import Difference

if TYPE_CHECKING:
    import pandas as pd

    from mlops_lite.data.rows import Rows

__all__ = ["Diff", "difference"]


class Diff(Drawn):
    """The difference of two snapshots: computed when it is asked for, from the parts that differ.

    Parameters
    ----------
    before, after : Snapshot
    key : tuple of str
        The columns that name a row; empty where rows are compared as wholes.

    Examples
    --------
    >>> import pandas as pd
    >>> import mlops_lite as ml
    >>> ages = ml.Dataset("ages", store="memory://diff-example")
    >>> _ = ages.snapshot(pd.DataFrame({"id": [1, 2], "age": [31, 45]}), key="id")
    >>> _ = ages.snapshot(pd.DataFrame({"id": [1, 3], "age": [32, 28]}))
    >>> diff = ages.diff(1, 2)
    >>> diff.added["id"].tolist(), diff.removed["id"].tolist(), diff.changed["age"].values.tolist()
    ([3], [2], [[31, 32]])
    >>> print(diff.summary())
    dataset/ages: 1 -> 2: 1 row added, 1 removed, 1 changed in the column age.
    """

    def __init__(self, before: Snapshot, after: Snapshot, key: tuple[str, ...]) -> None:
        self.before = before
        self.after = after
        self.key = key

    @functools.cached_property
    def _rows(self) -> Rows:
        if self.before.is_table:
            from mlops_lite.data.rows import compare

            return compare(self.before.content, self.after.content, self.key)
        from mlops_lite.data.treediff import compare as compare_trees

        return compare_trees(self.before, self.after)

    @property
    def added(self) -> pd.DataFrame:
        """The rows that only the later version has; of files one row a file."""
        return self._rows.added

    @property
    def removed(self) -> pd.DataFrame:
        """The rows that only the earlier version has."""
        return self._rows.removed

    @property
    def changed(self) -> pd.DataFrame:
        """The rows with one key and other values: under each column that changed, ``before`` and ``after``.

        Empty without a key: whole rows are added or removed then.
        """
        return self._rows.changed

    @property
    def duplicates(self) -> pd.DataFrame:
        """Values of the key that occur more than once among the rows that differ; those are compared as wholes."""
        return self._rows.duplicates

    @functools.cached_property
    def renamed(self) -> dict[str, str]:
        """Columns that kept their content under another name: old name to new name."""
        if not self.before.is_table:
            return {}
        from mlops_lite.data.rows import renamed

        return renamed(self.before.content.manifest, self.after.content.manifest)

    @functools.cached_property
    def schema(self) -> tuple[Difference, ...]:
        """What happened to the columns; a renamed one is in :attr:`renamed`, not here."""
        if not self.before.is_table:
            return ()
        moved = {*self.renamed, *self.renamed.values()}
        found = self.before.schema.differences(self.after.schema)
        return tuple(one for one in found if one.column not in moved)

    @functools.cached_property
    def distributions(self) -> pd.DataFrame:
        """How the distributions of changed columns moved: one row a column, by the profiles of both versions.

        ``distance`` is half the sum of the differences of shares over the cells of the profile (total variation): 0
        for the same distribution, 1 for two that share nothing. Columns whose content did not change are left out and
        not read.
        """
        from mlops_lite.data.distributions import distributions

        return distributions(self.before, self.after)

    @property
    def is_empty(self) -> bool:
        """Whether both have the same content."""
        return self.before.digest == self.after.digest or not (
            self.schema or self.renamed or len(self.added) or len(self.removed) or len(self.changed)
        )

    def summary(self) -> str:
        """Say it in a sentence or two."""
        where = f"dataset/{self.before.name}: {self.before.version}"
        after = self.after.version if self.after.name == self.before.name else self.after.ref
        if self.is_empty:
            return f"{where} -> {after}: nothing differs."
        what = "row" if self.before.is_table else "file"
        counts = [
            _count(len(self.added), "added", what),
            _count(len(self.removed), "removed", what),
            _count(len(self.changed), "changed", what) + self._changed_columns(),
        ]
        said = [one for one in counts if one] or [f"no {what} differs"]
        words = [said[0], *(one.replace(f" {what}s ", " ").replace(f" {what} ", " ") for one in said[1:])]
        names = [f"{old!r} is now called {new!r}" for old, new in self.renamed.items()]
        return " ".join(
            [
                f"{where} -> {after}: {', '.join(words)}.",
                *(f"{name}." for name in names),
                *(one.sentence for one in self.schema),
                *([f"{len(self.duplicates):,} keys occur more than once."] if len(self.duplicates) else []),
            ]
        )

    def _changed_columns(self) -> str:
        if not self.before.is_table or not len(self.changed):
            return ""
        names = list(dict.fromkeys(map(str, self.changed.columns.get_level_values(0))))
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        return f" in the column{'s' if len(names) > 1 else ''} {shown}"

    def _view(self) -> Any:
        from mlops_lite.data.view import look_of_diff

        return look_of_diff(self)

    def __repr__(self) -> str:
        return f"<Diff {self.before.ref} -> {self.after.ref}>"


def _count(number: int, verb: str, what: str) -> str:
    return f"{number:,} {what}{'s' if number != 1 else ''} {verb}" if number else ""


def difference(before: Snapshot, after: Snapshot, key: tuple[str, ...] | None) -> Diff:
    """Compare two snapshots.

    Raises
    ------
    InvalidInputError
        One is a table and the other is files, or one lacks a column of the key.
    """
    if before.is_table != after.is_table:
        raise InvalidInputError(
            f"{before.ref} is a {before.kind} and {after.ref} a {after.kind}.", remedy="Compare like with like."
        )
    if not before.is_table:
        return Diff(before, after, ())
    sides = (before.content.manifest.schema.names, after.content.manifest.schema.names)
    if key is None:
        key = next(
            (one for one in (after.key, before.key) if one and all(set(one) <= set(names) for names in sides)), ()
        )
    for snapshot, names in zip((before, after), sides, strict=True):
        for name in key:
            if name not in names:
                raise InvalidInputError(f"{snapshot.ref} has no column {name!r} to tell rows by.", column=name)
    return Diff(before, after, key)
