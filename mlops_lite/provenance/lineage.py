"""Lineage: what a thing was made from, and what was made from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite import workspace
from mlops_lite.base.record import Parent
from mlops_lite.base.ref import HasRef, Ref
from mlops_lite.display import Drawn
from mlops_lite.display.element import Tone
from mlops_lite.errors import InvalidInputError, MissingLibraryError
from mlops_lite.provenance.edges import Edges, Node, edges_of

if TYPE_CHECKING:
    import pandas as pd

    from mlops_lite.store import Store

__all__ = ["Lineage", "lineage"]

_TONES: Mapping[str, Tone] = {"here": "", "elsewhere": "info", "missing": "warning", "different": "alert"}
_SHAPES = {
    "dataset": ("[(", ")]"),
    "run": ("([", "])"),
    "model": ("[", "]"),
    "deployment": ("{{", "}}"),
    "monitor": (">", "]"),
}


@attrs.frozen(repr=False)
class Lineage(Drawn):
    """What a thing was made from, and what was made from it: data, runs, models, deployments, reports.

    Parameters
    ----------
    start : Ref
        What was asked about.
    nodes : mapping of Ref to Node
        Everything that was found, with who made it and when.
    edges : tuple of (Ref, Ref)
        From what was used to what was made.
    """

    start: Ref
    nodes: Mapping[Ref, Node]
    edges: tuple[tuple[Ref, Ref], ...]

    @property
    def sources(self) -> tuple[Ref, ...]:
        """Everything that it was made from, near or far."""
        return self._reached({end: [a for a, b in self.edges if b == end] for _, end in self.edges})

    @property
    def results(self) -> tuple[Ref, ...]:
        """Everything that was made from it, near or far."""
        return self._reached({start: [b for a, b in self.edges if a == start] for start, _ in self.edges})

    def _reached(self, following: Mapping[Ref, list[Ref]]) -> tuple[Ref, ...]:
        found: dict[Ref, None] = {}
        waiting = list(following.get(self.start, ()))
        while waiting:
            ref = waiting.pop(0)
            if ref not in found:
                found[ref] = None
                waiting.extend(following.get(ref, ()))
        return tuple(found)

    def of(self, kind: str) -> tuple[Ref, ...]:
        """Give the refs of one kind: ``dataset``, ``run``, ``model``, ``deployment`` or ``monitor``."""
        return tuple(ref for ref in self.nodes if ref.kind == kind)

    def __contains__(self, ref: object) -> bool:
        return ref in self.nodes

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes.values())

    def __len__(self) -> int:
        return len(self.nodes)

    def to_frame(self) -> pd.DataFrame:
        """Give one row a thing.

        Returns
        -------
        pandas.DataFrame
            ``ref``, ``kind``, ``action``, ``author``, ``time``, ``message``, ``standing``, and ``sources`` (refs).
        """
        import pandas as pd

        columns = ["ref", "kind", "action", "author", "time", "message", "standing"]
        rows = [
            [*(str(node.ref) if name == "ref" else getattr(node, name) for name in columns), self._before(node.ref)]
            for node in self
        ]
        frame = pd.DataFrame(rows, columns=[*columns, "sources"])
        frame["time"] = pd.to_datetime(frame["time"], utc=True)
        return frame

    def _before(self, ref: Ref) -> list[str]:
        return [str(start) for start, end in self.edges if end == ref]

    def mermaid(self) -> str:
        """Write it in the language of Mermaid, which many wikis and code hosts draw.

        Returns
        -------
        str
        """
        ids = {ref: f"n{place}" for place, ref in enumerate(self.nodes)}
        lines = ["flowchart LR"]
        for ref, node in self.nodes.items():
            opened, closed = _SHAPES[ref.kind]
            lines.append(f'  {ids[ref]}{opened}"{_quoted(_words(node))}"{closed}')
        lines += [f"  {ids[start]} --> {ids[end]}" for start, end in self.edges]
        lines.append(f"  style {ids[self.start]} stroke-width:3px")
        return "\n".join(lines)

    def to_networkx(self) -> Any:
        """Give a directed graph of networkx.

        Returns
        -------
        networkx.DiGraph
            Nodes are refs, with what is known of them as attributes.

        Raises
        ------
        MissingLibraryError
            networkx is not installed.
        """
        try:
            import networkx
        except ImportError:
            raise MissingLibraryError("networkx is not installed.", remedy="pip install networkx") from None
        graph = networkx.DiGraph()
        for ref, node in self.nodes.items():
            graph.add_node(str(ref), **attrs.asdict(node, filter=lambda field, _: field.name != "ref"), kind=ref.kind)
        graph.add_edges_from((str(start), str(end)) for start, end in self.edges)
        return graph

    def __repr__(self) -> str:
        return f"<Lineage of {self.start}: {len(self.sources)} sources, {len(self.results)} results>"

    def _view(self) -> Any:
        from mlops_lite.display import badge, card, chart, figure, section, table

        nodes = {str(ref): chart.Node(str(ref), _note(node), _TONES[node.standing]) for ref, node in self.nodes.items()}
        edges = [(str(start), str(end)) for start, end in self.edges]
        rows = [[node.ref, node.action, node.author, node.time, node.message] for node in self]
        doubtful = [node for node in self if node.standing != "here"]
        return card(
            f"Lineage of {self.start}",
            figure(chart.graph(nodes, edges, title=f"Lineage of {self.start}"), "From what was used to what was made"),
            section("Who, what, when", table(["ref", "what", "who", "when", "why"], rows, "Everything above")),
            status=badge(f"{len(doubtful)} not found here", "warning") if doubtful else None,
        )


def lineage(
    x: Any, *, sources: bool = True, results: bool = True, depth: int | None = None, store: Store | str | None = None
) -> Lineage:
    """Walk from a thing to what it was made from, and to what was made from it.

    Parameters
    ----------
    x : ref, value with a ref, or frame that was loaded from a snapshot
        ``"dataset/flights@3"``, ``"model/churn@champion"``, ``"run/01J…"``, ``"deployment/prod"``, a report …
    sources, results : bool
        Which way to walk.
    depth : int, optional
        How many steps; all without it.
    store : Store or str, optional

    Returns
    -------
    Lineage

    Raises
    ------
    NotFoundError
        There is no such thing.

    Examples
    --------
    >>> import mlops_lite as ml
    >>> with ml.Store("memory://lineage-example"):
    ...     with ml.start_run() as run:
    ...         version = ml.Registry().register("churn", {"w": [1.0]})
    ...     _ = ml.deploy("churn@1", to="prod")
    ...     found = ml.lineage(version)
    >>> found.sources == (run.ref,), found.results
    (True, ('deployment/prod@1',))
    """
    home = workspace.store(store if store is not None else getattr(x, "store", None))
    start = _start(x, home)
    edges = edges_of(home)
    walk = _Walk(edges, start)
    if sources:
        walk.back(depth)
    if results:
        walk.forth(depth)
    return Lineage(start, walk.nodes, tuple(dict.fromkeys(walk.edges)))


class _Walk:
    """A walk from one thing."""

    def __init__(self, edges: Edges, start: Ref) -> None:
        self._known = edges
        self._start = start
        self.nodes: dict[Ref, Node] = {start: edges.node(start)}
        self.edges: list[tuple[Ref, Ref]] = []

    def back(self, depth: int | None) -> None:
        """Walk to what things were made from."""
        found: dict[Ref, Node] = {}
        self._go(depth, lambda ref: self._known.sources(ref), found, lambda ref, other: (other, ref))
        self.nodes = {**dict(reversed(found.items())), **self.nodes}  # the oldest first

    def forth(self, depth: int | None) -> None:
        """Walk to what was made from things."""
        made = self._known.results()
        self._go(
            depth, lambda ref: [Parent(one) for one in made.get(ref, ())], self.nodes, lambda ref, other: (ref, other)
        )

    def _go(self, depth: int | None, following: Any, into: dict[Ref, Node], edge: Any) -> None:
        frontier, steps = [self._start], 0
        seen = {self._start}
        while frontier and (depth is None or steps < depth):
            ahead: list[Ref] = []
            for ref in frontier:
                for parent in following(ref):
                    other = Ref(parent.ref)
                    self.edges.append(edge(ref, other))
                    if other not in seen:
                        seen.add(other)
                        into[other] = self._known.node(other, parent)
                        ahead.append(other)
            frontier, steps = ahead, steps + 1


def _start(x: Any, store: Store) -> Ref:
    """Find what is meant, with its number."""
    if not isinstance(x, (str, HasRef)):
        found = workspace.origin(x)
        if found is None:
            raise InvalidInputError(
                f"Where this {type(x).__name__} comes from is not known.",
                remedy="Give a ref such as 'dataset/flights@3', or a frame as it was loaded from a snapshot.",
            )
        return found
    ref = Ref.parse(x)
    if ref.kind == "run":
        return Ref.of("run", store.runs.find(ref.name))
    return Ref(store.log(ref.kind, ref.name).find(ref.version).ref)


def _words(node: Node) -> str:
    return f"{node.ref} · {_note(node)}" if _note(node) else str(node.ref)


def _note(node: Node) -> str:
    if node.standing != "here":
        return {"elsewhere": "in another store", "missing": "not found", "different": "another record now"}[
            node.standing
        ]
    return " ".join(part for part in (node.action, f"by {node.author}" if node.author else "") if part)


def _quoted(text: str) -> str:
    """Escape for Mermaid, which knows entities and nothing else."""
    return "".join(f"#{ord(one)};" if one in '"#<>&;`\n' else one for one in text)
