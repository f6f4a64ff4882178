"""Data: what a snapshot costs and adds, what loading costs; beside one tuned Parquet file of the same content."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
import unittest.mock
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.bench import Row, case, folder, seconds

ROWS = int(os.environ.get("ROWS", 5_000_000))
ROUNDS = 5
FIRST, LAST = ("Anna", "Bilal", "Chen", "Dora", "Emeka", "Fatima", "Goran", "Hana", "Ivan", "Julia", "Kofi", "Lena"), (
    "Adams", "Berg", "Costa", "Dias", "Evans", "Fischer", "Garcia", "Haddad", "Ito", "Jansen", "Khan", "Lopez", "Meyer",
)  # fmt: skip
CITIES = ("Amsterdam", "Berlin", "Cordoba", "Dakar", "Edinburgh", "Florence", "Geneva", "Hamburg", "Istanbul", "Kyoto")


def made(rows: int = ROWS, seed: int = 0) -> Any:
    """Make a table of orders: 12 columns, about 120 bytes a row."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    dice = np.random.default_rng(seed)

    def text(values: Any) -> Any:
        return pa.array(values).cast(pa.string())

    def pick(words: Any) -> Any:
        return pa.array(words, pa.string()).take(pa.array(dice.integers(0, len(words), rows)))

    customer = dice.integers(0, 2_000_000, rows)
    name = pc.binary_join_element_wise(pick(FIRST), pick(LAST), text(customer % 1000), ".")
    address = pc.binary_join_element_wise(name, pick(("example.com", "mail.example.org", "shop.example.net")), "@")
    token = pc.utf8_lpad(text(dice.integers(0, 10**15, rows)), 16, "0")
    columns = {
        "order": np.arange(rows, dtype=np.int64) * 3 + 10**9,
        "time": np.cumsum(dice.integers(0, 2_000_000, rows)).astype("M8[us]") + np.timedelta64(1_600_000_000, "s"),
        "customer": customer,
        "shop": dice.integers(0, 500, rows).astype(np.int32),
        "quantity": dice.poisson(3, rows).astype(np.int32),
        "price": np.round(dice.gamma(2, 20, rows), 2),
        "score": dice.normal(size=rows),
        "ratio": dice.random(rows).astype(np.float32),
        "returned": pa.array(dice.random(rows) < 0.1, mask=dice.random(rows) < 0.02),
        "city": pick(CITIES),
        "token": token,
        "email": address,
    }
    return pa.table(columns).combine_chunks()


TUNED = {
    "compression": "zstd",
    "use_dictionary": ["city"],
    "column_encoding": {
        **dict.fromkeys(("order", "time", "customer", "shop", "quantity"), "DELTA_BINARY_PACKED"),
        **dict.fromkeys(("price", "score", "ratio"), "BYTE_STREAM_SPLIT"),
    },
}


def write_tuned(table: Any, path: str) -> None:
    """Write one file with the encodings that suit each column, and wait for the disk."""
    import pyarrow.parquet as pq

    pq.write_table(table, path, **TUNED)
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def written(table: Any, path: str) -> float:
    """Time that write, with nothing of an earlier one on its way to the disk."""
    Path(path).unlink(missing_ok=True)
    os.sync()
    return seconds(lambda: write_tuned(table, path))


