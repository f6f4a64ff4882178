"""Models: what registering and opening cost, in time, memory and bytes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench import Row, case, folder, in_turn, seconds

MIB = 1 << 20
ROUNDS = 5
SIZE_MIB = int(os.environ.get("BENCH_MODEL_MIB", "256"))  # of each of the four arrays


def four_arrays(seed: int = 0) -> dict[str, Any]:
    """Make a model of four arrays."""
    import numpy as np

    rng = np.random.default_rng(seed)
    return {f"w{i}": rng.random(SIZE_MIB * MIB // 8) for i in range(4)}


def register(path: str, model: Any) -> None:
    """Register a model in a store of its own."""
    import mlops_lite as ml

    ml.Registry(ml.Store(path)).register("m", model)


def raw_write(path: str, model: dict[str, Any]) -> None:
    """Write the bytes of the arrays, a file each, with SHA-256 on all cores and fsync: the floor."""
    os.makedirs(path)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        hashes = [pool.submit(hashlib.sha256, memoryview(array).cast("B")) for array in model.values()]
        for name, array in model.items():
            with open(f"{path}/{name}", "wb") as file:
                file.write(memoryview(array).cast("B"))
                file.flush()
                os.fsync(file.fileno())
        for each in hashes:
            each.result()


def hash_all(model: dict[str, Any]) -> None:
    """Take SHA-256 of all bytes on all cores."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda array: hashlib.sha256(memoryview(array).cast("B")).digest(), model.values()))


def fresh(path: str) -> None:
    """Empty a place, and wait until the disk has done so: what is timed next should not pay for it."""
    shutil.rmtree(path, ignore_errors=True)
    os.sync()


@case("models.first")
def first() -> Iterator[Row]:
    """Register four arrays for the first time."""

    model = four_arrays()
    with folder() as path:
        times: list[list[float]] = [[], []]
        for number in range(ROUNDS + 1):
            places = [f"{path}/store{number}", f"{path}/raw{number}"]
            times[0].append(seconds(partial(register, places[0], model)))
            times[1].append(seconds(partial(raw_write, places[1], model)))
            for place in places:
                fresh(place)
        mine, raw = (statistics.median(column[1:]) for column in times)
        yield Row("register 4 arrays, first version", mine, raw, "<= 1.2 x raw write", holds=mine <= 1.2 * raw)


PEAK = """
import resource, sys, numpy as np, mlops_lite as ml
mib, layout = int(sys.argv[2]), sys.argv[3]
rng = np.random.default_rng(0)
rows = mib * 131072 // 512
make = {"C": lambda: rng.random(rows * 512), "strided": lambda: rng.random((rows, 1024))[:, ::2]}[layout]
model = {f"w{i}": make() for i in range(4)}
registry = ml.Registry(ml.Store(sys.argv[1]))
registry.register("warm", {"w": np.zeros(10)})
def now(): return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) / 1024
open("/proc/self/clear_refs", "w").write("5")
before = now()
registry.register("m", model)
print(now() - before)
"""


@case("models.memory")
def memory() -> Iterator[Row]:
    """Memory over the model while it is registered."""
    size = min(SIZE_MIB, 128)
    for layout, most in (("C", 64), ("strided", 64 + size)):
        with folder() as path:
            found = float(script(PEAK, f"{path}/store", str(size), layout))
            yield Row(
                f"register 4 x {size} MiB, {layout}: memory over the model", found, None, f"<= {most} MiB", "MiB",
                holds=found <= most,
            )  # fmt: skip


