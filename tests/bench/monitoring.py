"""Monitoring: what a check costs beside reading the same rows; what it finds, and how often it cries wolf."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator

import numpy as np
import pandas as pd

from tests.bench import Row, case, in_turn

NUMBERS, LEVELS = 50, 10


@contextlib.contextmanager
def folder() -> Iterator[str]:
    """Give a folder of its own, with a cache folder inside."""
    path = tempfile.mkdtemp(prefix="bench-monitoring-", dir=os.environ.get("BENCH_FOLDER"))
    before = os.environ.get("MLOPS_LITE_CACHE")
    os.environ["MLOPS_LITE_CACHE"] = f"{path}/cache"
    try:
        yield path
    finally:
        os.environ.pop("MLOPS_LITE_CACHE")
        if before is not None:
            os.environ["MLOPS_LITE_CACHE"] = before
        shutil.rmtree(path, ignore_errors=True)


def table(rows: int, seed: int = 0) -> pd.DataFrame:
    """50 columns of numbers (normal, skewed, tied, counts, with nulls) and 10 of levels (2 to 500)."""
    dice = np.random.default_rng(seed)
    columns: dict[str, object] = {}
    for place in range(NUMBERS):
        kind = place % 5
        if kind == 0:
            values = dice.normal(place, 1 + place, rows)
        elif kind == 1:
            values = dice.lognormal(0, 1, rows)
        elif kind == 2:
            values = np.round(dice.normal(100, 20, rows), 1)
        elif kind == 3:
            values = dice.poisson(20, rows).astype(np.float64)
        else:
            values = np.where(dice.random(rows) < 0.05, np.nan, dice.exponential(2, rows))
        columns[f"n{place}"] = values
    for place, count in enumerate((2, 3, 5, 10, 20, 50, 100, 200, 300, 500)):
        names = np.array([f"level {each}" for each in range(count)])
        columns[f"c{place}"] = pd.array(names[dice.integers(0, count, rows)], dtype="str")
    return pd.DataFrame(columns, copy=False)


def judging(current: pd.DataFrame, path: str, **settings: object) -> object:
    """Define a monitor on another draw of the same size, and check once, so that everything is loaded."""
    import mlops_lite as ml

    monitor = ml.Monitor("bench", reference=table(len(current), 1), store=f"{path}/store", **settings)  # type: ignore[arg-type]
    monitor.check(current.head(1000))
    return monitor


def _speed(rows: int, rounds: int) -> Iterator[Row]:
    with folder() as path:
        current = table(rows)
        current.to_parquet(f"{path}/current.parquet")
        numbers = [current[f"n{place}"].to_numpy() for place in range(NUMBERS)]
        monitor = judging(current, path)

        def sort() -> None:
            for column in numbers:
                np.sort(column)

        read = lambda: pd.read_parquet(f"{path}/current.parquet")  # noqa: E731
        ours, floor, sorting = in_turn(lambda: monitor.check(current), read, sort, rounds=rounds)  # type: ignore[attr-defined]
        name = f"check of {rows:,} rows"
        if rows < 1_000_000:
            yield Row(name, ours, floor, "<= 0.1 s", holds=ours <= 0.1)
            return
        yield Row(f"{name}, beside reading them", ours, floor, "<= 1.0 x", holds=ours <= floor)
        yield Row(f"{name}, beside one sort of the numbers", ours, sorting, "<= 0.2 x", holds=ours <= 0.2 * sorting)


@case("monitoring.hundred_thousand")
def hundred_thousand() -> Iterator[Row]:
    """A check of 100,000 rows."""
    yield from _speed(100_000, 9)


@case("monitoring.million")
def million() -> Iterator[Row]:
    """A check of a million rows in memory, beside reading them from Parquet and beside sorting them."""
    yield from _speed(1_000_000, 5)
