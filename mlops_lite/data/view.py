"""How datasets, snapshots and differences look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_lite.base.digest import short
from mlops_lite.display import card, facts, section, table, text

if TYPE_CHECKING:
    import pandas as pd

    from mlops_lite.data.dataset import Dataset
    from mlops_lite.data.diff import Diff
    from mlops_lite.data.snapshot import Snapshot
    from mlops_lite.data.versions import Versions

__all__ = ["look_of_dataset", "look_of_diff", "look_of_snapshot", "look_of_versions"]

_MOST_ROWS = 20
_FEW_ROWS = 8
_FEW_COLUMNS = 8


def look_of_dataset(dataset: Dataset) -> Any:
    """Show a dataset: its versions."""
    return card(f"dataset/{dataset.name}", *_versions(dataset.versions()), subtitle=dataset.store.url)


def look_of_versions(versions: Versions) -> Any:
    """Show versions."""
    return card(f"Versions of {versions._dataset.name}", *_versions(versions))


def _versions(versions: Versions) -> list[Any]:
    if not len(versions):
        return [text("There is no version yet.", quiet=True)]
    columns = {"version": "version", "when": "created_at", "author": "author", "message": "message", "rows": "rows"}
    columns |= {"new bytes": "written", "tags": "tags"}
    rows = [[row[key] for key in columns.values()] for row in reversed(versions.rows())]
    return [table(columns, rows, "Versions, newest first", most=_MOST_ROWS)]


def look_of_snapshot(snapshot: Snapshot) -> Any:
    """Show a snapshot: what is known of it, and its columns."""
    what = {
        "rows" if snapshot.is_table else "files": snapshot.num_rows,
        "bytes": snapshot.nbytes,
        "new bytes": snapshot.written,
        "digest": short(snapshot.digest),
        "made": f"{snapshot.created_at:%Y-%m-%d %H:%M:%S} UTC by {snapshot.author}",
        "from": ", ".join(snapshot.parents),
        "tags": ", ".join(snapshot.tags),
        "key": ", ".join(snapshot.key),
    }
    known = facts({name: value for name, value in what.items() if value != ""}, "Facts")
    elements = [known, _columns(snapshot)] if snapshot.is_table else [known]
    return card(str(snapshot.ref), *elements, subtitle=snapshot.message or "")


def _columns(snapshot: Snapshot) -> Any:
    rows = [[one.name, one.type, "some" if one.nullable else "none"] for one in snapshot.schema]
    return table(["column", "type", "missing values"], rows, "Columns", most=_MOST_ROWS)


def look_of_diff(diff: Diff) -> Any:
    """Show a difference: what happened to the columns, and the first of the rows."""
    elements: list[Any] = [text(diff.summary().partition(": ")[2].partition(": ")[2])]
    if diff.schema:
        elements.append(
            table(["column", "what happened"], [[one.column, one.sentence] for one in diff.schema], "Schema")
        )
    for name, frame in (("Changed", diff.changed), ("Added", diff.added), ("Removed", diff.removed)):
        if len(frame):
            elements.append(section(f"{name}: {len(frame):,}", _first_rows(frame, name), opened=name == "Changed"))
    if "distributions" in diff.__dict__:
        moved = diff.distributions.reset_index()
        elements.append(
            section("Distributions", table(moved.columns, moved.itertuples(index=False), "Changed columns"))
        )
    return card(f"dataset/{diff.before.name}: {diff.before.version} → {diff.after.version}", *elements)


def _first_rows(frame: pd.DataFrame, name: str) -> Any:
    shown = frame.iloc[:_FEW_ROWS, :_FEW_COLUMNS]
    labels = [" ".join(map(str, one)) if shown.columns.nlevels > 1 else str(one) for one in shown.columns]
    rows = [[str(key), *values] for key, values in zip(shown.index, shown.astype(object).to_numpy(), strict=True)]
    left = frame.shape[1] - shown.shape[1]
    caption = f"{name} rows" + (f", the first {_FEW_COLUMNS} of {frame.shape[1]} columns" if left else "")
    return table([frame.index.name or "row", *labels], rows, caption)