def medians(rounds: int, *functions: Callable[[], Any]) -> list[float]:
    """Time functions in turn; each prepares itself and returns the seconds that count."""
    times = [[function() for function in functions] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


@case("data.write")
def write() -> Iterator[Row]:
    """The first snapshot, and one of unchanged content."""
    import mlops_lite as ml

    table = made()
    print(f"<!-- {table.nbytes / 1e6:.0f} MB in memory -->")
    with folder() as path:

        def floor() -> float:
            return written(table, f"{path}/one.parquet")

        def first() -> float:
            shutil.rmtree(f"{path}/first", ignore_errors=True)
            os.sync()
            store = ml.Store(f"{path}/first")
            return seconds(lambda: ml.Dataset("orders", store=store).snapshot(table))

        kept = ml.Dataset("orders", store=f"{path}/kept")
        kept.snapshot(table)

        def unchanged() -> float:
            dataset = ml.Dataset("orders", store=f"{path}/kept")
            return seconds(lambda: dataset.snapshot(table))

        def plain(function: Callable[[], float]) -> Callable[[], float]:
            def found() -> float:
                with unittest.mock.patch.dict(sys.modules, {"blake3": None}):
                    return function()

            return found

        before = size_of(f"{path}/kept")
        ours, same, bare, plain_ours, plain_same = medians(
            ROUNDS, first, unchanged, floor, plain(first), plain(unchanged)
        )
        grown = size_of(f"{path}/kept") - before
        yield Row("first snapshot", ours, bare, "<= 0.75 x write_table", holds=ours <= 0.75 * bare)
        yield Row("unchanged", same, bare, "<= 0.12 x write_table", holds=same <= 0.12 * bare)
        yield Row(
            "first snapshot, without blake3", plain_ours, bare, "<= 0.75 x write_table", holds=plain_ours <= 0.75 * bare
        )
        yield Row(
            "unchanged, without blake3", plain_same, bare, "<= 0.12 x write_table", holds=plain_same <= 0.12 * bare
        )
        whole = size_of(f"{path}/one.parquet")
        yield Row("unchanged: new bytes", grown, whole, "<= 0.1 %", "B", holds=grown <= 0.001 * whole)
        yield Row("first: bytes", before, whole, "", "B")


def size_of(path: str) -> int:
    """Add up the bytes of all files."""
    root = Path(path)
    return sum(found.stat().st_size for found in ([root] if root.is_file() else root.rglob("*")) if found.is_file())


def blocks(table: Any, share: float, count: int) -> Any:
    """Change the prices and scores of some blocks of rows."""
    import numpy as np
    import pyarrow as pa

    score = table["score"].to_numpy().copy()
    price = table["price"].to_numpy().copy()
    length = int(len(score) * share / count)
    dice = np.random.default_rng(1)
    for start in dice.integers(0, len(score) - length, count):
        score[start : start + length] = dice.normal(size=length)
        price[start : start + length] += 1
    changed = table.set_column(table.schema.get_field_index("score"), "score", pa.array(score))
    return changed.set_column(table.schema.get_field_index("price"), "price", pa.array(price))


def scattered(table: Any, share: float) -> Any:
    """Change single cells of one column all over."""
    import numpy as np
    import pyarrow as pa

    price = table["price"].to_numpy().copy()
    places = np.random.default_rng(2).integers(0, len(price), int(len(price) * share))
    price[places] += 1
    return table.set_column(table.schema.get_field_index("price"), "price", pa.array(price))


def inserted(table: Any, share: float) -> Any:
    """Put new rows into the middle."""
    import pyarrow as pa

    count, middle = int(table.num_rows * share), table.num_rows // 2
    new = made(count, seed=3)
    return pa.concat_tables([table.slice(0, middle), new, table.slice(middle)]).combine_chunks()


def appended(table: Any, share: float) -> Any:
    """Put new rows at the end."""
    import pyarrow as pa

    return pa.concat_tables([table, made(int(table.num_rows * share), seed=4)]).combine_chunks()


@case("data.change")
def change() -> Iterator[Row]:
    """Snapshots of slightly changed tables."""
    import numpy as np
    import pyarrow as pa

    import mlops_lite as ml

    table = made()
    with folder() as path:
        bare = statistics.median(written(table, f"{path}/one.parquet") for _ in range(ROUNDS))
        whole = size_of(f"{path}/one.parquet")
        extra = pa.array(np.random.default_rng(5).normal(size=table.num_rows))
        alone = size_of_column(extra, path)
        cases: list[tuple[str, Callable[[], Any], float, float]] = [
            ("1 % of rows changed in blocks", lambda: blocks(table, 0.01, 5), 0.18, 0.04),
            ("1 % of rows inserted", lambda: inserted(table, 0.01), 0.18, 0.04),
            ("1 % of rows appended", lambda: appended(table, 0.01), 0.18, 0.04),
            ("0.1 % scattered cells", lambda: scattered(table, 0.001), 0.22, 0.08),
            ("one column added", lambda: table.append_column("extra", extra), 0, alone / whole),
            ("one column removed", lambda: table.drop_columns(["score"]), 0, 0.001),
            (
                "one column renamed",
                lambda: table.rename_columns([n.replace("score", "points") for n in table.column_names]),
                0,
                0.001,
            ),
        ]
        ml.Dataset("orders", store=f"{path}/base").snapshot(table)
        for name, change_of, time_mark, byte_mark in cases:
            changed = change_of()
            times = []
            for number in range(ROUNDS):
                target = f"{path}/{number}"
                shutil.copytree(f"{path}/base", target)
                os.sync()
                dataset = ml.Dataset("orders", store=target)
                dataset.load(columns=["shop"])  # a store that is in use
                times.append(seconds(lambda dataset=dataset, changed=changed: dataset.snapshot(changed)))
                grown = size_of(target) - size_of(f"{path}/base")
                shutil.rmtree(target)
            ours = statistics.median(times)
            mark = f"<= {time_mark:g} x write_table" if time_mark else ""
            yield Row(name, ours, bare, mark, holds=ours <= time_mark * bare if time_mark else None)
            yield Row(
                f"{name}: new bytes", grown, whole, f"<= {byte_mark:.1%}", "B", holds=grown <= byte_mark * 1.02 * whole
            )
            del changed


def size_of_column(column: Any, path: str) -> int:
    """Store a column alone."""
    import pyarrow as pa

    import mlops_lite as ml

    ml.Dataset("extra", store=f"{path}/alone").snapshot(pa.table({"extra": column}))
    return size_of(f"{path}/alone")


LOAD = """
import sys, time
import pyarrow as pa, pyarrow.parquet as pq, pyarrow.dataset, pandas
import mlops_lite as ml
path, what, columns = sys.argv[1], sys.argv[2], sys.argv[3].split(",") if sys.argv[3] else None
dataset = ml.Dataset("orders", store=f"{path}/store")
# both have read something small before: imports are not what is timed
pq.read_table(f"{path}/small.parquet").to_pandas()
ml.Dataset("small", store=f"{path}/store").load(), ml.Dataset("small", store=f"{path}/store")["latest"].to_pandas()
begin = time.perf_counter()
if what == "floor": found = pq.read_table(f"{path}/one.parquet", columns=columns)
elif what == "floor-pandas": found = pq.read_table(f"{path}/one.parquet", columns=columns).to_pandas()
elif what == "pandas": found = dataset["latest"].to_pandas(columns)
elif what == "old": found = dataset.load(1, columns)
else: found = dataset.load(columns=columns)
print(time.perf_counter() - begin)
"""


def in_process(path: str, what: str, columns: str = "") -> float:
    """Load in a fresh process: its memory is new to it, as that of a user is.

    Both sides take it from the same allocator, one that keeps what it frees: some virtual machines give freed memory
    back to their host at once, and getting it again may take longer than the loading.
    """
    environment = {"ARROW_DEFAULT_MEMORY_POOL": "jemalloc", **os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", LOAD, path, what, columns]
    return float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


@case("data.load")
def load() -> Iterator[Row]:
    """Loading, in fresh processes, with the files in the system's cache."""
    import mlops_lite as ml

    table = made()
    with folder() as path:
        write_tuned(table, f"{path}/one.parquet")
        dataset = ml.Dataset("orders", store=f"{path}/store")
        dataset.snapshot(table)
        dataset.snapshot(blocks(table, 0.01, 5))
        write_tuned(table.slice(0, 1000), f"{path}/small.parquet")
        ml.Dataset("small", store=f"{path}/store").snapshot(table.slice(0, 1000))
        del table
        for name, what, floor, columns, mark in (
            ("load all", "new", "floor", "", 0.7),
            ("load all of an old version", "old", "floor", "", 0.7),
            ("load 2 of 12 columns", "new", "floor", "price,city", 1.3),
            ("load 2 of 12 columns: numbers", "new", "floor", "order,score", 1.3),
            ("to pandas", "pandas", "floor-pandas", "", 1.05),
        ):
            runs = [lambda w=what, c=columns: in_process(path, w, c), lambda f=floor, c=columns: in_process(path, f, c)]
            for run in runs:
                run()
            ours, bare = medians(2 * ROUNDS - 1, *runs)
            yield Row(name, ours, bare, f"<= {mark:g} x read_table", holds=ours <= mark * bare)


@case("data.diff")
def diff() -> Iterator[Row]:
    """The rows that differ, against loading both and comparing."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    import mlops_lite as ml

    table = made()
    with folder() as path:
        changed = blocks(table, 0.01, 5)
        write_tuned(table, f"{path}/one.parquet")
        write_tuned(changed, f"{path}/two.parquet")
        dataset = ml.Dataset("orders", store=f"{path}/store")
        dataset.snapshot(table, key="order")
        dataset.snapshot(changed)
        del table, changed

        def floor() -> float:
            start = time.perf_counter()
            one, two = (pq.read_table(f"{path}/{name}.parquet") for name in ("one", "two"))
            both = one.join(two, keys="order", join_type="inner", right_suffix=" after")
            for name in one.column_names[1:]:
                pc.sum(pc.not_equal(both[name], both[f"{name} after"]))
            return time.perf_counter() - start

        def ours() -> float:
            return seconds(lambda: dataset.diff(1, 2).changed)

        mine, bare = medians(3, ours, floor)
        yield Row(
            "row diff, 1 % changed in blocks", mine, bare, "<= 0.1 x loading and joining", holds=mine <= 0.1 * bare
        )


def peer(name: str, path: str) -> dict[str, tuple[float, int]]:
    """Measure a tool in a process of its own; empty where it is not installed."""
    other = os.environ.get("BENCH_PEERS", sys.executable)  # a Python that has the peers, so that ours need not
    python = sys.executable if name == "mlops_lite" else other
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [python, "-m", "tests.bench._data_peers", name, path]
    found = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(found.splitlines()[-1]) if found.strip() else {}


@case("data.peers")
def peers() -> Iterator[Row]:
    """A first version, the same again, 1 % of rows changed, and 1 % appended, beside other tools."""
    names = {"first": "a first version", "unchanged": "the same again", "changed": "1 % of rows changed in blocks"}
    with folder() as path:
        ours, delta, dvc = (peer(name, path) for name in ("mlops_lite", "deltalake", "dvc"))
        others = {name: found for name, found in (("Delta Lake", delta), ("DVC", dvc)) if found}
        for step, (took, size) in ours.items():
            name = names.get(step, "1 % of rows appended")
            yield Row(name, took, peers={other: found[step][0] for other, found in others.items()})
            yield Row(f"{name}: new bytes", size, unit="B", peers={k: found[step][1] for k, found in others.items()})


STREAM = """
import sys, resource
import numpy as np, pyarrow as pa, pandas, pyarrow.parquet
import mlops_lite as ml
from mlops_lite.data import making, source, snapshot
rows, batch = int(sys.argv[2]), 100_000
def batches():
    dice = np.random.default_rng(0)
    for start in range(0, rows, batch):
        ids = np.arange(start, start + batch)
        yield pa.record_batch({"id": ids, **{f"x{n}": dice.normal(size=batch) for n in range(15)}})
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
s = ml.Dataset("stream", store=sys.argv[1]).snapshot(batches())
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024, s.num_rows)
"""


@case("data.stream")
def stream() -> Iterator[Row]:
    """A stream of 4 GiB."""
    rows = 4 * 2**30 // 128 // 100_000 * 100_000
    with folder() as path:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        command = [sys.executable, "-c", STREAM, f"{path}/store", str(rows)]
        start = time.perf_counter()
        found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()
        took = time.perf_counter() - start
        peak = float(found[0])
        assert int(found[1]) == rows
        yield Row("a stream of 4 GiB: peak memory", peak / 2**20, None, "<= 512 MiB", "MiB", holds=peak <= 512 * 2**20)
        yield Row("a stream of 4 GiB: time", took)


@case("data.files")
def files() -> Iterator[Row]:
    """20,000 files of 4 KiB."""
    import mlops_lite as ml

    with folder() as path:
        for number in range(20_000):
            group = f"{path}/tree/{number // 200:03}"
            os.makedirs(group, exist_ok=True)
            Path(group, f"{number}.bin").write_bytes(os.urandom(4096))

        def copied() -> float:
            shutil.rmtree(f"{path}/copy", ignore_errors=True)
            os.sync()
            command = f"cp -r {path}/tree {path}/copy && sync -f {path}/copy"
            return seconds(lambda: subprocess.run(command, shell=True, check=True))

        def first() -> float:
            shutil.rmtree(f"{path}/first", ignore_errors=True)
            shutil.rmtree(f"{path}/cache", ignore_errors=True)
            os.sync()
            return seconds(lambda: ml.Dataset("tree", store=f"{path}/first").snapshot(f"{path}/tree"))

        def walked() -> float:
            start = time.perf_counter()
            for folder, _, names in os.walk(f"{path}/tree"):
                for name in names:
                    os.stat(os.path.join(folder, name))
            return time.perf_counter() - start

        ours, bare = medians(ROUNDS, first, copied)
        yield Row("20,000 files, first", ours, bare, "<= 0.5 x cp -r", holds=ours <= 0.5 * bare)
        dataset = ml.Dataset("tree", store=f"{path}/first")

        def unchanged() -> float:
            return seconds(lambda: dataset.snapshot(f"{path}/tree"))

        unchanged()
        ours, bare = medians(ROUNDS, unchanged, walked)
        yield Row("20,000 files, unchanged", ours, bare, "<= 3 x a stat walk", holds=ours <= 3 * bare)
