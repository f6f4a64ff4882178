"""Lists of runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

from mlops_lite import workspace
from mlops_lite.base.ref import Ref
from mlops_lite.display.drawn import Drawn
from mlops_lite.errors import InvalidInputError
from mlops_lite.store import Store
from mlops_lite.tracking.run import Run

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from mlops_lite.store.run_listing import Listing

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

    Raises
    ------
    NotFoundError
        No id begins so, or the run was removed.
    AmbiguousError
        Several do.
    """
    run = store.runs.find(ref.name)
    return Run(store, run, store.runs.state(run))


def runs(
    *,
    experiment: str | None = None,
    where: str | None = None,
    order_by: str | Iterable[str] = "-started_at",
    limit: int | None = None,
    store: Store | str | None = None,
) -> Runs:
    """List runs.

    Parameters
    ----------
    experiment : str, optional
        Only of this one.
    where : str, optional
        A filter such as ``"auc > 0.9 and depth >= 6"``: a bare name is a param, else a metric, else a field of runs
        (``status``, ``name``, ``started_at``, ``duration`` in seconds, ``author``, ``seed``); ``params.x``,
        ``metrics.x``, ``tags.x`` and ``run.x`` say which. Names with other characters stand in backticks. A run
        without the value is kept by none but ``is none`` and ``not``.
    order_by : str or list of str
        With ``-`` in front the largest first. The newest run comes first by default.
    limit : int, optional
        At most so many.
    store : Store, optional

    Returns
    -------
    Runs
        A sequence; slices of it are pages.

    Raises
    ------
    FilterError
        The filter does not parse or names what no run has; points at the character.

    Examples
    --------
    >>> import mlops_lite as ml
    >>> with ml.Store("memory://runs-example"):
    ...     for depth in (3, 6, 9):
    ...         with ml.start_run(experiment="churn"):
    ...             ml.log_params(depth=depth)
    ...             ml.log(auc=0.9 + depth / 100)
    ...     found = ml.runs(experiment="churn", where="auc > 0.95", order_by="-auc")
    >>> [run.params["depth"] for run in found]
    [9, 6]
    """
    import numpy as np

    from mlops_lite.tracking import selection

    if limit is not None and (not isinstance(limit, int) or limit < 0):
        raise InvalidInputError(f"limit= is a number of runs, not {limit!r}.")
    home = workspace.store(store)
    home.runs.flush()
    listing = home.runs.index.listing()
    rows = np.arange(len(listing)) if where is None else selection.select(listing, where)
    if experiment is not None and len(rows):
        names = listing.table(["experiment"], rows)["experiment"].to_numpy(zero_copy_only=False)
        rows = rows[names == experiment]
    if len(rows):
        rows = selection.order(listing, order_by, rows)
    return Runs(home, listing, rows[:limit])


def children_of(run: Run) -> Runs:
    """List the runs inside a run, the oldest first."""
    import numpy as np

    from mlops_lite.tracking import selection

    run.store.runs.flush()
    listing = run.store.runs.index.listing()
    table = listing.table(["parent"])
    parents = table["parent"].to_numpy(zero_copy_only=False) if len(listing) else np.array([], object)
    rows = np.flatnonzero(parents == str(run.ref))
    return Runs(run.store, listing, selection.order(listing, "started_at", rows) if len(rows) else rows)


class Runs(Drawn, Sequence[Run]):
    """Runs in an order, as they were when they were listed.

    Parameters
    ----------
    store : Store
    listing : Listing
    rows : ndarray of int64
        Which, in which order.
    """

    def __init__(self, store: Store, listing: Listing, rows: NDArray[np.int64]) -> None:
        self._store = store
        self._listing = listing
        self._rows = rows

    def to_frame(self) -> pd.DataFrame:
        """Give one row a run.

        Returns
        -------
        pandas.DataFrame
            ``id``, ``name``, ``experiment``, ``status``, ``started_at``, ``duration`` (seconds), then
            ``params.<name>``, ``metrics.<name>`` (last values) and ``tags.<name>``. What a run lacks is missing.
        """
        from mlops_lite.tracking.frame import frame

        return frame(self._listing, self._rows)

    @overload
    def __getitem__(self, index: int) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> Runs: ...
    def __getitem__(self, index: int | slice) -> Run | Runs:
        if isinstance(index, slice):
            return Runs(self._store, self._listing, self._rows[index])
        state = self._listing.state(int(self._rows[index]))
        return Run(self._store, state["id"], state)

    def __len__(self) -> int:
        return len(self._rows)

    def _view(self) -> Any:
        from mlops_lite.tracking.view import look_of_runs

        return look_of_runs(self)

    def __repr__(self) -> str:
        return f"<Runs: {len(self)}>"
