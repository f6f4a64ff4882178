"""Candidates: what a gate is given to judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_lite import workspace
from mlops_lite.base.ref import Ref
from mlops_lite.deployment import held_out
from mlops_lite.deployment.loaded import Loaded, load

if TYPE_CHECKING:
    from mlops_lite.store import Store

__all__ = ["Candidate"]


class Candidate:
    """A version that wants to serve, and the one that serves now. What is loaded for one gate serves the others.

    Parameters
    ----------
    store : Store
    version : ModelVersion
        What wants to serve.
    champion : ModelVersion, optional
        What serves; None where nothing does.
    place : str
        The name of the deployment.
    trusted : str or list of str, optional
        What may be opened.
    """

    def __init__(self, store: Store, version: Any, champion: Any, place: str, trusted: Any = None) -> None:
        self.store, self.version, self.champion, self.place = store, version, champion, place
        self._trusted = trusted
        self._loaded: dict[str, Loaded] = {}
        self._data: dict[Any, tuple[Any, Any]] = {}
        self._said: dict[Any, Any] = {}
        self.used: dict[str, None] = {}  # the snapshots that gates measured on

    @property
    def ref(self) -> str:
        """The ref of the version that wants to serve."""
        return str(self.version.ref)

    @property
    def native(self) -> Any:
        """The model itself."""
        return self.loaded(self.version).native

    def loaded(self, version: Any) -> Loaded:
        """Load a version, once."""
        ref = str(version.ref)
        if ref not in self._loaded:
            self._loaded[ref] = load(self.store, ref, self._trusted)
        return self._loaded[ref]

    def predicted(self, version: Any, on: Any, target: Any) -> Any:
        """Let a version predict the held-out rows, once.

        Returns
        -------
        Predicted
            With ``prediction``, ``score`` and ``classes``.
        """
        from mlops_lite.registry.predicting import predict

        key = str(version.ref), _key(on), _key(target)
        if key not in self._said:
            inputs, _ = self.data(on, target)
            self._said[key] = predict(self.loaded(version).native, held_out.fitting(version, inputs))
        return self._said[key]

    def data(self, on: Any, target: Any) -> tuple[Any, Any]:
        """Give the held-out inputs and the truth.

        Parameters
        ----------
        on : Snapshot, ref, table, or pair of inputs and truth
        target : str or array
            The column of the truth, or the truth itself.
        """
        key = _key(on), _key(target)
        if key not in self._data:
            if isinstance(on, str):
                on = workspace.open(Ref.parse(on, kind="dataset"), self.store)
            self._data[key] = held_out.split(on.load() if _is_version(on) else on, target)
            if _is_version(on) and on.store == self.store:
                self.used[str(on.ref)] = None
        return self._data[key]


def _key(value: Any) -> Any:
    return str(value) if isinstance(value, str) else id(value)


def _is_version(on: Any) -> bool:
    return hasattr(on, "load") and hasattr(on, "ref")
