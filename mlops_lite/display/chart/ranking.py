"""A bar for each name."""

from __future__ import annotations

from collections.abc import Mapping

from mlops_lite.display import format
from mlops_lite.display.chart.paper import WIDE, Drawing, finite, is_known, svg
from mlops_lite.display.escape import clip, html, pad, visible, width

__all__ = ["bars"]


def bars(values: Mapping[str, float | None], *, title: str, limit: float | None = None) -> Drawing:
    """Draw a bar for each name, with its value beside it.

    Parameters
    ----------
    values : mapping of str to float
    title : str
        What a screen reader says.
    limit : float, optional
        A threshold to draw.

    Returns
    -------
    Drawing

    Examples
    --------
    >>> print(bars({"age": 0.4, "city": 0.1}, title="Effects").plain(30))
    age   ███████████████████  0.4
    city  █████                0.1
    """
    known = {str(name): value for name, value in values.items()}
    top = max([abs(value) for value in finite([*known.values(), limit])], default=1.0) or 1.0
    label = min(170.0, 12 + 6.5 * max((width(name) for name in known), default=0))
    room = WIDE - label - 60
    parts = []
    for index, (name, value) in enumerate(known.items()):
        y = index * 18
        length = abs(value) / top * room if is_known(value) else 0
        parts.append(f'<text x="{label - 6:g}" y="{y + 13}" text-anchor="end">{html(clip(name, 26))}</text>')
        parts.append(f'<path class="f1" d="M{label:g} {y + 3}h{length:.1f}v12h-{length:.1f}z"/>')
        parts.append(f'<text x="{label + length + 5:.1f}" y="{y + 13}">{html(format.value(value))}</text>')
    high = 18 * len(known) + 2
    if limit is not None:
        parts.append(f'<path class="lim" d="M{label + abs(limit) / top * room:.1f} 0V{high}"/>')
    return Drawing(svg(WIDE, high, title, "".join(parts)), lambda cells: _plain_bars(known, top, cells))


def _plain_bars(values: Mapping[str, float | None], top: float, cells: int) -> str:
    names = min(max((width(visible(name)) for name in values), default=0), cells // 3)
    said = {name: format.value(value) for name, value in values.items()}
    room = max(4, cells - names - max(map(width, said.values()), default=0) - 4)
    written = []
    for name, value in values.items():
        halves = round(abs(value) / top * room * 2) if is_known(value) else 0
        bar = "█" * (halves // 2) + "▌" * (halves % 2)
        written.append(f"{pad(clip(visible(name), names), names)}  {pad(bar, room)}  {said[name]}")
    return "\n".join(written)
