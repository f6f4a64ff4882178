"""Drawings of our own: a few hundred bytes of SVG each, and the same in characters for a terminal."""

from __future__ import annotations

from mlops_lite.display.chart.curves import Series, lines, sparkline
from mlops_lite.display.chart.distribution import histogram
from mlops_lite.display.chart.paper import Drawing
from mlops_lite.display.chart.ranking import bars
from mlops_lite.display.graph import Node, graph

__all__ = ["Drawing", "Node", "Series", "bars", "graph", "histogram", "lines", "sparkline"]