def script(code: str, *arguments: str) -> str:
    """Run a program and give what it printed; modules are compiled once, as those of an installed package are."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": ""}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True, env=environment, check=True
    ).stdout


@case("models.second")
def second() -> Iterator[Row]:
    """Register again with one array of four changed."""
    import numpy as np

    import mlops_lite as ml

    model = four_arrays()
    with folder() as path:
        store = ml.Store(f"{path}/store")
        registry = ml.Registry(store)
        registry.register("m", model)
        rng = np.random.default_rng(1)

        def change() -> dict[str, Any]:
            return {**model, "w1": rng.random(len(model["w1"]))}

        times: list[list[float]] = [[], [], [], []]
        sizes = []
        for _ in range(ROUNDS + 1):
            changed = change()
            before = size_of(path)
            times[0].append(seconds(partial(registry.register, "m", changed)))
            sizes.append(size_of(path) - before)
            times[1].append(seconds(partial(hash_all, changed)))
            loaded = {**registry.load("m", readonly=True), "w1": rng.random(len(model["w1"]))}
            times[2].append(seconds(partial(registry.register, "m", loaded)))
            del loaded
            times[3].append(seconds(partial(register, f"{path}/other", model)))
            fresh(f"{path}/other")
        ours, floor, mapped, whole = (statistics.median(column[1:]) for column in times)
        nbytes, array = statistics.median(sizes), SIZE_MIB * MIB
        yield Row(
            "register, one of 4 arrays changed", ours, floor, "<= 1.3 x SHA-256 of all",
            peers={"first version": whole}, holds=ours <= 1.3 * floor,
        )  # fmt: skip
        yield Row(
            "the same, the others read-only maps of this store", mapped, whole, "<= 0.45 x first version",
            holds=mapped <= 0.45 * whole,
        )  # fmt: skip
        yield Row("bytes stored for it", nbytes, array, "<= 1.001 x the array", "B", holds=nbytes <= 1.001 * array)


def size_of(path: str) -> int:
    """Add up the files of a store."""
    return sum(found.stat().st_size for found in Path(path, "store").rglob("*") if found.is_file())


LOAD = """
import sys, time
import numpy, pandas, pyarrow, attrs, cattrs, cloudpickle
import mlops_lite as ml, mlops_lite.registry, mlops_lite.formats.tree, mlops_lite.formats.pickle
from mlops_lite.base import canonical
canonical._converter()
def resident(): return int(open("/proc/self/status").read().split("VmRSS:")[1].split()[0]) / 1024
how = eval(sys.argv[2])
before, start = resident(), time.perf_counter()
model = ml.Registry(sys.argv[1]).load("m", **how)
took = time.perf_counter() - start
import json
print(json.dumps([took, resident() - before]))
"""

JOBLIB = """
import sys, time, json, joblib, numpy
start = time.perf_counter()
model = joblib.load(sys.argv[1])
print(json.dumps([time.perf_counter() - start, 0]))
"""


@case("models.load")
def load() -> Iterator[Row]:
    """Open in a fresh process."""
    import joblib

    import mlops_lite as ml

    model = four_arrays()
    with folder() as path:
        ml.Registry(ml.Store(f"{path}/store")).register("m", model)
        joblib.dump(model, f"{path}/joblib")
        firsts, hashes = [], []
        for _ in range(ROUNDS):
            shutil.rmtree(f"{path}/cache", ignore_errors=True)
            firsts.append(json.loads(script(LOAD, f"{path}/store", "{}"))[0])
            hashes.append(seconds(lambda: hash_all(model)))
        warm = [json.loads(script(LOAD, f"{path}/store", "{}")) for _ in range(ROUNDS)]
        peers = statistics.median(json.loads(script(JOBLIB, f"{path}/joblib"))[0] for _ in range(3))
        took, grown = (statistics.median(column) for column in zip(*warm, strict=True))
        yield Row("open, verified earlier, fresh process", took, None, "<= 10 ms", peers={"joblib": peers},
                  holds=took <= 0.010)  # fmt: skip
        yield Row("memory that it takes", grown, None, "<= 64 MiB", "MiB", holds=grown <= 64)
        mine, floor = statistics.median(firsts), statistics.median(hashes)
        yield Row("open, the first time on this machine", mine, floor, "<= 1.3 x SHA-256", holds=mine <= 1.3 * floor)


@case("models.touch")
def touch() -> Iterator[Row]:
    """Read every byte after opening."""
    import numpy as np

    import mlops_lite as ml

    model = four_arrays()
    with folder() as path:
        registry = ml.Registry(ml.Store(f"{path}/store"))
        registry.register("m", model)
        for name, array in model.items():
            array.tofile(f"{path}/{name}")
        registry.load("m")

        def ours() -> None:
            for array in registry.load("m").values():
                array.sum()

        def floor() -> None:
            for name in model:
                np.memmap(f"{path}/{name}", np.float64, "r").sum()

        mine, raw = in_turn(ours, floor, rounds=ROUNDS)
        yield Row("open and read every byte", mine, raw, "<= 1.1 x numpy.memmap", holds=mine <= 1.1 * raw)


@case("models.forest")
def forest() -> Iterator[Row]:
    """A forest of 100 trees on digits, beside joblib."""
    import joblib

    import mlops_lite as ml

    model = grown()
    with folder() as path:
        registry = ml.Registry(ml.Store(f"{path}/store"))
        numbers = iter(range(10_000))

        def ours() -> None:
            registry.register("forest", model)

        def floor() -> None:
            joblib.dump(model, f"{path}/model.joblib")
            descriptor = os.open(f"{path}/model.joblib", os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)

        times: list[list[float]] = [[], []]
        for number in range(16):
            change(model, next(numbers))
            for place, function in enumerate((ours, floor) if number % 2 else (floor, ours)):
                times[place if number % 2 else 1 - place].append(seconds(function))
        mine, theirs = (statistics.median(column[2:]) for column in times)
        yield Row("register a forest", mine, theirs, "<= 1.6 x joblib + fsync", holds=mine <= 1.6 * theirs)
        cases: tuple[tuple[str, dict[str, Any]], ...] = (("code", {"trusted": "code"}), ("known", {"trusted": "known"}))
        for level, how in cases:
            mine, theirs = in_turn(
                partial(registry.load, "forest", **how), partial(joblib.load, f"{path}/model.joblib"), rounds=15
            )
            holds = mine <= theirs if level == "code" else None
            mark = "<= 1.0 x joblib" if level == "code" else "names judged earlier"
            yield Row(f"open a forest, trusted={level!r}", mine, theirs, mark, holds=holds)


@case("models.bucket")
def bucket() -> Iterator[Row]:
    """256 MiB to S3 and back, beside s3fs."""
    import numpy as np
    import s3fs

    import mlops_lite as ml

    size = min(SIZE_MIB, 256)
    with folder() as path, moto() as options:
        model = {"w": np.random.default_rng(0).random(size * MIB // 8)}
        model["w"].tofile(f"{path}/raw")
        fs = s3fs.S3FileSystem(skip_instance_cache=True, **options)
        numbers = iter(range(100))
        store = ml.Store("s3://bench/store", **options)
        registry = ml.Registry(store)
        registry.register("small", {"w": 1})

        def up() -> None:
            model["w"][0] = next(numbers)
            registry.register("m", model)

        def put() -> None:
            fs.put_file(f"{path}/raw", "bench/raw")

        def down() -> None:
            shutil.rmtree(f"{path}/cache", ignore_errors=True)
            registry.load("m", trusted="known")

        def get() -> None:
            fs.get_file("bench/raw", f"{path}/back")

        mine, theirs = in_turn(up, put, rounds=ROUNDS)
        yield Row(
            f"register {size} MiB on S3 (moto)", mine, theirs, ">= 0.9 x the rate of s3fs", holds=0.9 * mine <= theirs
        )
        mine, theirs = in_turn(down, get, rounds=ROUNDS)
        yield Row(
            f"open {size} MiB from S3 (moto)", mine, theirs, ">= 0.9 x the rate of s3fs", holds=0.9 * mine <= theirs
        )


@contextlib.contextmanager
def moto() -> Iterator[dict[str, Any]]:
    """Run an S3 server with a bucket."""
    import urllib.request

    from tests.servers import free_port, running

    port = free_port()  # type: ignore[no-untyped-call]
    with running([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], port):
        url = f"http://127.0.0.1:{port}"
        urllib.request.urlopen(urllib.request.Request(f"{url}/bench", method="PUT"), timeout=10).close()
        yield {"endpoint_url": url, "key": "test", "secret": "test"}


@case("models.signature")
def signature() -> Iterator[Row]:
    """Hold inputs against a signature."""
    import numpy as np
    import pandas as pd

    from mlops_lite.registry import Signature
    from mlops_lite.registry.blocks import Layout

    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {}
    for i in range(6):
        columns[f"f{i}"] = rng.normal(size=100)
        columns[f"i{i}"] = np.arange(100)
        columns[f"b{i}"] = np.arange(100) % 2 == 0
        columns[f"s{i}"] = ["x", "y"] * 50
        columns[f"c{i}"] = pd.Categorical(["a", "b"] * 50)
    example = pd.DataFrame(columns)
    strict, types = Signature.infer(example), example.dtypes.to_dict()
    records = [{name: values[i] for name, values in columns.items()} for i in range(100)]

    def frames() -> list[pd.DataFrame]:
        return [pd.DataFrame([record]).astype(types) for record in records]

    made = frames()
    strict.check(made[0])
    layout = Layout(made[0])
    structure = each(layout.fits, frames())
    public = each(layout.fits_publicly, frames())
    whole = each(strict.check, frames())
    yield Row(
        "structure of a frame of 1 x 30, never seen before", structure, public, "<= 25 µs", holds=structure <= 25e-6
    )
    extra = whole - structure
    yield Row("nulls and categories besides", extra, None, "<= 100 µs more", holds=extra <= 100e-6)
    array = rng.normal(size=(1, 30))
    allowing = Signature.infer(np.full((1, 30), np.nan))
    checked = each(allowing.check, [array] * 2000)
    yield Row("structure of an array of 1 x 30", checked, None, "<= 1 µs", holds=checked <= 1e-6)


def each(function: Callable[[Any], Any], values: list[Any]) -> float:
    """Time single calls, and give the median."""
    function(values[0])
    return statistics.median(seconds(partial(function, value)) for value in values[1:])


@case("models.peers")
def peers() -> Iterator[Row]:
    """Register and open beside MLflow, in its environment ``<BENCH_PEERS>/mlflow``, where that is there."""
    import numpy as np

    import mlops_lite as ml

    python = Path(os.environ.get("BENCH_PEERS", ""), "mlflow", "bin", "python")
    if not python.exists():
        return
    size = min(SIZE_MIB, 64)
    with folder() as path:
        command = [str(python), str(Path(__file__).with_name("_model_peers.py")), path, str(size), str(ROUNDS)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        theirs = json.loads(said.splitlines()[-1])
        registry = ml.Registry(ml.Store(f"{path}/store"))
        arrays = {f"w{i}": np.random.default_rng(i).random(size * MIB // 8) for i in range(4)}
        for name, model in (("a forest", grown()), (f"4 x {size} MiB", arrays)):
            numbers = iter(range(100))

            def add(model: Any = model, numbers: Iterator[int] = numbers) -> None:
                change(model, next(numbers))
                registry.register("m", model)

            def opened() -> Any:
                return registry.load("m", trusted="code")

            ours = dict(zip(OURS, in_turn(add, opened, opened, rounds=ROUNDS), strict=True))
            for what, took in ours.items():
                found = theirs[f"{what.split(',')[0]} {'a forest' if name == 'a forest' else 'arrays'}"]
                yield Row(f"{name}: {what}", took, None, peers={f"mlflow {theirs['version']}": found})


OURS = ("register", "open", "open, verified earlier")


def grown() -> Any:
    """Grow a forest of 100 trees on digits."""
    from sklearn.datasets import load_digits
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(100, random_state=0).fit(*load_digits(return_X_y=True))


def change(model: Any, number: int) -> None:
    """Change every array of a model a little, or there would be nothing to write."""
    for values in model.values() if isinstance(model, dict) else (tree.tree_.value for tree in model.estimators_):
        values.reshape(-1)[0] = number
