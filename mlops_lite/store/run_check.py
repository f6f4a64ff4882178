"""Checking the files of runs: each says by its name or by checksums what must stand in it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlops_lite.base.digest import sha256, short
from mlops_lite.store import run_layout

if TYPE_CHECKING:
    from mlops_lite.store.store import Store

__all__ = ["check_runs", "needs_of"]


def check_runs(store: Store) -> Iterator[tuple[str, str, str | None]]:
    """Read all summaries, segments and journals.

    Yields
    ------
    path, ref, trouble : str, str, str or None
        What stands where, of which run, and what is wrong with it, if anything. What a killed process tore off at the
        end of a journal is not wrong: it was never acknowledged.
    """
    for found in store.backend.walk(run_layout.DONE):
        name = run_layout.read_done_name(found.path.rpartition("/")[2])
        if name is None:
            continue
        data = store.backend.read_many([found.path])[0]
        if data is not None:  # else it is in a segment by now
            trouble = None if short(sha256(data)) == name[2] else f"{len(data)} bytes that are not this summary"
            yield found.path, f"run/{name[0]}", trouble
    for found in store.backend.walk(run_layout.SEGMENTS):
        data = store.backend.read_many([found.path])[0]
        if data is not None:
            whole = sha256(data) == found.path.rpartition("/")[2].removesuffix(".parquet")
            yield found.path, "runs", None if whole else f"{len(data)} bytes that are not this segment"
    yield from _journals(store)


def _journals(store: Store) -> Iterator[tuple[str, str, str | None]]:
    from mlops_lite.store import run_points

    runs = sorted({found.path.split("/")[2] for found in store.backend.walk(run_layout.DATA)})
    counts = _counts(store)
    for run in runs:
        read = 0
        for name, paths in store.runs.reader.journals(run):
            pieces = store.backend.read_many(paths)
            content = run_points.read(b"".join(piece for piece in pieces if piece is not None))
            read += sum(len(points.step) for points in content.points.values())
            lost = content.damaged - content.torn
            trouble = f"{lost} bytes in the middle cannot be read" if lost else None
            yield f"{run_layout.data_folder(run)}/{name}.bin", f"run/{run}", trouble
        if read < counts.get(run, 0):
            yield run_layout.data_folder(run), f"run/{run}", f"{read} of {counts[run]} points"


def _counts(store: Store) -> dict[str, int]:
    """Say of each run that ended how many points its summary speaks of; of none where summaries cannot be read."""
    counts: dict[str, int] = {}
    with contextlib.suppress(Exception):  # what is damaged is named where it is checked
        listing = store.runs.index.listing()
        for row in range(len(listing)):
            state = listing.state(row)
            counts[state["id"]] = sum(metric["count"] for metric in state.get("metrics", {}).values())
    return counts


def needs_of(store: Store) -> Iterator[tuple[str, str]]:
    """Walk over the digests that runs keep alive, each with the ref of a run that needs it."""
    store.runs.flush()
    table = store.runs.index.listing().table(["id", "objects"])
    for run, digests in zip(table["id"].to_pylist(), table["objects"].to_pylist(), strict=True):
        for digest in digests or ():
            yield digest, f"run/{run}"
