"""Monitoring: what a check costs beside reading the same rows; what it finds, and how often it cries wolf."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.bench import Row, case, folder, in_turn, seconds

NUMBERS, LEVELS = 50, 10
ROOT = Path(__file__).parents[2]


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


@case("monitoring.looks")
def looks() -> Iterator[Row]:
    """The share of periods of 100 daily checks without any change in which one alarms; rows, one shared reference."""
    periods = int(os.environ.get("BENCH_PERIODS", "40"))
    rate, allowed = statistics.mean(map(alarms, range(periods))), 0.05 + 2 * np.sqrt(0.05 * 0.95 / periods)
    mark = f"<= {allowed:.1%} of {periods} periods"
    yield Row("a false alarm within 100 daily checks", 100 * rate, None, mark, "%", holds=rate <= allowed)


def alarms(seed: int) -> bool:
    """Check 100 days of ten columns, correlated in every other period; does any check alarm?"""
    import mlops_lite as ml

    dice = np.random.default_rng(seed)
    loads = np.sqrt(0.5) if seed % 2 else 0.0

    def rows(count: int) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
        shared = dice.normal(size=count)
        return {f"n{i}": loads * shared + np.sqrt(1 - loads**2) * dice.normal(size=count) for i in range(10)}

    monitor = ml.Monitor("looks", reference=rows(5_000), store=f"memory://looks-{seed}")
    return any(not monitor.check(rows(500)).ok for _ in range(100))


IMPORT = "import time; t = time.perf_counter(); {code}; print(time.perf_counter() - t)"
OURS = "import mlops_lite as ml; ml.Monitor('m', reference={'x': [float(n) for n in range(500)]}, store='memory://m')"
FLOOR = "import pandas, scipy.stats"


def _fresh(code: str) -> float:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


@case("monitoring.start")
def start() -> Iterator[Row]:
    """A monitor in a fresh process."""
    ours, floor = [], []
    for _ in range(7):
        ours.append(_fresh(IMPORT.format(code=OURS)))
        floor.append(_fresh(IMPORT.format(code=FLOOR)))
    one, other = statistics.median(ours), statistics.median(floor)
    yield Row("import and a Monitor, beside pandas and scipy.stats", one, other, "<= 1.2 x", holds=one <= 1.2 * other)


@case("monitoring.profiles")
def profiles() -> Iterator[Row]:
    """To build the profile of a reference, beside a check; to merge a hundred."""
    from mlops_lite.monitoring.source import blocks
    from mlops_lite.stats.profile import profile

    rows = table(1_000_000)
    with folder() as path:
        monitor = judging(rows, path)
        building, checking = in_turn(lambda: profile(blocks(rows)), lambda: monitor.check(rows), rounds=5)  # type: ignore[attr-defined]
        mark = "<= 1.5 x the check"
        yield Row("profile of 1,000,000 rows", building, checking, mark, holds=building <= 1.5 * checking)
        frame = monitor.frame  # type: ignore[attr-defined]
    parts = [profile(blocks(rows.iloc[start : start + 10_000]), frame) for start in range(0, 1_000_000, 10_000)]
    merging, _ = in_turn(lambda: parts[0].merge(*parts[1:]), lambda: None)
    yield Row("merging 100 profiles", merging, None, "<= 0.2 s", holds=merging <= 0.2)


@case("monitoring.duplicates")
def duplicates() -> Iterator[Row]:
    """A check with the rule on duplicate rows, beside reading them."""
    import mlops_lite as ml

    with folder() as path:
        rows = table(1_000_000)
        rows.to_parquet(f"{path}/rows.parquet")
        monitor = judging(rows, path, rules={"*": ml.rules.no_duplicates()})
        ours, floor = in_turn(
            lambda: monitor.check(rows),  # type: ignore[attr-defined]
            lambda: pd.read_parquet(f"{path}/rows.parquet"),
        )
        yield Row("check with the rule on duplicates", ours, floor, "<= 1.3 x reading", holds=ours <= 1.3 * floor)


@case("monitoring.exact")
def exact() -> Iterator[Row]:
    """The exact distance of Kolmogorov and Smirnov of every column, beside one sort of both sides."""
    import mlops_lite as ml

    with folder() as path:
        store = ml.Store(f"{path}/store")
        before, now = (table(1_000_000, seed)[[f"n{place}" for place in range(20)]] for seed in (0, 1))
        snapshot = ml.Dataset("rows", store=store).snapshot(before)
        monitor = ml.Monitor("exact", reference=snapshot, checks=["ks"], store=store)

        def sort() -> None:
            for frame in (before, now):
                for name in frame:
                    np.sort(frame[name].to_numpy())

        ours, floor = in_turn(lambda: monitor.check(now, exact=True), sort, rounds=5)
        yield Row("exact KS of 20 columns of 1,000,000 rows", ours, floor, "<= 2 x", holds=ours <= 2 * floor)


MEMORY = """
import sys
sys.path.insert(0, {root!r})
import mlops_lite as ml
from tests.bench.monitoring import table

