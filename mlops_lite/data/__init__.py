"""Data versioning: snapshots of tables, files and folders that store what changed and give back what was given.

A table is cut into parts by its content and addressed by column and part, so that what did not change is neither
encoded nor written again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_lite.base.ref import Ref
    from mlops_lite.data.dataset import Dataset
    from mlops_lite.data.snapshot import Snapshot
    from mlops_lite.store import Store

__all__ = ["Dataset", "Snapshot", "open"]


def open(ref: Ref, store: Store) -> Snapshot:
    """Open the snapshot that a ref names.

    Parameters
    ----------
    ref : Ref
        ``dataset/name@version``; the newest without a version.
    store : Store

    Returns
    -------
    Snapshot
    """
    from mlops_lite.data.dataset import Dataset

    return Dataset(ref.name, store=store)[ref.version if ref.version is not None else "latest"]


def __getattr__(name: str) -> Any:
    if name == "Dataset":
        from mlops_lite.data.dataset import Dataset

        return Dataset
    if name == "Snapshot":
        from mlops_lite.data.snapshot import Snapshot

        return Snapshot
    raise AttributeError(f"module 'mlops_lite.data' has no attribute {name!r}")
