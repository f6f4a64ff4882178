"""How values are distributed, now and before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlops_lite.display import format
from mlops_lite.display.chart.paper import Drawing, Frame, blocks, legend, svg
from mlops_lite.display.escape import clip, html, pad, visible

__all__ = ["histogram"]


def histogram(
    reference: Sequence[float], current: Sequence[float] | None, edges: Sequence[Any], *, title: str
) -> Drawing:
    """Draw how values are distributed now, over how they were: filled now, a line then.

    Parameters
    ----------
    reference, current : sequence of float
        Counts, or shares, by bin; each is scaled to a sum of 1.
    edges : sequence
        One more than bins (numbers), or one for each bin (categories).
    title : str
        What a screen reader says.

    Returns
    -------
    Drawing

    Examples
    --------
    >>> print(histogram([1, 2, 1], [0, 1, 3], [0, 1, 2, 3], title="age").plain(40))
    reference  ▃▆▃
    current    ▁▃█
               0 … 3
    """
    then, now = _shares(reference), _shares(current or [])
    top = max([*then, *now], default=0) or 1.0
    frame = Frame(0, max(len(then), len(now), 1), 0, top, 2, 4, 300, 86)
    parts = []
    if now:
        parts.append(f'<path class="f1" d="{_steps(now, frame)}z"/>')
    parts.append(f'<path class="{"s2" if now else "s1"}" d="{_steps(then, frame)}"/>')
    first, last = (html(clip(visible(format.value(edge)), 22)) for edge in (edges[0], edges[-1]))
    parts.append(f'<text class="q" x="2" y="99">{first}</text>')
    parts.append(f'<text class="q" x="300" y="99" text-anchor="end">{last}</text>')
    if now:
        parts.append(legend(["", "reference"], 306, 18, "s2") + '<path class="f1" d="M306 38h18v10h-18z"/>')
        parts.append('<text x="328" y="47">current</text>')
    return Drawing(
        svg(400 if now else 304, 102, title, "".join(parts)), lambda cells: _plain_bins(then, now, edges, top)
    )


def _steps(shares: Sequence[float], frame: Frame) -> str:
    path = f"M{frame.x(0):.1f} {frame.y(0):.1f}"
    for index, share in enumerate(shares):
        path += f"V{frame.y(share):.1f}H{frame.x(index + 1):.1f}"
    return f"{path}V{frame.y(0):.1f}"


def _shares(counts: Sequence[float]) -> list[float]:
    total = sum(counts)
    return [count / total for count in counts] if total else [0.0 for _ in counts]


def _plain_bins(then: Sequence[float], now: Sequence[float], edges: Sequence[Any], top: float) -> str:
    rows = [("reference", then), ("current", now)] if now else [("", then)]
    written = [f"{pad(name, 11 if now else 0)}{blocks(values, 60, 0.0, top)}" for name, values in rows]
    ends = f"{visible(format.value(edges[0]))} … {visible(format.value(edges[-1]))}"
    return "\n".join([*written, pad("", 11 if now else 0) + ends])
