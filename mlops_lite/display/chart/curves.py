"""Lines over steps or time, and the small ones of a table's cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlops_lite.display import format
from mlops_lite.display.chart.paper import (
    HIGH,
    STYLES,
    WIDE,
    Drawing,
    Frame,
    blocks,
    finite,
    is_known,
    legend,
    position,
    svg,
)
from mlops_lite.display.escape import clip, pad, visible, width

__all__ = ["Series", "lines", "sparkline"]

_POINTS = 160  # more than that no screen of this width can show
_DOT = "m-1 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0"


@dataclass(frozen=True, slots=True)
class Series:
    """A named line: its values, where they stand, and an interval around each.

    Parameters
    ----------
    name : str
    y : sequence of float
        Values; what is missing or not finite leaves a gap.
    x : sequence of float or datetime, optional
        Where they stand; 1, 2, … without it.
    low, high : sequence of float, optional
        An interval around each value.
    """

    name: str
    y: Sequence[float | None]
    x: Sequence[Any] | None = None
    low: Sequence[float | None] | None = None
    high: Sequence[float | None] | None = None


def lines(*series: Series, title: str, limit: float | None = None) -> Drawing:
    """Draw values over steps or time; series differ by their dashes too, and stand in a legend.

    Parameters
    ----------
    *series : Series
        At most three.
    title : str
        What a screen reader says.
    limit : float, optional
        A threshold to draw.

    Returns
    -------
    Drawing

    Examples
    --------
    >>> print(lines(Series("auc", [0.7, 0.8, 0.9]), title="AUC by month").plain(40))
    auc  ▁▅█  0.7 to 0.9, last 0.9
    """
    drawn = [_thin(each) for each in series[: len(STYLES)]]
    xs = [position(x) for each in drawn for x in each.x or ()]
    values = [v for each in drawn for column in (each.y, each.low or (), each.high or ()) for v in column]
    ys = finite([*values, limit])
    if not xs or not ys:
        return Drawing(svg(WIDE, 24, title, '<text x="2" y="15">no values</text>'), lambda width: "no values")
    frame = Frame(*_widen(min(xs), max(xs)), *_widen(min(ys), max(ys)))
    parts = [frame.axes((x for each in drawn for x in each.x or ()), min(ys), max(ys))]
    parts += [_band(each, frame) for each in drawn if each.low and each.high]
    if limit is not None:
        parts.append(f'<path class="lim" d="M{frame.left:g} {frame.y(limit):.1f}H{WIDE:g}"/>')
    parts += [f'<path class="{style}" d="{_path(each, frame)}"/>' for style, each in zip(STYLES, drawn, strict=False)]
    parts.append(legend([each.name for each in drawn]) if len(drawn) > 1 else "")
    return Drawing(svg(WIDE, HIGH, title, "".join(parts)), lambda width: _plain_lines(drawn, limit, width))


def sparkline(values: Sequence[float | None], title: str = "") -> Drawing:
    """Draw values as one small line, for a cell of a table.

    Parameters
    ----------
    values : sequence of float
    title : str
        What a screen reader says; the range of the values without it.

    Returns
    -------
    Drawing

    Examples
    --------
    >>> sparkline([1, 5, 2, 8]).plain(20)
    '▁▅▂█'
    """
    kept = _thin(Series("", values)).y
    known = finite(kept)
    said = title or (f"{format.number(min(known))} to {format.number(max(known))}" if known else "no values")
    frame = Frame(1, max(len(kept), 2), *_widen(min(known, default=0), max(known, default=1)), 2, 2, 84, 16)
    path = _path(Series("", kept, range(1, len(kept) + 1)), frame)
    return Drawing(svg(86, 18, said, f'<path class="s1" d="{path}"/>'), lambda width: blocks(kept, width))


def _path(series: Series, frame: Frame) -> str:
    """Draw from point to point; a point with gaps on both sides is a dot."""
    strokes: list[list[str]] = [[]]
    for x, y in zip(series.x or (), series.y, strict=False):
        if is_known(y):
            strokes[-1].append(f"{frame.x(position(x)):.0f} {frame.y(float(y)):.1f}")
        elif strokes[-1]:
            strokes.append([])
    return "".join(f"M{' '.join(stroke)}" + (_DOT if len(stroke) == 1 else "") for stroke in strokes if stroke)


def _band(series: Series, frame: Frame) -> str:
    known = [
        (frame.x(position(x)), frame.y(float(low)), frame.y(float(high)))
        for x, low, high in zip(series.x or (), series.low or (), series.high or (), strict=False)
        if is_known(low) and is_known(high)
    ]
    if not known:
        return ""
    up = "L".join(f"{x:.1f} {high:.1f}" for x, _, high in known)
    down = "L".join(f"{x:.1f} {low:.1f}" for x, low, _ in reversed(known))
    return f'<path class="f1" d="M{up}L{down}z"/>'


def _thin(series: Series) -> Series:
    """Keep so many points that a screen can show: of each stretch its lowest and its highest."""
    xs = list(series.x) if series.x is not None else list(range(1, len(series.y) + 1))
    count = len(series.y)
    if count <= _POINTS:
        return Series(series.name, list(series.y), xs, series.low, series.high)
    kept: set[int] = {0, count - 1}
    stretch = math.ceil(count / (_POINTS // 2))
    for start in range(0, count, stretch):
        known = [index for index in range(start, min(start + stretch, count)) if is_known(series.y[index])]
        if known:
            kept |= {min(known, key=lambda i: series.y[i] or 0.0), max(known, key=lambda i: series.y[i] or 0.0)}
    order = sorted(kept)

    def some(column: Sequence[Any] | None) -> list[Any] | None:
        return None if column is None else [column[index] for index in order]

    return Series(series.name, some(series.y) or [], some(xs), some(series.low), some(series.high))


def _widen(low: float, high: float) -> tuple[float, float]:
    if high > low:
        return low, high
    room = abs(low) * 0.1 if abs(low) > 1e-12 else 0.1
    return low - room, high + room


def _plain_lines(series: Sequence[Series], limit: float | None, cells: int) -> str:
    said = [_range(finite(each.y)) for each in series]
    names = min(max(width(visible(each.name)) for each in series), cells - max(map(width, said)) - 12)
    room = cells - names - max(map(width, said)) - 4
    written = [
        f"{pad(clip(visible(each.name), names), names)}  {blocks(each.y, room)}  {words}"
        for each, words in zip(series, said, strict=True)
    ]
    return "\n".join([*written, *([f"limit {format.number(limit)}"] if limit is not None else [])])


def _range(known: Sequence[float]) -> str:
    if not known:
        return "no values"
    return f"{format.number(min(known))} to {format.number(max(known))}, last {format.number(known[-1])}"
