"""Curves: with matplotlib where it is installed, else a drawing of our own."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_lite.display import Drawn, Element, chart, figure

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Curves", "plot"]

_AT_ONCE = 3  # so many lines a drawing of ours can tell apart


class Curves(Drawn):
    """Curves that draw themselves, without a library.

    Parameters
    ----------
    curves : mapping of str to DataFrame
        ``step`` and ``value`` by name.
    title : str
    """

    __slots__ = ("_curves", "_title")

    def __init__(self, curves: Mapping[str, pd.DataFrame], title: str) -> None:
        self._curves = dict(curves)
        self._title = title

    def _view(self) -> list[Element]:
        series = [
            chart.Series(name, curve["value"].tolist(), curve["step"].tolist()) for name, curve in self._curves.items()
        ]
        parts = [series[start : start + _AT_ONCE] for start in range(0, len(series), _AT_ONCE)]
        return [figure(chart.lines(*part, title=self._title), _caption(self._title, part, parts)) for part in parts]

    def __repr__(self) -> str:
        return f"<Curves {self._title}: {', '.join(self._curves)}>"


def _caption(title: str, part: list[chart.Series], parts: list[list[chart.Series]]) -> str:
    return title if len(parts) == 1 else f"{title}: {', '.join(series.name for series in part)}"


def plot(curves: Mapping[str, pd.DataFrame], title: str) -> Any:
    """Draw values over steps.

    Parameters
    ----------
    curves : mapping of str to DataFrame
        ``step`` and ``value`` by name.
    title : str

    Returns
    -------
    matplotlib.figure.Figure or Curves
        A figure where matplotlib is installed (``pip install 'mlops_lite[plot]'``).
    """
    if importlib.util.find_spec("matplotlib") is None:
        return Curves(curves, title)
    from mlops_lite.tracking import matplotlib

    return matplotlib.draw(curves, title)
