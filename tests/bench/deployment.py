"""Deployments: what a call pays, how fast a fleet follows, whether anything is lost, whether a canary is fair."""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench import Row, case, folder

CALLS = 2_000


class Zero:
    """The cheapest model: what is measured is what stands around it."""

    answer = np.zeros(1)

    def predict(self, X: Any) -> Any:
        return self.answer


class Heavy:
    """A model of some size, that takes a while to load."""

    def __init__(self) -> None:
        self.weights = np.random.default_rng(0).normal(size=2_000_000)

    def predict(self, X: Any) -> Any:
        return np.full(len(X), self.weights[0])


def frames() -> dict[str, Any]:
    """Give 1 row of 30 columns: floats, and six each of five kinds; and the same as an array."""
    import pandas as pd

    mixed: dict[str, Any] = {}
    for number in range(6):
        mixed |= {f"f{number}": [1.5], f"i{number}": [number], f"s{number}": ["text"], f"b{number}": [True]}
        mixed[f"t{number}"] = [pd.Timestamp("2026-01-01")]
    return {
        "numpy": np.zeros((1, 30)),
        "frame of floats": pd.DataFrame({f"f{number}": [1.0] for number in range(30)}),
        "frame of five kinds": pd.DataFrame(mixed),
    }


def per_call(*functions: Callable[[], Any], rounds: int = 15, between: Callable[[], Any] = lambda: None) -> list[float]:
    """Time calls in turn; the medians of rounds, in seconds a call."""
    times: list[list[float]] = [[] for _ in functions]
    for function in functions:
        function()
    for _ in range(rounds):
        between()
        for function, column in zip(functions, times, strict=True):
            gc.collect()
            begin = time.perf_counter()
            for _ in range(CALLS):
                function()
            column.append((time.perf_counter() - begin) / CALLS)
    return [statistics.median(column) for column in times]


@case("deployment.call")
def call() -> Iterator[Row]:
    """What a call pays over the bare model."""
    import mlops_lite as ml

    with folder() as path:
        store = ml.Store(f"{path}/store")
        for name, X in frames().items():
            place = name.replace(" ", "-")
            ml.Registry(store).register(place, Zero(), example=X, signature=_relaxed(X))
            ml.deploy(f"{place}@1", to=place, store=store)
            bare = ml.Registry(store).load(f"{place}@1").predict
            plain = ml.Deployment(place, check=False, store=store, follow=None)
            checked = ml.Deployment(place, store=store, follow=None)
            logged = ml.Deployment(place, check=False, log={"flush_s": 3600}, store=store, follow=None)
            strict, canary = _others(store, place, X)
            ways = (bare, plain.predict, checked.predict, strict, logged.predict, canary)
            floor, without, with_check, with_nulls, with_log, with_canary = per_call(
                *[lambda one=one, X=X: one(X) for one in ways], between=logged._wiring.log.flush
            )
            logged.close()
            most = 1e-6 if name == "numpy" else 25e-6
            yield Row(f"{name}: no check, no log, over the bare model", without - floor, floor, "<= 1 µs",
                      holds=without - floor <= 1e-6)  # fmt: skip
            yield Row(f"{name}: signature check, structure", with_check - without, floor, f"<= {most * 1e6:.0f} µs",
                      holds=with_check - without <= most)  # fmt: skip
            yield Row(f"{name}: signature check, missing values refused", with_nulls - without, floor)
            yield Row(f"{name}: prediction log", with_log - without, floor, "<= 3 µs", holds=with_log - without <= 3e-6)
            yield Row(f"{name}: canary by a key", with_canary - without, floor)
            assert logged.dropped == 0


