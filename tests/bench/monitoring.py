"""Monitoring: what a check costs beside reading the same rows; what it finds, and how often it cries wolf."""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
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


# ── how often it cries wolf, and what it finds ───────────────────────────────────────────────────────────────────────

TRIALS = 1000
SIZES = ((200, 200), (2_000, 2_000), (20_000, 20_000), (200_000, 200_000), (200_000, 2_000), (20_000, 200))


@case("monitoring.false_alarms")
def false_alarms() -> Iterator[Row]:
    """The share of checks without any change that alarm, over 60 mixed columns, at alpha 5 %."""
    from mlops_lite.monitoring.judge import judge
    from tests.monitoring.columns import draw, mixed

    columns = mixed()
    allowed = 0.05 + 2 * np.sqrt(0.05 * 0.95 / TRIALS)
    for before, now in SIZES:
        alarms = 0
        for seed in range(TRIALS):
            dice = np.random.default_rng([seed, before, now])
            found = judge(draw(columns, before, dice), draw(columns, now, dice), 0.05)
            alarms += any(finding.severity == "alert" for finding in found)
        rate = alarms / TRIALS
        mark = f"<= {allowed:.1%} of {TRIALS:,} trials"
        yield Row(f"false alarms, {before:,} against {now:,} rows", 100 * rate, None, mark, "%", holds=rate <= allowed)


def _power(
    columns: list[tuple], changed: list[tuple], places: list[int], before: int, now: int, trials: int
) -> tuple[float, float]:  # type: ignore[type-arg]
    """The share of moved columns that are named, and the mean share of wrong names."""
    from mlops_lite.monitoring.judge import judge
    from tests.monitoring.columns import draw

    named, wrong = [], []
    truth = {columns[place][1] for place in places}
    for seed in range(trials):
        dice = np.random.default_rng([seed, before, now, 7])
        found = judge(draw(columns, before, dice), draw(changed, now, dice), 0.05)
        names = {finding.column for finding in found if finding.severity == "alert"}
        named.append(len(names & truth) / len(truth))
        wrong.append(len(names - truth) / max(1, len(names)))
    return statistics.mean(named), statistics.mean(wrong)


def _far_tail(seed: int) -> float:
    """The share named of 5 of 60 normal columns of which 1 % of the rows went to 8 standard deviations."""
    from mlops_lite.monitoring.judge import judge
    from mlops_lite.stats.profile import profile

    dice = np.random.default_rng([seed, 8])
    rows = 20_000
    before, now = ({f"n{place}": dice.normal(size=rows) for place in range(60)} for _ in range(2))
    for place in range(5):
        far = dice.random(rows) < 0.01
        now[f"n{place}"][far] = 8 + dice.normal(size=far.sum())
    reference = profile(before)
    found = judge(reference, profile(now, reference.frame), 0.05)
    names = {finding.column for finding in found if finding.severity == "alert"}
    return len(names & {f"n{place}" for place in range(5)}) / 5


@case("monitoring.power")
def power() -> Iterator[Row]:
    """The share of 5 of 60 columns named that moved by 0.1 standard deviations."""
    from scipy import stats

    from tests.monitoring.columns import mixed, moved, shares

    columns = mixed()
    places = [0, 1, 5, 6, 30]  # normal, without nulls
    changed = moved(columns, places, shares(stats.norm(0.1), stats.norm()))
    for before, now, least in ((20_000, 20_000, 0.99), (20_000, 2_000, 0.85), (2_000, 2_000, 0.50)):
        found, wrong = _power(columns, changed, places, before, now, 200)
        name = f"+0.1 sd, {before:,} against {now:,} rows"
        yield Row(f"named, {name}", 100 * found, None, f">= {least:.0%}", "%", holds=found >= least)
        yield Row(f"false discoveries, {name}", 100 * wrong, None, "<= 5 %", "%", holds=wrong <= 0.05)


@case("monitoring.power_of_other_moves")
def power_of_other_moves() -> Iterator[Row]:
    """The same for other moves, 20,000 against 20,000 rows."""
    from scipy import stats

    from tests.monitoring.columns import mixed, moved, shares

    columns = mixed()
    normal, places = stats.norm(), [0, 1, 5, 6, 30]
    moves = {
        "variance x 1.2": (shares(stats.norm(0, np.sqrt(1.2)), normal), 0.99),
        "heavier tails of equal variance (t5)": (shares(stats.t(5, scale=np.sqrt(0.6)), normal), 0.99),
    }
    for name, (chances, least) in moves.items():
        found, _ = _power(columns, moved(columns, places, chances), places, 20_000, 20_000, 100)
        yield Row(f"named, {name}", 100 * found, None, f">= {least:.0%}", "%", holds=found >= least)
    found = statistics.mean(_far_tail(seed) for seed in range(60))
    yield Row("named, 1 % in the far tail (rows)", 100 * found, None, ">= 85 %", "%", holds=found >= 0.85)
    for then, now in ((0.0, 0.01), (0.05, 0.08), (0.10, 0.13)):
        before = [(k, n, c, then if place in places else m) for place, (k, n, c, m) in enumerate(columns)]
        after = [(k, n, c, now if place in places else m) for place, (k, n, c, m) in enumerate(columns)]
        found, _ = _power(before, after, places, 20_000, 20_000, 100)
        yield Row(f"named, missing {then:.0%} to {now:.0%}", 100 * found, None, ">= 99 %", "%", holds=found >= 0.99)
    for place in (53, 55, 57, 59):
        chances = columns[place][2].copy()
        chances = chances * (0.97 - chances[0]) / (1 - chances[0])
        chances[0] = columns[place][2][0] + 0.03
        chances /= chances.sum()
        found, _ = _power(columns, moved(columns, [place], chances), [place], 20_000, 20_000, 100)
        name = f"named, the share of one of {len(chances)} levels + 3 points"
        yield Row(name, 100 * found, None, ">= 99 %", "%", holds=found >= 0.99)
