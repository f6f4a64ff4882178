"""Lists of runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, overload

from mlops_lite import workspace
from mlops_lite.base.ref import Ref
from mlops_lite.store import Store
from mlops_lite.tracking.describe import flat, restore
from mlops_lite.tracking.run import Run

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Runs", "open", "runs"]


def open(ref: Ref, store: Store) -> Run:
    """Open a run by its ref; the beginning of an id is enough where only one begins so.

    Parameters
    ----------
    ref : Ref
    store : Store

    Returns
    -------
    Run
    """
    return Run(store, store.runs.find(ref.name))


def runs(*, experiment: str | None = None, store: Store | str | None = None) -> Runs:
    """List runs, the newest first.

    Parameters
    ----------
    experiment : str, optional
    store : Store, optional

    Returns
    -------
    Runs

    Examples
    --------
    >>> import mlops_lite as ml
    >>> with ml.Store("memory://runs-example"):
    ...     for depth in (3, 6):
    ...         with ml.start_run(experiment="churn"):
    ...             ml.log_params(depth=depth)
    ...     found = ml.runs(experiment="churn")
    >>> [run.params["depth"] for run in found]
    [6, 3]
    """
    where = workspace.store(store)
    found = [Run(where, run, where.runs.state(run)) for run in reversed(where.runs.ids())]
    kept = sorted((run for run in found if not run._state.get("deleted")), key=lambda run: run.started_at, reverse=True)
    return Runs(run for run in kept if experiment is None or run.experiment == experiment)


class Runs(Sequence[Run]):
    """Runs in an order.

    Parameters
    ----------
    found : iterable of Run
    """

    def __init__(self, found: Iterator[Run]) -> None:
        self._runs = list(found)

    def to_frame(self) -> pd.DataFrame:
        """Give one row a run: its params under ``params.<name>``, its metrics under ``metrics.<name>``.

        Returns
        -------
        pandas.DataFrame
        """
        import pandas as pd

        rows = []
        for run in self._runs:
            row: dict[str, object] = {
                "id": run.id,
                "name": run.name,
                "experiment": run.experiment,
                "status": run.status,
            }
            row |= {"started_at": run.started_at, "duration": run.duration}
            row |= {f"params.{name}": restore(value) for name, value in flat(run._state.get("params", {})).items()}
            row |= {f"metrics.{name}": value for name, value in run.metrics.items()}
            rows.append(row)
        return pd.DataFrame(rows)

    @overload
    def __getitem__(self, index: int) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> Runs: ...
    def __getitem__(self, index: int | slice) -> Run | Runs:
        if isinstance(index, slice):
            return Runs(iter(self._runs[index]))
        return self._runs[index]

    def __len__(self) -> int:
        return len(self._runs)

    def __repr__(self) -> str:
        return f"<Runs: {len(self)}>"
