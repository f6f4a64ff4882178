"""The versions of a dataset, as a sequence and as a frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from mlops_lite.data.snapshot import Snapshot
from mlops_lite.display import Drawn

if TYPE_CHECKING:
    import pandas as pd

    from mlops_lite.data.dataset import Dataset

__all__ = ["Versions"]


class Versions(Drawn, Sequence[Snapshot]):
    """All versions of a dataset, oldest first.

    Parameters
    ----------
    dataset : Dataset
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        log = dataset.store.log("dataset", dataset.name)
        self._snapshots = [Snapshot(dataset.store, record) for record in log.history()]

    @overload
    def __getitem__(self, place: int) -> Snapshot: ...
    @overload
    def __getitem__(self, place: slice) -> list[Snapshot]: ...
    def __getitem__(self, place: int | slice) -> Snapshot | list[Snapshot]:
        """Give the version at a place, from 0."""
        return self._snapshots[place]

    def __iter__(self) -> Iterator[Snapshot]:
        return iter(self._snapshots)

    def __len__(self) -> int:
        return len(self._snapshots)

    def rows(self) -> list[dict[str, Any]]:
        """Give what is known of each, without reading any data."""
        tags = self._dataset.tags()
        return [
            {
                "version": snapshot.version,
                "created_at": snapshot.created_at,
                "author": snapshot.author,
                "message": snapshot.message,
                "rows": snapshot.num_rows,
                "nbytes": snapshot.nbytes,
                "written": snapshot.written,
                "digest": snapshot.digest,
                "tags": ", ".join(sorted(tag for tag, number in tags.items() if number == snapshot.version)),
                "action": snapshot.action,
            }
            for snapshot in self
        ]

    def to_frame(self) -> pd.DataFrame:
        """Give a pandas frame, one row a version."""
        import pandas as pd

        columns = [
            "version",
            "created_at",
            "author",
            "message",
            "rows",
            "nbytes",
            "written",
            "digest",
            "tags",
            "action",
        ]
        return pd.DataFrame(self.rows(), columns=columns)

    def _view(self) -> Any:
        from mlops_lite.data.view import look_of_versions

        return look_of_versions(self)

    def __repr__(self) -> str:
        return f"<Versions of {self._dataset.name!r}: {len(self)}>"
