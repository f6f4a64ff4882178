"""``ml.compare``: runs and model versions side by side."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlops_lite import workspace
from mlops_lite.display import Drawn
from mlops_lite.errors import InvalidInputError, NotFoundError, suggest
from mlops_lite.provenance.side import Side, shown
from mlops_lite.store import Store
from mlops_lite.tracking.runs import Runs

if TYPE_CHECKING:
    import pandas as pd

    from mlops_lite.provenance.evaluation import Evaluation

__all__ = ["Comparison", "compare"]


class Comparison(Drawn):
    """Runs and model versions side by side; the first one is what the others are held against.

    Parameters
    ----------
    sides : tuple of Side
    evaluation : Evaluation, optional
        What their models scored on the same rows.
    """

    def __init__(self, sides: tuple[Side, ...], evaluation: Evaluation | None = None) -> None:
        self._sides = sides
        self._evaluation = evaluation

    @property
    def names(self) -> list[str]:
        """What the sides are called, in order."""
        return [side.name for side in self._sides]

    @functools.cached_property
    def params(self) -> pd.DataFrame:
        """Parameters: a row each, a column a side."""
        return self._frame({side.name: {key: shown(one) for key, one in side.params.items()} for side in self._sides})

    @functools.cached_property
    def metrics(self) -> pd.DataFrame:
        """Recorded metrics, last values: a row each, a column a side."""
        return self._frame({side.name: side.metrics for side in self._sides})

    @functools.cached_property
    def scores(self) -> pd.DataFrame:
        """Metrics on ``on=``, each with its interval (``.value``, ``.low``, ``.high``); empty without ``on=``."""
        return self._evaluated("scores", self.names)

    @functools.cached_property
    def differences(self) -> pd.DataFrame:
        """How much each scored more than the first, with an interval from the same rows: a row a metric."""
        return self._evaluated("differences", self.names[1:])

    @functools.cached_property
    def packages(self) -> pd.DataFrame:
        """Versions of packages and of Python that differ: a row each, a column a side.

        A package that only some have loaded is no difference: of the others nobody knows a version.
        """
        found = self._frame({side.name: side.packages for side in self._sides})
        return found[found.apply(lambda row: row.nunique() > 1, axis=1)] if len(found) else found

    @functools.cached_property
    def data(self) -> pd.DataFrame:
        """Versions of the data that each was made from: a row a dataset, a column a side."""
        return self._frame({side.name: _versions(side) for side in self._sides})

    @functools.cached_property
    def code(self) -> Mapping[str, str]:
        """What differs between the code of the first and of each other one, as a unified difference by side."""
        return {side.name: _difference(self._sides[0], side) for side in self._sides[1:]}

    def diff(self, dataset: str, other: str | None = None) -> Any:
        """Compare the data of the first side with that of another.

        Parameters
        ----------
        dataset : str
            The name of the dataset.
        other : str, optional
            The name of a side; the second without it.

        Returns
        -------
        Diff
            As :meth:`mlops_lite.Dataset.diff` gives it.
        """
        if dataset not in self.data.index:
            raise NotFoundError(f"No side was made from {dataset!r}.", remedy=suggest(dataset, self.data.index) or None)
        name = other or self.names[1]
        if name not in self.names:
            raise NotFoundError(f"There is no side {name!r}.", remedy=suggest(name, self.names))
        before, after = self.data.loc[dataset, [self.names[0], name]]
        for side, version in ((self.names[0], before), (name, after)):
            if not isinstance(version, int):
                raise InvalidInputError(f"{side} was made from no single version of {dataset!r}: {version or 'none'}.")
        from mlops_lite.data import Dataset

        store = self._sides[0].run.store if self._sides[0].run else self._sides[0].version.store
        return Dataset(dataset, store=store).diff(before, after)

    def curves(self, metric: str) -> Mapping[str, pd.DataFrame]:
        """Give the points of a metric, by side.

        Raises
        ------
        NotFoundError
            No run has logged it.
        """
        found = {side.name: side.history(metric) for side in self._sides}
        kept = {name: curve for name, curve in found.items() if curve is not None}
        if not kept:
            known = {name for side in self._sides if side.run for name in side.run.metrics}
            raise NotFoundError(f"None of these runs logged {metric!r}.", remedy=suggest(metric, known) or None)
        return kept

    def plot(self, metric: str) -> Any:
        """Draw a metric of all sides over its steps.

        Returns
        -------
        matplotlib.figure.Figure or Curves
            A figure where matplotlib is installed, else a drawing of our own.
        """
        from mlops_lite.tracking.plot import plot

        return plot(self.curves(metric), metric)

    def to_frame(self) -> pd.DataFrame:
        """Give one row a side, with ``params.…``, ``metrics.…`` and ``scores.…`` as columns."""
        import pandas as pd

        parts = {"params": self.params, "metrics": self.metrics, "scores": self.scores}
        filled = [part.T.add_prefix(f"{kind}.") for kind, part in parts.items() if len(part)]
        return pd.concat(filled, axis=1) if filled else pd.DataFrame(index=self.names)

    def _frame(self, columns: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
        import pandas as pd

        names = list(dict.fromkeys(name for column in columns.values() for name in column))
        rows = {name: [column.get(name) for column in columns.values()] for name in names}
        return pd.DataFrame.from_dict(rows, orient="index", columns=list(columns), dtype=object).infer_objects()

    def _evaluated(self, what: str, names: list[str]) -> pd.DataFrame:
        import pandas as pd

        found = getattr(self._evaluation, what, {})
        metrics = list(dict.fromkeys(metric for metric, _ in found))
        rows = [[found[metric, name] for name in names] for metric in metrics]
        return pd.DataFrame(rows, index=metrics, columns=names, dtype=object)

    def _view(self) -> Any:
        from mlops_lite.provenance.view import look_of_comparison

        return look_of_comparison(self)

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(self.names)}>"


def compare(
    *things: Any,
    on: Any = None,
    target: Any = None,
    metrics: Iterable[str] | None = None,
    trusted: Any = None,
    store: Store | str | None = None,
) -> Comparison:
    """Put runs and model versions side by side.

    Parameters
    ----------
    *things : Run, ModelVersion or str
        ``"churn@3"`` names a model version, ``"run/01J…"`` a run; a list of runs stands for each of them. The first is
        what the others are held against.
    on : Snapshot, ref or frame, optional
        Rows on which their models are evaluated; of a run the model that it registered.
    target : str or array, optional
        The column of the truth, or the truth.
    metrics : list of str, optional
        Names of scikit-learn; those that suit the truth without it.
    trusted : str or list of str, optional
        What opening the models may do.
    store : Store, optional

    Returns
    -------
    Comparison

    Raises
    ------
    InvalidInputError
        There are less than two things, or one has no model that could be evaluated.
    NotFoundError
        There is no such thing.

    Examples
    --------
    >>> import mlops_lite as ml
    >>> with ml.Store("memory://compare-example"):
    ...     for depth in (3, 6):
    ...         with ml.start_run("train") as run:
    ...             ml.log_params(depth=depth)
    ...             ml.log(auc=0.9 + depth / 100)
    ...     found = ml.compare(*ml.runs(order_by="depth"))
    >>> found.params.loc["depth"].tolist(), found.metrics.loc["auc"].tolist()
    ([3, 6], [0.93, 0.96])
    """
    home = workspace.store(store)
    flat = [one for thing in things for one in (thing if isinstance(thing, (Runs, list, tuple)) else [thing])]
    if len(flat) < 2:
        raise InvalidInputError(
            f"There is nothing to compare {'it with' if flat else ''}".rstrip() + ".",
            remedy="Name two: ml.compare('churn@1', 'churn@2').",
        )
    sides = _named([Side.of(thing, home) for thing in flat])
    if on is None:
        if target is not None or metrics is not None:
            raise InvalidInputError("target= and metrics= say how to evaluate.", remedy="Say on what: on=snapshot.")
        return Comparison(sides)
    from mlops_lite.provenance.evaluation import evaluate

    return Comparison(sides, evaluate(sides, on, target, metrics, home, trusted))


def _named(sides: list[Side]) -> tuple[Side, ...]:
    """Give names that occur again a number."""
    seen: dict[str, int] = {}
    for side in sides:
        seen[side.name] = seen.get(side.name, 0) + 1
        if seen[side.name] > 1:
            side.name = f"{side.name} ({seen[side.name]})"
    return tuple(sides)


def _versions(side: Side) -> dict[str, Any]:
    found: dict[str, list[Any]] = {}
    for ref in side.inputs:
        if ref.kind == "dataset":
            found.setdefault(ref.name, []).append(ref.version)
    return {
        name: versions[0] if len(versions) == 1 else ", ".join(map(str, versions)) for name, versions in found.items()
    }


def _difference(one: Side, other: Side) -> str:
    before, after = (side.script.splitlines(keepends=True) for side in (one, other))
    return "".join(difflib.unified_diff(before, after, fromfile=one.name, tofile=other.name))
