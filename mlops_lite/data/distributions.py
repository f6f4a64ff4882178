"""How the distributions of columns moved between two snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_lite.data.address import plain
from mlops_lite.stats.profile import Profile, profile

if TYPE_CHECKING:
    import pandas as pd

    from mlops_lite.data.snapshot import Snapshot
    from mlops_lite.stats.column import ColumnProfile

__all__ = ["changed_columns", "distributions"]


def changed_columns(before: Snapshot, after: Snapshot) -> list[str]:
    """Name the columns that both have in one type, and whose content differs, by their addresses alone."""
    one, two = before.content.manifest, after.content.manifest
    found = []
    for name in after.schema.names:
        if name not in one.schema.names or plain(one.schema.field(name).type) != plain(two.schema.field(name).type):
            continue
        cells = [side.cells.address[side.schema.names.index(name)].tobytes() for side in (one, two)]
        if cells[0] != cells[1]:
            found.append(name)
    return found


def distributions(before: Snapshot, after: Snapshot) -> pd.DataFrame:
    """Compare the profiles of the columns that changed.

    Returns
    -------
    pandas.DataFrame
        One row a column, the one that moved farthest first.
    """
    import pandas as pd

    names = changed_columns(before, after)
    columns = ["distance", "missing_before", "missing_after", "mean_before", "mean_after", "std_before", "std_after"]
    if not names:
        return pd.DataFrame(columns=columns, index=pd.Index([], name="column"), dtype=float)
    one = profile(before.content.batches(names))
    two: Profile = profile(after.content.batches(names), frame=one.frame)
    rows = [_row(one[name], two[name]) for name in names]
    found = pd.DataFrame(rows, columns=columns, index=pd.Index(names, name="column"))
    return found.sort_values("distance", ascending=False, kind="stable")


def _row(one: ColumnProfile, two: ColumnProfile) -> list[float]:
    moments = (one.mean, two.mean, one.std, two.std)
    return [_distance(one, two), one.missing_share, two.missing_share, *moments]


def _distance(one: ColumnProfile, two: ColumnProfile) -> float:
    """Half the sum of the differences of shares over all cells, missing values in a cell of their own."""
    shares = [_shares(side, [*dict.fromkeys([*one.unknown, *two.unknown])]) for side in (one, two)]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)


def _shares(side: ColumnProfile, unknown: list[str]) -> np.ndarray[Any, Any]:
    new = [side.unknown.get(level, 0) for level in unknown]
    counts = np.concatenate([side.counts, side.infinite, new, [side.rest, side.missing]]).astype(float)
    found: np.ndarray[Any, Any] = counts / max(side.rows, 1)
    return found
