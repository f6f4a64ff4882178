"""The rows themselves, sorted, for checks that compare them exactly on request."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlops_lite import frames, workspace
from mlops_lite.errors import InvalidInputError
from mlops_lite.monitoring.source import blocks
from mlops_lite.stats.values import numbers
from mlops_lite.store import Store

__all__ = ["Exact"]


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

    def __call__(self, name: str) -> tuple[Any, Any]:
        """Give the sorted values of a column."""
        then = self._snapshot.to_arrow(columns=[name])[name]
        return _sorted([then]), _sorted([block[name] for block in self._blocks])


def _sorted(arrays: list[Any]) -> Any:
    parts = [numbers(part) for array in arrays for part in getattr(array, "chunks", [array])]
    values = np.concatenate(parts) if len(parts) != 1 else np.array(parts[0])
    values.sort()
    if values.dtype.kind == "f" and len(values):
        values = values[: len(values) - int(np.isnan(values).sum())]  # NaN come last
    return values
