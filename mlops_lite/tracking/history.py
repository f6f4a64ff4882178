"""The points of a run as frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from mlops_lite.store.run_points import Points
    from mlops_lite.tracking.run import Run

__all__ = ["history"]


def history(run: Run, name: str | None) -> pd.DataFrame:
    """Read points, with those of the run that it continues in front.

    Parameters
    ----------
    run : Run
    name : str or None

    Returns
    -------
    pandas.DataFrame
    """
    found: list[tuple[str, pd.DataFrame]] = []
    for part in _chain(run.cached_from or run):
        points = part.store.runs.points(part.id)
        found += [(key, _frame(value)) for key, value in points.items() if name is None or key == name]
    if name is not None:
        if not found:
            raise run.no_metric(name)
        return pd.concat([frame for _, frame in found], ignore_index=True)
    frames = [frame.assign(name=key)[["name", "step", "value", "time"]] for key, frame in found]
    return pd.concat(frames, ignore_index=True) if frames else _nothing()


def _chain(run: Run) -> list[Run]:
    """List a run behind those that it goes on from."""
    chain = [run]
    while (before := chain[0].continues) is not None and before not in chain:
        chain.insert(0, before)
    return chain


def _frame(points: Points) -> pd.DataFrame:
    time = (points.time * 1e6).astype("datetime64[us]")
    return pd.DataFrame({"step": points.step, "value": points.value, "time": pd.DatetimeIndex(time).tz_localize("UTC")})


def _nothing() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": np.array([], object),
            "step": np.array([], np.int64),
            "value": np.array([], np.float64),
            "time": pd.DatetimeIndex([], tz="UTC"),
        }
    )
