"""How runs look in a notebook and in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mlops_lite.display import Element, badge, card, chart, code, facts, format, section, table, text
from mlops_lite.display.element import Badge, Tone
from mlops_lite.display.escape import clip, visible
from mlops_lite.tracking.describe import Described

if TYPE_CHECKING:
    from mlops_lite.tracking.run import Run
    from mlops_lite.tracking.runs import Runs

__all__ = ["look_of_run", "look_of_runs", "said", "status_badge"]

_TONES: dict[str, Tone] = {
    "running": "info",
    "finished": "ok",
    "interrupted": "warning",
    "lost contact": "warning",
    "failed": "alert",
    "killed": "alert",
}
_MOST_CURVES = 8  # of so many metrics the curve is read
_MOST_LINES = 20
_MOST_ROWS = 12
_MOST_CHARACTERS = 50
_MOST_COLUMNS = 8


def status_badge(status: str) -> Badge:
    """Mark a status."""
    return badge(status, _TONES.get(status, ""))


def said(value: Any) -> str:
    """Write a parameter for a cell."""
    return clip(visible(str(value) if isinstance(value, Described) else format.value(value)), _MOST_CHARACTERS)


def look_of_run(run: Run) -> Element:
    """Draw a run: how it stands, what went in, what came out, in what surroundings."""
    circumstances = [run.name, run.experiment, run.author, format.time(run.started_at), format.duration(run.duration)]
    return card(
        run.ref,
        *_failure(run),
        *_tables(run),
        *_sections(run),
        subtitle=" · ".join(part for part in circumstances if part),
        status=status_badge(run.status),
    )


def _failure(run: Run) -> Iterator[Element]:
    if run.error is not None:
        yield text(str(run.error))
        yield section("Traceback", code(_lines(run.error.traceback, last=True)))


def _tables(run: Run) -> Iterator[Element]:
    if run.params:
        yield facts({name: said(value) for name, value in run.params.items()}, "Parameters", most=_MOST_ROWS)
    if run.metrics:
        yield table(["metric", "last", "min", "max", "points", "curve"], _metrics(run), "Metrics", most=_MOST_ROWS)
    links = [("input", ref + (" (changed)" if ref.changed else "")) for ref in run.inputs]
    links += [("output", ref) for ref in run.outputs]
    if links:
        yield table(["", "ref"], links, "Inputs and outputs", most=_MOST_ROWS)
    if run.artifacts:
        rows = [(name, one.kind, format.size(one.nbytes)) for name, one in run.artifacts.items()]
        yield table(["artifact", "kind", "size"], rows, "Artifacts", most=_MOST_ROWS)


def _metrics(run: Run) -> Iterator[tuple[Any, ...]]:
    for place, (name, found) in enumerate(run._state.get("metrics", {}).items()):
        curve = None
        if found["count"] > 1 and place < _MOST_CURVES:
            curve = chart.sparkline(run.history(name)["value"].tolist(), f"{name} by step")
        yield name, found["last"], found["min"], found["max"], found["count"], curve


def _sections(run: Run) -> Iterator[Element]:
    if run.code is not None and run.code.source:
        yield section("Code", code(_lines(run.code.source)))
    yield section("Surroundings", facts(_surroundings(run), "Where and from what it ran"))
    if run.tags or run.notes:
        notes = [text(f"{note.text} ({note.author}, {format.time(note.time)})", quiet=True) for note in run.notes]
        tags = [facts({name: said(value) for name, value in run.tags.items()}, "Tags")] if run.tags else []
        yield section("Tags and notes", *tags, *notes)


def _surroundings(run: Run) -> dict[str, Any]:
    environment, git = run.environment, run.git
    packages = [f"{name} {version}" for name, version in environment.packages.items()]
    changed = " with uncommitted changes" if git is not None and git.dirty else ""
    return {
        "commit": f"{git.commit[:12]} ({git.branch}){changed}" if git is not None and git.commit else None,
        "Python": environment.python or None,
        "machine": f"{environment.cpu or environment.machine}, {environment.cores} cores"
        if environment.cores
        else None,
        "packages": ", ".join(packages[:_MOST_ROWS]) + (" …" if len(packages) > _MOST_ROWS else "") or None,
        "seed": run.seed,
        "part of": run.parent and run.parent.ref,
        "goes on from": run.continues and run.continues.ref,
        "result from": run.cached_from and run.cached_from.ref,
        "edited after import": ", ".join(run.code.edited) or None if run.code else None,
    }


def _lines(source: str, *, last: bool = False) -> str:
    lines = source.rstrip().splitlines()
    if len(lines) <= _MOST_LINES:
        return "\n".join(lines)
    return "\n".join(["…", *lines[-_MOST_LINES:]] if last else [*lines[:_MOST_LINES], "…"])


def look_of_runs(runs: Runs) -> Element:
    """Draw a list of runs: what they have in common, then a row for each."""
    frame = runs[:_MOST_ROWS].to_frame()
    names = [name for name in frame.columns if "." in name and not name.startswith("tags.")]
    varying = [name for name in names if name.startswith("metrics.") or len({str(one) for one in frame[name]}) > 1]
    shown = sorted(varying, key=lambda name: not name.startswith("metrics."))[:_MOST_COLUMNS]
    named = [] if frame["name"].nunique() == 1 else ["name"]
    rows = (_row(row, named, shown) for _, row in frame.iterrows())
    columns = ["run", *named, "status", "started", "took", *(name.partition(".")[2] for name in shown)]
    caption = format.count(len(runs), "run") + ("" if named or not len(frame) else f" of {frame['name'].iloc[0]}")
    return card("Runs", table(columns, rows, caption + (f", the first {len(frame)}" if len(runs) > len(frame) else "")))


def _row(row: Any, named: list[str], shown: list[str]) -> tuple[Any, ...]:
    took = None if row["duration"] != row["duration"] else format.duration(row["duration"])
    values = [None if _is_missing(row[name]) else row[name] for name in shown]
    known = [value if isinstance(value, (int, float)) else value if value is None else said(value) for value in values]
    started = format.time(row["started_at"].to_pydatetime())
    return (row["id"], *(row[name] for name in named), status_badge(row["status"]), started, took, *known)


def _is_missing(value: Any) -> bool:
    return value is None or value != value
