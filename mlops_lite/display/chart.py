"""Drawings of our own: a few hundred bytes of SVG each, and the same in characters for a terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeGuard

from mlops_lite.display import format
from mlops_lite.display.escape import attribute, clip, html, pad, visible, width
from mlops_lite.display.graph import Node, graph

__all__ = ["Drawing", "Node", "Series", "bars", "graph", "histogram", "lines", "sparkline"]

_WIDE, _HIGH = 460.0, 150.0
_POINTS = 160  # more than that no screen of this width can show
_HUGE = 1e300
_BLOCKS = "▁▂▃▄▅▆▇█"
_STYLES = ("s1", "s2", "s3")


@dataclass(frozen=True, slots=True)
class Drawing:
    """Lines of SVG, and what a terminal shows instead."""

    svg: str
    characters: Callable[[int], str]

    def html(self) -> str:
        """Draw it."""
        return self.svg

    def plain(self, width: int) -> str:
        """Write it."""
        return self.characters(width)


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
    drawn = [_thin(each) for each in series[: len(_STYLES)]]
    xs = [_position(x) for each in drawn for x in each.x or ()]
    values = [v for each in drawn for column in (each.y, each.low or (), each.high or ()) for v in column]
    ys = _finite([*values, limit])
    if not xs or not ys:
        return Drawing(_svg(_WIDE, 24, title, '<text x="2" y="15">no values</text>'), lambda width: "no values")
    frame = _Frame(min(xs), max(xs), *_widen(min(ys), max(ys)))
    parts = [frame.axes(drawn)]
    parts += [_band(each, frame) for each in drawn if each.low and each.high]
    if limit is not None:
        parts.append(f'<path class="lim" d="M{frame.left:g} {frame.y(limit):.1f}H{_WIDE:g}"/>')
    parts += [f'<path class="{style}" d="{_path(each, frame)}"/>' for style, each in zip(_STYLES, drawn, strict=False)]
    parts.append(_legend([each.name for each in drawn]) if len(drawn) > 1 else "")
    return Drawing(_svg(_WIDE, _HIGH, title, "".join(parts)), lambda width: _plain_lines(drawn, limit, width))


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
    known = _finite(kept)
    said = title or (f"{format.number(min(known))} to {format.number(max(known))}" if known else "no values")
    frame = _Frame(1, max(len(kept), 2), *_widen(min(known, default=0), max(known, default=1)), 2, 2, 84, 16)
    path = _path(Series("", kept, range(1, len(kept) + 1)), frame)
    return Drawing(_svg(86, 18, said, f'<path class="s1" d="{path}"/>'), lambda width: _blocks(kept, width))


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
    top = max([abs(value) for value in _finite([*known.values(), limit])], default=1.0) or 1.0
    label = min(170.0, 12 + 6.5 * max((width(name) for name in known), default=0))
    room = _WIDE - label - 60
    parts = []
    for index, (name, value) in enumerate(known.items()):
        y = index * 18
        length = abs(value) / top * room if _is_known(value) else 0
        parts.append(f'<text x="{label - 6:g}" y="{y + 13}" text-anchor="end">{html(clip(name, 26))}</text>')
        parts.append(f'<path class="f1" d="M{label:g} {y + 3}h{length:.1f}v12h-{length:.1f}z"/>')
        parts.append(f'<text x="{label + length + 5:.1f}" y="{y + 13}">{html(format.value(value))}</text>')
    high = 18 * len(known) + 2
    if limit is not None:
        parts.append(f'<path class="lim" d="M{label + abs(limit) / top * room:.1f} 0V{high}"/>')
    return Drawing(_svg(_WIDE, high, title, "".join(parts)), lambda cells: _plain_bars(known, top, cells))


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
    frame = _Frame(0, max(len(then), len(now), 1), 0, top, 2, 4, 300, 86)
    parts = []
    if now:
        parts.append(f'<path class="f1" d="{_steps(now, frame)}z"/>')
    parts.append(f'<path class="{"s2" if now else "s1"}" d="{_steps(then, frame)}"/>')
    first, last = (html(clip(visible(format.value(edge)), 22)) for edge in (edges[0], edges[-1]))
    parts.append(f'<text class="q" x="2" y="99">{first}</text>')
    parts.append(f'<text class="q" x="300" y="99" text-anchor="end">{last}</text>')
    if now:
        parts.append(_legend(["", "reference"], 306, 18, "s2") + '<path class="f1" d="M306 38h18v10h-18z"/>')
        parts.append('<text x="328" y="47">current</text>')
    return Drawing(
        _svg(400 if now else 304, 102, title, "".join(parts)), lambda cells: _plain_bins(then, now, edges, top)
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where a value stands on the paper."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float
    left: float = 52.0
    top: float = 16.0
    right: float = _WIDE - 4
    bottom: float = _HIGH - 18

    def x(self, value: float) -> float:
        span = self.x_high - self.x_low or 1.0
        return self.left + (value - self.x_low) / span * (self.right - self.left)

    def y(self, value: float) -> float:
        return self.bottom - (value - self.y_low) / (self.y_high - self.y_low) * (self.bottom - self.top)

    def axes(self, series: Sequence[Series]) -> str:
        """Draw two ticks on each axis, which is what a small drawing can carry."""
        left, right, top, bottom = self.left, self.right, self.top, self.bottom
        parts = [f'<path class="ax" d="M{left:g} {top:g}V{bottom:g}H{right:g}"/>']
        for value, y in ((self.y_high, top + 8), (self.y_low, bottom)):
            parts.append(
                f'<text class="q" x="{left - 5:g}" y="{y:g}" text-anchor="end">{format.number(value, 3)}</text>'
            )
        marks = sorted((x for each in series for x in each.x or ()), key=_position)
        for mark, x, anchor in ((marks[0], left, "start"), (marks[-1], right, "end")):
            said = html(_mark(mark))
            parts.append(f'<text class="q" x="{x:g}" y="{bottom + 13:g}" text-anchor="{anchor}">{said}</text>')
        return "".join(parts)


def _svg(wide: float, high: float, title: str, inside: str) -> str:
    size = f'width="{wide:g}" height="{high:g}" viewBox="0 0 {wide:g} {high:g}"'
    return f'<svg {size} role="img" aria-label="{attribute(title)}">{inside}</svg>'


def _legend(names: Sequence[str], x: float = 60, step: float = 0, style: str = "") -> str:
    parts = []
    for index, name in enumerate(names):
        y = 10 + index * step
        if name:
            parts.append(f'<path class="{style or _STYLES[index]}" d="M{x:g} {y:g}h18"/>')
            parts.append(f'<text x="{x + 22:g}" y="{y + 4:g}">{html(clip(name, 20))}</text>')
        x += 0 if step else 40 + 6.5 * min(width(name), 20)
    return "".join(parts)


def _path(series: Series, frame: _Frame) -> str:
    """Draw from point to point; a point with gaps on both sides is a dot: a line of no length with a round end."""
    strokes: list[list[str]] = [[]]
    for x, y in zip(series.x or (), series.y, strict=False):
        if _is_known(y):
            strokes[-1].append(f"{frame.x(_position(x)):.0f} {frame.y(float(y)):.1f}")
        elif strokes[-1]:
            strokes.append([])
    return "".join(f"M{' '.join(stroke)}" + ("h.1" if len(stroke) == 1 else "") for stroke in strokes if stroke)


def _band(series: Series, frame: _Frame) -> str:
    known = [
        (frame.x(_position(x)), frame.y(float(low)), frame.y(float(high)))
        for x, low, high in zip(series.x or (), series.low or (), series.high or (), strict=False)
        if _is_known(low) and _is_known(high)
    ]
    if not known:
        return ""
    up = "L".join(f"{x:.1f} {high:.1f}" for x, _, high in known)
    down = "L".join(f"{x:.1f} {low:.1f}" for x, low, _ in reversed(known))
    return f'<path class="f1" d="M{up}L{down}z"/>'


def _steps(shares: Sequence[float], frame: _Frame) -> str:
    path = f"M{frame.x(0):.1f} {frame.y(0):.1f}"
    for index, share in enumerate(shares):
        path += f"V{frame.y(share):.1f}H{frame.x(index + 1):.1f}"
    return f"{path}V{frame.y(0):.1f}"


def _thin(series: Series) -> Series:
    """Keep so many points that a screen can show: of each stretch its lowest and its highest."""
    xs = list(series.x) if series.x is not None else list(range(1, len(series.y) + 1))
    count = len(series.y)
    if count <= _POINTS:
        return Series(series.name, list(series.y), xs, series.low, series.high)
    kept: set[int] = {0, count - 1}
    stretch = math.ceil(count / (_POINTS // 2))
    for start in range(0, count, stretch):
        known = [index for index in range(start, min(start + stretch, count)) if _is_known(series.y[index])]
        if known:
            kept |= {min(known, key=lambda i: series.y[i] or 0.0), max(known, key=lambda i: series.y[i] or 0.0)}
    order = sorted(kept)

    def some(column: Sequence[Any] | None) -> list[Any] | None:
        return None if column is None else [column[index] for index in order]

    return Series(series.name, some(series.y) or [], some(xs), some(series.low), some(series.high))


def _position(x: Any) -> float:
    if isinstance(x, datetime):
        return (x if x.tzinfo else x.replace(tzinfo=UTC)).timestamp()
    return float(x)


def _mark(x: Any) -> str:
    return f"{x:%Y-%m-%d}" if isinstance(x, datetime) else format.value(x)


def _is_known(value: float | None) -> TypeGuard[float]:
    """Say whether there is something to draw; at the very end of the range differences would overflow."""
    return value is not None and abs(value) < _HUGE


def _finite(values: Iterable[float | None]) -> list[float]:
    return [float(value) for value in values if _is_known(value)]


def _widen(low: float, high: float) -> tuple[float, float]:
    if high > low:
        return low, high
    room = abs(low) * 0.1 if abs(low) > 1e-12 else 0.1
    return low - room, high + room


def _shares(counts: Sequence[float]) -> list[float]:
    total = sum(counts)
    return [count / total for count in counts] if total else [0.0 for _ in counts]


def _blocks(values: Sequence[float | None], cells: int, low: float | None = None, high: float | None = None) -> str:
    known = _finite(values)
    low = min(known, default=0.0) if low is None else low
    high = max(known, default=0.0) if high is None else high
    step = max(1, math.ceil(len(values) / max(cells, 1)))
    span = (high - low) or 1.0
    found = [_finite(values[start : start + step]) for start in range(0, len(values), step)]
    tops = len(_BLOCKS) - 1
    return "".join(_BLOCKS[round((max(part) - low) / span * tops)] if part else " " for part in found)


def _plain_lines(series: Sequence[Series], limit: float | None, cells: int) -> str:
    said = [_range(_finite(each.y)) for each in series]
    names = min(max(width(visible(each.name)) for each in series), cells - max(map(width, said)) - 12)
    room = cells - names - max(map(width, said)) - 4
    written = [
        f"{pad(clip(visible(each.name), names), names)}  {_blocks(each.y, room)}  {words}"
        for each, words in zip(series, said, strict=True)
    ]
    return "\n".join([*written, *([f"limit {format.number(limit)}"] if limit is not None else [])])


def _range(known: Sequence[float]) -> str:
    if not known:
        return "no values"
    return f"{format.number(min(known))} to {format.number(max(known))}, last {format.number(known[-1])}"


def _plain_bars(values: Mapping[str, float | None], top: float, cells: int) -> str:
    names = min(max((width(visible(name)) for name in values), default=0), cells // 3)
    said = {name: format.value(value) for name, value in values.items()}
    room = max(4, cells - names - max(map(width, said.values()), default=0) - 4)
    written = []
    for name, value in values.items():
        halves = round(abs(value) / top * room * 2) if _is_known(value) else 0
        bar = "█" * (halves // 2) + "▌" * (halves % 2)
        written.append(f"{pad(clip(visible(name), names), names)}  {pad(bar, room)}  {said[name]}")
    return "\n".join(written)


def _plain_bins(then: Sequence[float], now: Sequence[float], edges: Sequence[Any], top: float) -> str:
    rows = [("reference", then), ("current", now)] if now else [("", then)]
    written = [f"{pad(name, 11 if now else 0)}{_blocks(values, 60, 0.0, top)}" for name, values in rows]
    ends = f"{visible(format.value(edges[0]))} … {visible(format.value(edges[-1]))}"
    return "\n".join([*written, pad("", 11 if now else 0) + ends])
