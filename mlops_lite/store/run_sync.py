"""Runs in a synchronisation: their journals first, then the summaries that speak of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from mlops_lite.base import canonical
from mlops_lite.base.ref import Ref
from mlops_lite.store import run_layout
from mlops_lite.store.backends import Stat

if TYPE_CHECKING:
    from mlops_lite.store.store import Store

__all__ = ["copy_runs", "inputs_of", "objects_of"]


def objects_of(source: Store, only: Collection[str] | None) -> set[str]:
    """List the objects that runs keep alive; of all runs where ``only`` is None."""
    if only is None:
        return source.runs.roots()
    return {digest for run in only for digest in source.runs.state(run).get("objects", ())}


def inputs_of(source: Store, run: str) -> list[Ref]:
    """List what a run was made from."""
    return [Ref(found["ref"]) for found in source.runs.state(run).get("inputs", ())]


def copy_runs(source: Store, target: Store, only: Collection[str] | None) -> int:
    """Copy what the other side lacks.

    Returns
    -------
    int
        How many files were copied.
    """
    copied = 0
    for folder in (run_layout.DATA, run_layout.DONE, run_layout.SEGMENTS, run_layout.OPEN):
        copied += _copy(source, target, [stat for stat in source.backend.walk(folder) if _wanted(stat.path, only)])
    if only is not None:
        copied += sum(_copy_summary(source, target, run) for run in only)
    return copied


def _wanted(path: str, only: Collection[str] | None) -> bool:
    return only is None or path.split("/")[2].split(".")[0] in only


def _copy(source: Store, target: Store, found: list[Stat]) -> int:
    there = {stat.path: stat.size for folder in _folders(found) for stat in target.backend.walk(folder)}
    missing = [stat for stat in found if there.get(stat.path) != stat.size]
    batch = target.backend.batch()
    for stat in missing:
        target.backend.replace(stat.path, source.backend.read(stat.path))  # whole at once: others open what they find
        batch.keep(stat.path)
    batch.commit()
    return len(missing)


def _folders(found: list[Stat]) -> Iterator[str]:
    yield from {"/".join(stat.path.split("/")[:2]) for stat in found}


def _copy_summary(source: Store, target: Store, run: str) -> int:
    """Write a run out of a segment as a summary of its own."""
    summary = source.runs.summary(run)
    if summary is None or target.runs.summary(run) is not None:
        return 0
    revision = int(summary.pop("rev", 1))
    data = canonical.encode(summary)
    batch = target.backend.batch()
    batch.write(run_layout.done_path(run, revision, data), data)
    batch.commit()
    return 1