def memory(name):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name)) * 1024

m = ml.Monitor("m", reference=table(50_000, 1), store="memory://m")
m.check(table(1000))
rows = table(1_000_000) if sys.argv[1] == "table" else None
with open("/proc/self/clear_refs", "w") as peak:
    peak.write("5")
before = memory("VmRSS")
m.check((table(20_000, seed) for seed in range(50)) if rows is None else rows)
print(memory("VmHWM") - before, 0 if rows is None else int(rows.memory_usage().sum()))
"""


@case("monitoring.memory")
def memory() -> Iterator[Row]:
    """What a check of a million rows adds to the memory of the process."""
    code = MEMORY.format(root=str(Path(__file__).parents[2]))
    for kind in ("table", "batches"):
        done = subprocess.run([sys.executable, "-c", code, kind], capture_output=True, text=True, check=True)
        added, held = map(int, done.stdout.split())
        if kind == "table":
            holds = added <= 0.2 * held
            yield Row("added by a check of 1,000,000 rows", added, held, "<= 0.2 x the data", "B", holds=holds)
        else:
            yield Row("added by 50 batches", added, None, "<= 300 MiB", "B", holds=added <= 300 * 2**20)


@case("monitoring.streams")
def streams() -> Iterator[Row]:
    """One value of a stream."""
    from mlops_lite.monitoring.definition import DETECTORS

    dice = np.random.default_rng(0)
    values, errors = dice.normal(size=50_000).tolist(), (dice.random(50_000) < 0.05).astype(float).tolist()
    marks = {"page_hinkley": 2e-6, "ddm": 2e-6, "adwin": 10e-6}
    for name in DETECTORS.names():
        given = errors if name == "ddm" else values

        def feed(name: str = name, given: list[float] = given) -> None:
            update = DETECTORS.load(name).Detector().update
            for value in given:
                update(value)

        took = statistics.median(seconds(feed) for _ in range(5)) / len(given)
        mark = marks.get(name)
        yield Row(
            f"an update of {name}", took, None, f"<= {mark * 1e6:g} us" if mark else "", holds=mark and took <= mark
        )


@case("monitoring.peers")
def peers() -> Iterator[Row]:
    """A check beside a loop of ks_2samp over the columns of numbers alone, and beside other libraries, where installed.

    Each has an environment of its own, ``<BENCH_PEERS>/<library>``, as few of them agree on their needs.
    """
    from scipy.stats import ks_2samp

    with folder() as path:
        for rows in (100_000, 1_000_000):
            before, now = table(rows, 1), table(rows)
            monitor = judging(now, path)

            def loop(before: pd.DataFrame = before, now: pd.DataFrame = now) -> None:
                for place in range(NUMBERS):
                    ks_2samp(before[f"n{place}"].dropna(), now[f"n{place}"].dropna(), method="asymp")

            ours, theirs = in_turn(lambda: monitor.check(now), loop, rounds=5)  # type: ignore[attr-defined]  # noqa: B023
            before.to_parquet(f"{path}/reference.parquet")
            now.to_parquet(f"{path}/current.parquet")
            found = {"scipy.ks_2samp, numbers": theirs} | dict(_other_libraries(path))
            yield Row(f"check of {rows:,} rows, all columns and rules", ours, None, peers=found)


def _other_libraries(path: str) -> Iterator[tuple[str, float]]:
    """Time the check of each library that is installed; one that takes minutes is left out."""
    for name in ("nannyml", "alibi-detect", "evidently"):
        python = Path(os.environ.get("BENCH_PEERS", ""), name, "bin", "python")
        if python.exists():
            command = [python, ROOT / "tests/bench/_drift_peers.py", name]
            given = [f"{path}/reference.parquet", f"{path}/current.parquet", "3"]
            with contextlib.suppress(subprocess.TimeoutExpired):
                told = subprocess.run([*command, *given], capture_output=True, timeout=90, check=True)
                found = json.loads(told.stdout.splitlines()[-1])
                yield f"{name} {found['version']}", statistics.median(found["seconds"])


@case("monitoring.estimates")
def estimates() -> Iterator[Row]:
    """How far estimates without labels lie from those of NannyML, where installed, over its own sampling error."""
    import mlops_lite as ml

    python = Path(os.environ.get("BENCH_PEERS", ""), "nannyml", "bin", "python")
    if not python.exists():
        return
    other_names = {"mean_absolute_error": "mae", "root_mean_squared_error": "rmse"}
    scores: dict[str, dict[str, Any]] = {
        "binary": {"score": "score"},
        "classes": {"score": {name: f"score_{name}" for name in "abc"}},
        "regression": {"features": ["x0", "x1", "x2"], "task": "regression"},
    }
    for task, given in scores.items():
        with folder() as path:
            before, now = _estimable(task, 20_000, 0, 0.0), _estimable(task, 5_000, 1, 0.4)
            paths = [f"{path}/reference.parquet", f"{path}/current.parquet"]
            before.to_parquet(paths[0])
            now.to_parquet(paths[1])
            command = [python, ROOT / "tests/bench/_nannyml.py", task, *paths]
            theirs = json.loads(subprocess.run(command, capture_output=True, check=True).stdout.splitlines()[-1])
            reference = ml.Dataset("before", store=f"{path}/store").snapshot(before)
            names = {"target": "target", "prediction": "prediction", **given}
            monitor = ml.Monitor("bench", reference=reference, store=f"{path}/store", **names)
            for name, found in monitor.check(now.drop(columns="target")).metrics.items():
                short = name.removeprefix("estimated_")
                value, error = theirs.get(other_names.get(short, short), (None, None))
                if value is not None:
                    away = abs(found.value - value) / error
                    yield Row(f"{task}: {short}", away, None, "<= 1 sampling error", "x", holds=away <= 1)


def _estimable(task: str, rows: int, seed: int, shift: float) -> pd.DataFrame:
    """Draw rows of a model whose score is not calibrated, or whose errors depend on a feature."""
    dice = np.random.default_rng(seed)
    x = dice.normal([shift, 0, shift], 1, (rows, 3))
    if task == "regression":
        p = 2 * x[:, 0] + x[:, 1]
        y = p + dice.normal(0, 0.5 + np.abs(x[:, 2]))
        return pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "x2": x[:, 2], "prediction": p, "target": y})
    if task == "binary":
        y = (dice.random(rows) < 1 / (1 + np.exp(-1.5 * x[:, 0]))).astype(int)
        score = 1 / (1 + np.exp(-2.5 * x[:, 0] - 0.3))
        return pd.DataFrame({"score": score, "prediction": (score >= 0.5).astype(int), "target": y})
    truth, told = (np.exp(sharp * x) / np.exp(sharp * x).sum(1, keepdims=True) for sharp in (1, 2))
    names = np.array(list("abc"))
    y = names[(dice.random((rows, 1)) > truth.cumsum(1)[:, :-1]).sum(1)]
    scores = {f"score_{name}": told[:, place] for place, name in enumerate(names)}
    return pd.DataFrame({**scores, "prediction": names[told.argmax(1)], "target": y})
