"""The paper of all drawings: where a value stands on it, what frames it, and the same in blocks of characters."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeGuard

from mlops_lite.display import format
from mlops_lite.display.escape import attribute, clip, html, width

__all__ = ["HIGH", "STYLES", "WIDE", "Drawing", "Frame", "blocks", "finite", "is_known", "legend", "position", "svg"]

WIDE, HIGH = 460.0, 150.0
STYLES = ("s1", "s2", "s3")
_HUGE = 1e300
_BLOCKS = "▁▂▃▄▅▆▇█"


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
class Frame:
    """Where a value stands on the paper."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float
    left: float = 52.0
    top: float = 16.0
    right: float = WIDE - 4
    bottom: float = HIGH - 18

    def x(self, value: float) -> float:
        """Say how far right a value stands."""
        span = self.x_high - self.x_low or 1.0
        return self.left + (value - self.x_low) / span * (self.right - self.left)

    def y(self, value: float) -> float:
        """Say how far down a value stands."""
        return self.bottom - (value - self.y_low) / (self.y_high - self.y_low) * (self.bottom - self.top)

    def axes(self, marks: Iterable[Any], low: float, high: float) -> str:
        """Draw two ticks on each axis, which is what a small drawing can carry; one where all values are the same."""
        left, right, top, bottom = self.left, self.right, self.top, self.bottom
        parts = [f'<path class="ax" d="M{left:g} {top:g}V{bottom:g}H{right:g}"/>']
        for value, y in ((high, top + 8), (low, bottom)) if high > low else ((low, self.y(low) + 4),):
            parts.append(
                f'<text class="q" x="{left - 5:g}" y="{y:g}" text-anchor="end">{format.number(value, 3)}</text>'
            )
        for said, x, anchor in self._ends(sorted(marks, key=position)):
            parts.append(f'<text class="q" x="{x:g}" y="{bottom + 13:g}" text-anchor="{anchor}">{html(said)}</text>')
        return "".join(parts)

    def _ends(self, ordered: Sequence[Any]) -> list[tuple[str, float, str]]:
        """Say where the axis begins and ends; times of one day by the minute; once where all stand at one place."""
        first, last = ordered[0], ordered[-1]
        by = "%Y-%m-%d"
        if isinstance(first, datetime) and f"{first:{by}}" == f"{last:{by}}":
            by += " %H:%M"
        if position(first) == position(last):
            return [(_mark(first, by), self.x(position(first)), "middle")]
        return [(_mark(first, by), self.left, "start"), (_mark(last, by), self.right, "end")]


def svg(wide: float, high: float, title: str, inside: str) -> str:
    """Wrap what was drawn."""
    size = f'width="{wide:g}" height="{high:g}" viewBox="0 0 {wide:g} {high:g}"'
    return f'<svg {size} role="img" aria-label="{attribute(title)}">{inside}</svg>'


def legend(names: Sequence[str], x: float = 60, step: float = 0, style: str = "") -> str:
    """Say which line is which."""
    parts = []
    for index, name in enumerate(names):
        y = 10 + index * step
        if name:
            parts.append(f'<path class="{style or STYLES[index]}" d="M{x:g} {y:g}h18"/>')
            parts.append(f'<text x="{x + 22:g}" y="{y + 4:g}">{html(clip(name, 20))}</text>')
        x += 0 if step else 40 + 6.5 * min(width(name), 20)
    return "".join(parts)


def position(x: Any) -> float:
    """Say where a number or a time stands."""
    if isinstance(x, datetime):
        return (x if x.tzinfo else x.replace(tzinfo=UTC)).timestamp()
    return float(x)


def is_known(value: float | None) -> TypeGuard[float]:
    """Say whether there is something to draw; at the very end of the range differences would overflow."""
    return value is not None and abs(value) < _HUGE


def finite(values: Iterable[float | None]) -> list[float]:
    """Keep what can be drawn."""
    return [float(value) for value in values if is_known(value)]


def blocks(values: Sequence[float | None], cells: int, low: float | None = None, high: float | None = None) -> str:
    """Draw values in a row of characters."""
    known = finite(values)
    low = min(known, default=0.0) if low is None else low
    high = max(known, default=0.0) if high is None else high
    step = max(1, math.ceil(len(values) / max(cells, 1)))
    span = (high - low) or 1.0
    found = [finite(values[start : start + step]) for start in range(0, len(values), step)]
    tops = len(_BLOCKS) - 1
    return "".join(_BLOCKS[round((max(part) - low) / span * tops)] if part else " " for part in found)


def _mark(x: Any, by: str) -> str:
    return f"{x:{by}}" if isinstance(x, datetime) else format.value(x)
