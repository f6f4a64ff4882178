"""What leads to what: boxes and arrows, from left to right; a tree in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from mlops_lite.display.element import MARKS, Tone
from mlops_lite.display.escape import attribute, clip, html, visible, width

__all__ = ["Graph", "Node", "graph"]

_BOX, _HIGH, _GAP_X, _GAP_Y = 192, 40, 34, 12
_SWEEPS = 3  # from left to right and back, until arrows seldom cross
_LANE = 8  # what an arrow takes that passes a column
_LABEL = 24  # characters that fit into a box
_SMALLEST = 0.75  # a drawing that is wider than its place is scrolled rather than made smaller than this

Lane = tuple[str, str, int]  # an arrow, and a column that it passes


@dataclass(frozen=True, slots=True)
class Node:
    """A box.

    Parameters
    ----------
    label : str
        What it is: a ref.
    note : str
        A second, quiet line.
    tone : {"", "ok", "info", "warning", "alert"}
        How it stands.
    """

    label: str
    note: str = ""
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """Boxes in columns, and the arrows between them."""

    nodes: Mapping[str, Node]
    edges: tuple[tuple[str, str], ...]
    title: str

    def html(self) -> str:
        """Draw it."""
        columns, lanes = _columns(self.nodes, self.edges)
        places = {
            key: (column * (_BOX + _GAP_X) + 1, y)
            for column, keys in enumerate(columns)
            for key, y in zip(keys, accumulate((_taken(key) for key in keys), initial=1), strict=False)
        }
        wide = max(len(columns), 1) * (_BOX + _GAP_X) - _GAP_X + 3
        high = max((sum(map(_taken, keys)) for keys in columns), default=_HIGH + _GAP_Y) - _GAP_Y + 3
        arrows = "".join(
            _arrow(places[start], [places[lane] for lane in lanes[start, end]], places[end])
            for start, end in self.edges
        )
        boxes = "".join(_box(node, *places[key]) for key, node in self.nodes.items())
        size = f'width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" style="min-width:{wide * _SMALLEST:.0f}px"'
        inside = f'<path class="ar" d="{arrows}"/>{boxes}'
        return f'<svg {size} role="img" aria-label="{attribute(self.title)}">{inside}</svg>'

    def plain(self, width: int) -> str:
        """Write it as a tree; what leads nowhere new is named and not repeated."""
        after = _after(self.nodes, self.edges)
        ends = {end for _, end in self.edges}
        lines: list[str] = []
        seen: set[str] = set()
        for key in [key for key in self.nodes if key not in ends] or list(self.nodes)[:1]:
            self._branch(key, "", "", after, seen, lines)
        return "\n".join(clip(line, width) for line in lines)

    def _branch(
        self, key: str, lead: str, below: str, after: Mapping[str, list[str]], seen: set[str], lines: list[str]
    ) -> None:
        known = key in seen
        seen.add(key)
        lines.append(lead + _written(self.nodes[key]) + (" (see above)" if known and after[key] else ""))
        if known:
            return
        for index, following in enumerate(after[key]):
            last = index == len(after[key]) - 1
            fork, rest = ("└─ ", "   ") if last else ("├─ ", "│  ")
            self._branch(following, below + fork, below + rest, after, seen, lines)


def graph(nodes: Mapping[str, Node | str], edges: Iterable[tuple[str, str]], *, title: str) -> Graph:
    """Draw what leads to what.

    Parameters
    ----------
    nodes : mapping of str to Node or str
        What there is, by key.
    edges : iterable of (str, str)
        From a key to a key, in the direction in which things happened. An edge of an unknown key is left out.
    title : str
        What a screen reader says.

    Returns
    -------
    Graph

    Examples
    --------
    >>> print(graph({"d": "dataset/flights@1", "r": "run/01J", "m": "model/delay@1"},
    ...             [("d", "r"), ("r", "m")], title="Lineage").plain(60))
    dataset/flights@1
    └─ run/01J
       └─ model/delay@1
    """
    boxes = {key: node if isinstance(node, Node) else Node(node) for key, node in nodes.items()}
    known = dict.fromkeys((start, end) for start, end in edges if start in boxes and end in boxes and start != end)
    return Graph(boxes, tuple(known), title)


def _after(nodes: Mapping[str, Node], edges: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    after: dict[str, list[str]] = {key: [] for key in nodes}
    for start, end in edges:
        after[start].append(end)
    return after


def _columns(
    nodes: Mapping[str, Node], edges: Sequence[tuple[str, str]]
) -> tuple[list[list[str | Lane]], dict[tuple[str, str], list[Lane]]]:
    """Put each box one column after the last of those that lead to it, beside those it belongs to.

    An arrow that passes columns gets a lane in each, so that it runs between boxes and not behind them.
    """
    depth = _depths(nodes, edges)
    columns: list[list[str | Lane]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for key, column in depth.items():
        columns[column].append(key)
    lanes = {
        (start, end): [(start, end, column) for column in range(depth[start] + 1, depth[end])] for start, end in edges
    }
    beside: dict[str | Lane, list[str | Lane]] = {}
    for (start, end), passed in lanes.items():
        for lane in passed:
            columns[lane[2]].append(lane)
        way: list[str | Lane] = [start, *passed, end]
        for one, other in pairwise(way):
            beside.setdefault(one, []).append(other)
            beside.setdefault(other, []).append(one)
    for _ in range(_SWEEPS):
        _order(columns, beside)
        _order(columns[::-1], beside)
    return columns, lanes


def _depths(nodes: Mapping[str, Node], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Say in which column each box stands."""
    depth = dict.fromkeys(nodes, 0)
    for _ in nodes:  # a circle cannot grow for ever
        moved = [(end, depth[start] + 1) for start, end in edges if depth[end] <= depth[start]]
        if not moved:
            break
        for end, column in moved:
            depth[end] = max(depth[end], min(column, len(nodes) - 1))
    taken = {column: place for place, column in enumerate(sorted({*depth.values()}))}
    return {key: taken[column] for key, column in depth.items()}


