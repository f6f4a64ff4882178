"""The versions of a model, as a sequence that draws itself and becomes a frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

from mlops_lite.display import Drawn
from mlops_lite.registry.version import ModelVersion

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Versions"]


class Versions(Drawn, Sequence[ModelVersion]):
    """Versions, oldest first.

    Parameters
    ----------
    found : iterable of ModelVersion
    """

    def __init__(self, found: Iterable[ModelVersion]) -> None:
        self._found = list(found)

    @overload
    def __getitem__(self, index: int) -> ModelVersion: ...

    @overload
    def __getitem__(self, index: slice) -> Versions: ...

    def __getitem__(self, index: int | slice) -> ModelVersion | Versions:
        return Versions(self._found[index]) if isinstance(index, slice) else self._found[index]

    def __len__(self) -> int:
        return len(self._found)

    def to_frame(self) -> pd.DataFrame:
        """Give one row a version, with a column for each metric.

        The others are ``version``, ``created_at``, ``author``, ``message``, ``format``, ``nbytes``, ``run``,
        ``dataset`` and ``aliases``.

        Returns
        -------
        pandas.DataFrame
        """
        import pandas as pd

        return pd.DataFrame(self._rows())

    def _rows(self) -> list[dict[str, Any]]:
        metrics = list(dict.fromkeys(name for version in self for name in version.metrics))
        return [
            {
                "version": version.version,
                "created_at": version.created_at,
                "author": version.author,
                "message": version.message,
                "format": version.format,
                "nbytes": version.nbytes,
                "run": version.run,
                "dataset": version.dataset,
                "aliases": ", ".join(self._aliases.get((version.name, version.version), [])),
                **{name: version.metrics.get(name) for name in metrics},
            }
            for version in self
        ]

    @property
    def _aliases(self) -> dict[tuple[str, int], list[str]]:
        found: dict[tuple[str, int], list[str]] = {}
        for name in {version.name for version in self}:
            for label, number in self._found[0].store.labels("model", name).all().items():
                found.setdefault((name, number), []).append(label)
        return found

    def _view(self) -> Any:
        from mlops_lite.registry.view import of_versions

        return of_versions(self)

    def __repr__(self) -> str:
        return f"<Versions {', '.join(str(version.ref) for version in self) or 'none'}>"
