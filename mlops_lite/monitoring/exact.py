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

_TOGETHER = 5  # columns that are read at once; those of two such groups are held sorted


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
        names = [name for name in self._snapshot.schema.names if name in first and _is_ordered(first[name])]
        self._groups = [names[start : start + _TOGETHER] for start in range(0, len(names), _TOGETHER)]
        self._threads = ThreadPoolExecutor(os.cpu_count())
        self._begun: dict[int, dict[str, tuple[Future[Any], Future[Any]]]] = {}
        self._begin(0)

    def __call__(self, name: str) -> tuple[Any, Any]:
        """Give the sorted values of a column, and let threads read and sort the next ones meanwhile."""
        place = next(place for place, group in enumerate(self._groups) if name in group)
        self._begin(place)
        then, now = self._begun[place][name]
        return then.result(), now.result()

    def _begin(self, place: int) -> None:
        """Begin a group of columns and the next one, and let go of the others."""
        ahead = range(place, min(place + 2, len(self._groups)))
        self._begun = {each: self._begun.get(each) or self._sort(self._groups[each]) for each in ahead}

    def _sort(self, names: list[str]) -> dict[str, tuple[Future[Any], Future[Any]]]:
        table = self._threads.submit(self._snapshot.to_arrow, columns=names)
        then = {name: self._threads.submit(lambda each: _sorted([table.result()[each]]), name) for name in names}
        now = {name: self._threads.submit(_sorted, [block[name] for block in self._blocks]) for name in names}
        return {name: (then[name], now[name]) for name in names}


def _is_ordered(array: Any) -> bool:
    return family(array) in ("numbers", "times")


def _sorted(arrays: list[Any]) -> Any:
    parts = [numbers(part) for array in arrays for part in getattr(array, "chunks", [array])]
    values = np.concatenate(parts) if len(parts) != 1 else np.array(parts[0])
    values.sort()
    if values.dtype.kind == "f" and len(values):
        values = values[: len(values) - int(np.isnan(values).sum())]  # NaN come last
    return values