@case("deployment.peers")
def peers() -> Iterator[Row]:
    """A call that checks the signature beside MLflow, in its environment ``<BENCH_PEERS>/mlflow``, if that is there."""
    import mlops_lite as ml

    python = Path(os.environ.get("BENCH_PEERS", ""), "mlflow", "bin", "python")
    if not python.exists():
        return
    with folder() as path:
        for name, X in frames().items():
            if hasattr(X, "to_parquet"):
                X.to_parquet(f"{path}/{name}.parquet")
        command = [python, Path(__file__).with_name("_serving_peers.py"), path, "100"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        theirs = json.loads(said.splitlines()[-1])
        store = ml.Store(f"{path}/store")
        for name, X in frames().items():
            place = name.replace(" ", "-")
            ml.Registry(store).register(place, Zero(), example=X)
            ml.deploy(f"{place}@1", to=place, store=store)
            bare, live = Zero().predict, ml.Deployment(place, store=store, follow=None).predict
            floor, ours = per_call(lambda X=X, bare=bare: bare(X), lambda X=X, live=live: live(X))
            found = {f"mlflow {theirs['version']}": theirs[name]}
            yield Row(f"{name}: a whole call, missing values refused", ours, floor, peers=found)


def _relaxed(X: Any) -> Any:
    """Give a signature of structure alone: missing values may be anywhere."""
    import mlops_lite as ml

    if isinstance(X, np.ndarray):
        return ml.Signature.infer(np.full_like(X, np.nan))
    return ml.Signature.infer(X).relaxed()


def _others(store: Any, place: str, X: Any) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Serve a version that refuses missing values, and one beside a canary."""
    import mlops_lite as ml

    name = f"{place}-canary"
    ml.Registry(store).register(place, Zero(), example=X)
    ml.deploy(f"{place}@2", to=f"{place}-strict", store=store)
    ml.deploy(f"{place}@1", to=name, store=store)
    ml.deploy(f"{place}@2", to=name, canary=0.1, store=store)
    strict = ml.Deployment(f"{place}-strict", store=store, follow=None)
    live = ml.Deployment(name, check=False, store=store, follow=None)
    return strict.predict, lambda X: live.predict(X, key="customer 77")


FIRST = """
import sys, time
begin = time.perf_counter()
import numpy as np
row = np.zeros((1, 64))
if sys.argv[1] == "joblib":
    import joblib
    joblib.load(sys.argv[2]).predict(row)
else:
    import mlops_lite as ml
    ml.Deployment("prod", store=ml.Store(sys.argv[2])).predict(row)
print(time.perf_counter() - begin)
"""


@case("deployment.first")
def first() -> Iterator[Row]:
    """Registered to the first prediction, in a fresh process."""
    import joblib
    from sklearn.datasets import load_digits
    from sklearn.ensemble import RandomForestClassifier

    import mlops_lite as ml

    X, y = load_digits(return_X_y=True)
    with folder() as path:
        model = RandomForestClassifier(100, random_state=0).fit(X, y)
        joblib.dump(model, f"{path}/model.joblib")
        store = ml.Store(f"{path}/store")
        ml.Registry(store).register("digits", model, example=X[:5])
        ml.deploy("digits@1", to="prod", store=store)
        asked = [("ours", store.url), ("joblib", f"{path}/model.joblib")]
        times: dict[str, list[float]] = {"ours": [], "joblib": []}
        for number in range(8):
            for who, where in asked:
                took = _printed(FIRST, who, where, bytecode=f"{path}/bytecode")
                if number:  # the first one compiles
                    times[who].append(took)
        mine, theirs = statistics.median(times["ours"]), statistics.median(times["joblib"])
        yield Row("fresh process to the first prediction", mine, theirs, "<= 1.1 x joblib", holds=mine <= 1.1 * theirs)


def _printed(code: str, *arguments: str, bytecode: str) -> float:
    """Run a program that prints a number; modules are compiled once, as those of an installed package are."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONPYCACHEPREFIX": bytecode}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    return float(subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout)


FLEET = """
import sys, time, threading
import numpy as np
import mlops_lite as ml
live = ml.Deployment("prod", store=ml.Store(sys.argv[1]))
rows = np.zeros((1, 8))
live.predict(rows)
times, failed, seen = [], 0, {}
print("ready", flush=True)
end = time.time() + float(sys.argv[2])
while time.time() < end:
    begin = time.perf_counter()
    try:
        live.predict(rows)
    except Exception:
        failed += 1
    times.append((time.time(), time.perf_counter() - begin))
    seen.setdefault(live.version, time.time())
    time.sleep(0.0005)
print(failed, *[f"{version}:{when}" for version, when in seen.items()], flush=True)
began = min(seen.values())
quiet = sorted(took for when, took in times if when < began + 2)
swap = sorted(took for when, took in times if when >= began + 2)
print(quiet[int(.99 * len(quiet))], swap[int(.99 * len(swap))], flush=True)
"""


@case("deployment.fleet")
def fleet() -> Iterator[Row]:
    """A promotion reaches four processes that answer all the while."""
    import mlops_lite as ml
    from mlops_lite.deployment.loaded import load

    with folder() as path:
        store = ml.Store(f"{path}/store")
        for _ in range(3):
            ml.Registry(store).register("heavy", Heavy(), example=np.zeros((1, 8)))
        ml.deploy("heavy@1", to="prod", store=store)
        begin = time.perf_counter()
        load(store, "model/heavy@2")
        loading = time.perf_counter() - begin
        delays, failures, ratios = [], 0, []
        for _ in range(5):
            delay, failed, ratio = _round(store, f"{path}/store")
            delays.append(delay)
            failures += failed
            ratios.append(ratio)
            ml.deploy("heavy@1", to="prod", store=store)
        most = 0.1 + 4 * loading + 0.05  # four processes load on the cores that are there
        yield Row("promotion to the last of 4 processes", statistics.median(delays), 0.1 + loading,
                  "<= one poll + load (4 at a time)", holds=statistics.median(delays) <= most)  # fmt: skip
        yield Row("calls that failed", failures, None, "0", "calls", holds=failures == 0)
        yield Row("p99 of a call while swapping, over quiet", statistics.median(ratios), None, "<= 2 x", "x",
                  holds=statistics.median(ratios) <= 2)  # fmt: skip


