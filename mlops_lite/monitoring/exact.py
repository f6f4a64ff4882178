"""The rows themselves, sorted, for checks that compare them exactly on request."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from mlops_lite import frames, workspace
from mlops_lite.errors import InvalidInputError
from mlops_lite.monitoring.source import blocks
from mlops_lite.stats.values import family, numbers
from mlops_lite.store import Store

__all__ = ["Exact"]

_AHEAD = 3  # columns that are held sorted


class Exact:
    """Gives the sorted values of a column, of the reference and of today's data.

    Parameters
    ----------
    reference : str, optional
        The ref of the reference.
    data : table or snapshot
        Not an iterator: it would be used up.
    store : Store

    Raises
    ------
    InvalidInputError
        The rows of one side are not to be had.
    """

    def __init__(self, reference: str | None, data: Any, store: Store) -> None:
        if reference is None:
            raise InvalidInputError(
                "exact=True needs the rows of the reference, and only its profile was kept.",
                remedy="Define the monitor with a snapshot: reference=ml.Dataset('customers')['golden'].",
            )
        if frames.kind(data) is None and not hasattr(data, "to_arrow"):
            raise InvalidInputError("exact=True needs a table or a snapshot, not a stream of batches.")
        self._snapshot = workspace.open(reference, store)
        self._blocks = list(blocks(data))
        first = self._blocks[0] if self._blocks else {}
        self._names = [name for name, array in first.items() if family(array) in ("numbers", "times")]
        self._threads = ThreadPoolExecutor(os.cpu_count())
        self._sorted: dict[str, tuple[Future[Any], Future[Any]]] = {}

    def __call__(self, name: str) -> tuple[Any, Any]:
        """Give the sorted values of a column, and let threads sort the next ones meanwhile."""
        place = self._names.index(name)
        ahead = self._names[place : place + _AHEAD]
        self._sorted = {each: self._sorted.get(each) or self._sort(each) for each in ahead}
        then, now = self._sorted[name]
        return then.result(), now.result()

    def _sort(self, name: str) -> tuple[Future[Any], Future[Any]]:
        now = self._threads.submit(lambda: _sorted([block[name] for block in self._blocks]))
        return self._threads.submit(lambda: _sorted([self._snapshot.to_arrow(columns=[name])[name]])), now


def _sorted(arrays: list[Any]) -> Any:
    parts = [numbers(part) for array in arrays for part in getattr(array, "chunks", [array])]
    values = np.concatenate(parts) if len(parts) != 1 else np.array(parts[0])
    values.sort()
    if values.dtype.kind == "f" and len(values):
        values = values[: len(values) - int(np.isnan(values).sum())]  # NaN come last
    return values
