"""Curves drawn by matplotlib."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Chart", "draw"]


class Chart(Figure):
    """A figure that a notebook shows without pyplot."""

    def _repr_png_(self) -> bytes:
        target = io.BytesIO()
        self.savefig(target, format="png")
        return target.getvalue()


def draw(curves: Mapping[str, pd.DataFrame], title: str) -> Chart:
    """Draw values over steps.

    Parameters
    ----------
    curves : mapping of str to DataFrame
        ``step`` and ``value`` by name.
    title : str

    Returns
    -------
    Figure
    """
    figure = Chart(figsize=(7, 3.5), layout="constrained")
    axes = figure.add_subplot()
    for name, curve in curves.items():
        axes.plot(curve["step"], curve["value"], label=name, marker="." if len(curve) == 1 else None)
    axes.set_xlabel("step")
    axes.set_title(title)
    if len(curves) > 1:
        axes.legend()
    return figure
