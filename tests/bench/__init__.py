"""Benchmarks: ``python -m tests.bench [area or case …]``.

Each area is one file, ``tests/bench/<area>.py``, with functions marked by :func:`case`. A case yields or returns
:class:`Row` values: our time beside the floor and the peers, measured in turn in the same run.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

CASES: dict[str, Callable[[], Iterable[Row]]] = {}


@dataclass(frozen=True)
class Row:
    """One line of a table: what was measured, ours, what it is held against, and the mark."""

    name: str
    ours: float  # seconds, bytes or requests: the unit says which
    floor: float | None = None  # the same unit
    mark: str = ""  # as the promise is written, such as "<= 1.3 x floor"
    unit: str = "s"
    peers: Mapping[str, float] = field(default_factory=dict)
    holds: bool | None = None

    @property
    def ratio(self) -> float | None:
        """Ours over the floor."""
        return self.ours / self.floor if self.floor else None


def case(name: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Name a benchmark: ``area.case``."""

    def remember(function: Callable[[], Any]) -> Callable[[], Any]:
        CASES[name] = function
        return function

    return remember


@contextlib.contextmanager
def folder() -> Iterator[str]:
    """Give a folder of its own (below ``BENCH_FOLDER`` where that is set), with a cache folder inside."""
    path = tempfile.mkdtemp(prefix="bench-", dir=os.environ.get("BENCH_FOLDER"))
    before = os.environ.get("MLOPS_LITE_CACHE")
    os.environ["MLOPS_LITE_CACHE"] = f"{path}/cache"
    try:
        yield path
    finally:
        os.environ.pop("MLOPS_LITE_CACHE")
        if before is not None:
            os.environ["MLOPS_LITE_CACHE"] = before
        shutil.rmtree(path, ignore_errors=True)


def seconds(function: Callable[[], Any]) -> float:
    """Time one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def in_turn(*functions: Callable[[], Any], rounds: int = 5, warmup: int = 1) -> list[float]:
    """Time functions in turn, A B A B …, and give the median of each: a drifting machine moves both."""
    for _ in range(warmup):
        for function in functions:
            function()
    times = [[seconds(function) for function in functions] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*times, strict=True)]
