"""Which files of two snapshots differ, from their manifests alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_lite.data.checkout import tree_of
from mlops_lite.data.rows import Rows

if TYPE_CHECKING:
    import pandas as pd

    from mlops_lite.data.snapshot import Snapshot
    from mlops_lite.data.tree import Tree

__all__ = ["compare"]

_KINDS = ("file", "folder", "link")


def compare(before: Snapshot, after: Snapshot) -> Rows:
    """Compare two snapshots of files.

    Parameters
    ----------
    before, after : Snapshot

    Returns
    -------
    Rows
        One row a file, folder or link.
    """
    import pandas as pd

    one, two = (_files(tree_of(snapshot)) for snapshot in (before, after))
    added = [two[path] for path in two if path not in one]
    removed = [one[path] for path in one if path not in two]
    both = [path for path in two if path in one and one[path] != two[path]]
    columns = ["path", "kind", "mode", "size", "digest", "target"]
    changed = {
        (name, when): [files[path][place] for path in both]
        for place, name in enumerate(columns[1:], 1)
        for when, files in (("before", one), ("after", two))
        if any(one[path][place] != two[path][place] for path in both)
    }
    return Rows(
        pd.DataFrame(added, columns=columns),
        pd.DataFrame(removed, columns=columns),
        _changed(changed, both),
        pd.DataFrame(columns=["path"]),
    )


def _changed(columns: dict[tuple[str, str], list[Any]], paths: list[str]) -> pd.DataFrame:
    import pandas as pd

    found = pd.DataFrame(columns, index=pd.Index(paths, name="path"))
    if not columns:
        found.columns = pd.MultiIndex.from_arrays([[], []])
    return found


def _files(tree: Tree) -> dict[str, tuple[Any, ...]]:
    import os

    digests = tree.digests.tobytes().hex()
    found = {}
    for place in range(len(tree.paths)):
        path = tree.path(place)
        kind = _KINDS[tree.kinds[place]]
        digest = digests[64 * place : 64 * place + 64] if kind == "file" else ""
        mode = f"{tree.modes[place]:o}"
        found[path] = (path, kind, mode, int(tree.sizes[place]), digest, os.fsdecode(tree.targets[place]))
    return found