def _order(columns: Sequence[list[str | Lane]], beside: Mapping[str | Lane, list[str | Lane]]) -> None:
    """Put what stands in a column beside what it hangs together with in the column before."""
    rows: dict[str | Lane, float] = {}
    for keys in columns:
        for row, key in enumerate(keys):
            known = [rows[one] for one in beside.get(key, ()) if one in rows]
            rows[key] = sum(known) / len(known) if known else row
        keys.sort(key=rows.__getitem__)
        rows |= {key: float(row) for row, key in enumerate(keys)}


def _taken(key: str | Lane) -> int:
    return (_HIGH if isinstance(key, str) else _LANE) + _GAP_Y


def _arrow(start: tuple[int, int], lanes: Sequence[tuple[int, int]], end: tuple[int, int]) -> str:
    x, y = start[0] + _BOX, start[1] + _HIGH / 2
    path = f"M{x} {y:g}"
    for lane in lanes:
        path += _bend(x, y, lane[0], lane[1] + _LANE / 2) + f"h{_BOX}"
        x, y = lane[0] + _BOX, lane[1] + _LANE / 2
    return f"{path}{_bend(x, y, end[0], end[1] + _HIGH / 2)}m-6 -4l6 4l-6 4"


def _bend(x: int, y: float, to: int, down: float) -> str:
    middle = (x + to) / 2
    return f"C{middle:g} {y:g} {middle:g} {down:g} {to} {down:g}"


def _box(node: Node, x: int, y: int) -> str:
    label = html(clip(MARKS[node.tone] + visible(node.label), _LABEL))
    at = 17 if node.note else 24
    note = (
        f'<text class="q" x="{x + 8}" y="{y + 32}">{html(clip(visible(node.note), _LABEL))}</text>' if node.note else ""
    )
    tone = f' class="t-{node.tone}"' if node.tone else ""
    shape = f'<rect{tone} x="{x}" y="{y}" width="{_BOX}" height="{_HIGH}"/>'
    whole = f"<title>{html(node.label)}</title>" if width(node.label) > _LABEL - 2 else ""
    return f'<g>{whole}{shape}<text x="{x + 8}" y="{y + at}">{label}</text>{note}</g>'


def _written(node: Node) -> str:
    return MARKS[node.tone] + visible(node.label) + (f"  {visible(node.note)}" if node.note else "")