def _round(store: Any, url: str) -> tuple[float, int, float]:
    import mlops_lite as ml

    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    fleet = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", FLEET, url, "4"], stdout=subprocess.PIPE, text=True, env=environment
        )
        for _ in range(4)
    ]
    for process in fleet:
        assert process.stdout is not None
        process.stdout.readline()
    time.sleep(2)
    ml.deploy("heavy@2", to="prod", store=store)
    promoted = time.time()
    failed, arrived, ratios = 0, [], []
    for process in fleet:
        text = process.communicate()[0].splitlines()
        counted, *seen = text[0].split()
        failed += int(counted)
        arrived.append(dict(one.split(":") for one in seen)["2"])
        quiet, swap = map(float, text[1].split())
        ratios.append(swap / quiet)
    return max(map(float, arrived)) - promoted, failed, statistics.median(ratios)


def promotions(url: str, options: dict[str, Any], writers: int, each: int) -> Iterator[Row]:
    """Let writers promote at once, and count."""
    import mlops_lite as ml
    from mlops_lite.deployment import Place

    store = ml.Store(url, **options)
    for _ in range(2):
        ml.Registry(store).register("churn", {"w": [1.0]})
    acknowledged: list[list[int]] = [[] for _ in range(writers)]

    def promote(writer: int) -> None:
        place = Place(ml.Store(url, **options), "prod")
        for number in range(each):
            ref = f"model/churn@{1 + (writer + number) % 2}"
            change = place.append("deploy", ref, lambda state, ref=ref: state.entered(ref), keep_same=True)
            acknowledged[writer].append(change.number)

    threads = [threading.Thread(target=promote, args=(writer,)) for writer in range(writers)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begin
    history = Place(ml.Store(url, **options), "prod").history()
    numbers = [change.number for change in history]
    lost = {number for one in acknowledged for number in one} ^ set(numbers)
    gapless = numbers == list(range(1, writers * each + 1))
    name = f"{writers} writers x {each} promotions on {url.split(':')[0] if '://' in url else 'local disk'}"
    yield Row(name, writers * each / took, None, "gapless, 0 lost", "promotions/s", holds=gapless and not lost)


@case("deployment.promotions-local")
def promotions_local() -> Iterator[Row]:
    """Eight writers on local disk."""
    with folder() as path:
        yield from promotions(f"{path}/store", {}, 8, 500)


@case("deployment.promotions-buckets")
def promotions_buckets() -> Iterator[Row]:
    """Four writers on S3 (moto) and Azure (azurite)."""
    from tests import servers

    for server in (servers.s3_server, servers.azure_server):
        generator = server.__wrapped__() if hasattr(server, "__wrapped__") else server.__pytest_wrapped__.obj()
        options = next(generator)
        bucket = "az://team" if "connection_string" in options else "s3://team-bucket"
        try:
            yield from promotions(f"{bucket}/{os.urandom(4).hex()}", options, 4, 20)
        finally:
            next(generator, None)


@case("deployment.canary")
def canary() -> Iterator[Row]:
    """False returns of a canary: 10,000 trials of a version that is no worse, looked at after every segment."""
    from mlops_lite.deployment.judging import _Pair
    from mlops_lite.deployment.labelled import Loss
    from mlops_lite.deployment.rollouts.canary import Canary

    streams, looks, calls, alpha = 10_000, 20, 50, 0.05
    for rate, share in ((0.02, 0.1), (0.2, 0.5)):
        dice = np.random.default_rng(7)
        returned = 0
        for _ in range(streams):
            pair = _Pair("errors", Canary(share, alpha=alpha), (0.0, 1.0))
            for _ in range(looks):
                failed, mine = dice.random(calls) < rate, dice.random(calls) < share
                own, other = (
                    [Loss(name, 1, float(one)) for one in failed[which]] for name, which in (("b", mine), ("a", ~mine))
                )
                pair.update(own, other, 1)
                assert pair.worse is not None
                if pair.worse.refuted:
                    returned += 1
                    break
        part = returned / streams
        yield Row(f"false returns, {rate:.0%} errors, {share:.0%} of the keys", part, alpha, "<= 5 % at every look",
                  "of trials", holds=part <= alpha)  # fmt: skip
