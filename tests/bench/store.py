"""The store: importing, objects, commits, the newest record, many writers, large objects, kills."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import itertools
import multiprocessing
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.bench import Row, case, folder, in_turn, seconds

FORK = multiprocessing.get_context("fork")
ROOT = Path(__file__).parents[2]


def sync_folder(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def sync_filesystem(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    assert ctypes.CDLL(None).syncfs(descriptor) == 0
    os.close(descriptor)


def write(path: str, data: Any, *, sync: bool = False) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL)
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view[: 64 << 20]) :]
    if sync:
        os.fsync(descriptor)
    os.close(descriptor)


# --- importing -------------------------------------------------------------------------------------------------------


@case("store.import")
def importing() -> Iterator[Row]:
    """``import mlops_lite`` over bare Python, in fresh processes."""

    def run(code: str) -> float:
        return seconds(lambda: subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True))

    run("import mlops_lite")
    pairs = [(run("pass"), run("import mlops_lite")) for _ in range(25)]
    bare = statistics.median(one for one, _ in pairs)
    ours = statistics.median(other for _, other in pairs) - bare
    heavy = ["numpy", "pandas", "scipy", "pyarrow", "fsspec", "attrs", "cattrs"]
    code = f"import sys, mlops_lite; print([name for name in {heavy!r} if name in sys.modules])"
    loaded = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).strip()
    yield Row("import mlops_lite, over bare Python", ours, None, "<= 15 ms", holds=ours <= 0.015)
    yield Row(f"heavy libraries loaded by it: {loaded}", 0, None, "none", "", holds=loaded == "[]")


# --- objects ---------------------------------------------------------------------------------------------------------


@case("store.objects")
def objects() -> Iterator[Row]:
    """A thousand objects of 1 kB in one batch, durable; and ten."""
    from mlops_lite.store import Store

    fresh = itertools.count()
    with folder() as path:

        def prepared(place: str) -> Store:
            """Make both sides anew: how long a file takes to make depends on where the disk put its folder."""
            store = Store(f"{place}/store")
            with store.objects.batch() as batch:  # all folders are there
                for number in range(3000):
                    batch.add(b"%d" % number)
            for made in (f"{place}/floor", *(f"{place}/floor/{number:02x}" for number in range(256))):
                os.mkdir(made)
            return store

        def ours(store: Store, ready: list[bytes]) -> None:
            with store.objects.batch() as batch:
                for data in ready:
                    batch.add(data)

        def floor(place: str, ready: list[bytes]) -> None:
            for data in ready:
                digest = hashlib.sha256(data).hexdigest()
                write(f"{place}/floor/{digest[:2]}/{digest[2:]}", data)
            sync_filesystem(place)

        times: dict[int, list[list[float]]] = {1000: [[], []], 100: [[], []]}
        for turn in range(9):
            store = prepared(place := f"{path}/{turn}")
            for count, own in times.items():
                for _ in range(3):
                    ready = [[b"%1024d" % next(fresh) for _ in range(count)] for _ in range(2)]
                    own[0].append(seconds(lambda data=ready[0], store=store: ours(store, data)))
                    own[1].append(seconds(lambda data=ready[1], place=place: floor(place, data)))
        for count, own in times.items():
            one, other = map(statistics.median, own)
            name = f"{count:,} objects of 1 kB in one batch, durable (floor: the files + one syncfs)"
            yield Row(name, one, other, "<= 1.3 x floor", holds=one <= 1.3 * other)


@case("store.dirty")
def dirty() -> Iterator[Row]:
    """Ten objects while another process has 1 GiB on its way to the disk: a sync of everything would wait for it."""
    from mlops_lite.store import Store

    with folder() as path:
        store = Store(f"{path}/store")
        store.objects.put(b"first")
        for number in range(256):
            os.makedirs(f"{path}/floor/{number:02x}")
        fresh = itertools.count()
        code = "import sys; f = open(sys.argv[1], 'wb'); [f.write(bytes(1 << 20)) for _ in range(1024)]"

        def dirtied(function: Callable[[], None]) -> float:
            sync_filesystem(path)
            subprocess.run([sys.executable, "-c", code, f"{path}/dirt"], check=True)
            return seconds(function)

        def ours() -> None:
            with store.objects.batch() as batch:
                for _ in range(10):
                    batch.add(b"%1024d" % next(fresh))

        def floor() -> None:
            places = set()
            for _ in range(10):
                data = b"%1024d" % next(fresh)
                digest = hashlib.sha256(data).hexdigest()
                write(f"{path}/floor/{digest[:2]}/{digest[2:]}", data, sync=True)
                places.add(f"{path}/floor/{digest[:2]}")
            for place in places:
                sync_folder(place)

        def everything() -> None:
            for _ in range(10):
                write(f"{path}/floor/all-{next(fresh)}", b"x" * 1024)
            sync_filesystem(path)

        times = [[dirtied(function) for function in (ours, floor, everything)] for _ in range(5)]
        one, other, third = (statistics.median(column) for column in zip(*times, strict=True))
        name = "10 objects of 1 kB, durable, with 1 GiB dirtied elsewhere (floor: fsync of each, and of its folder)"
        yield Row(name, one, other, "<= 2 x floor", peers={"one syncfs": third}, holds=one <= 2 * other)


# --- records ---------------------------------------------------------------------------------------------------------


@case("store.commit")
def commit() -> Iterator[Row]:
    """One record into a log that has some."""
    from mlops_lite.store import Store

    with folder() as path:
        log = Store(f"{path}/store").log("dataset", "flights")
        for _ in range(10):
            record = log.append({"rows": 1}, action="snapshot")
        data = record.encode()
        os.mkdir(f"{path}/floor")
        fresh = itertools.count()

        def ours() -> None:
            log.append({"rows": 1}, action="snapshot")

        def floor() -> None:
            number = next(fresh)
            temporary = f"{path}/floor/.tmp{number}"
            write(temporary, data, sync=True)
            os.link(temporary, f"{path}/floor/{number:012d}.json")
            os.unlink(temporary)
            sync_folder(f"{path}/floor")

        one, other = in_turn(ours, floor, rounds=300, warmup=20)
        name = "one durable commit (floor: temporary file, fsync, link, fsync of the folder)"
        yield Row(name, one, other, "<= 1.3 x floor", holds=one <= 1.3 * other)


@case("store.newest")
def newest() -> Iterator[Row]:
    """The newest record of logs of any length: time on a disk, requests on a bucket."""
    from mlops_lite.store import Store, layout

    counts = (10, 1_000, 100_000)
    with folder() as path:
        store = Store(f"{path}/store")
        for count in counts:
            fill(store, f"log{count}", range(1, count + 1))
        place = layout.record_path(layout.log_folder("dataset", f"log{counts[-1]}"), counts[-1])
        full = f"{store.url}/{place}"
        for count in counts:

            def ours(count: int = count) -> None:
                fresh = Store.log(store, "dataset", f"log{count}")
                fresh.seen = None  # as a process that has not read it yet
                assert fresh.newest().number == count  # type: ignore[union-attr]

            def floor() -> None:
                with open(full, "rb") as file:
                    file.read()

            one, other = in_turn(ours, floor, rounds=200, warmup=20)
            name = f"newest of {count:,} records, local (floor: reading one file)"
            yield Row(name, one, other, "<= 0.1 ms", holds=one <= 1e-4)
    for count in counts:
        with s3() as (url, options):
            # of the long log only the last thousand stand there: the rest is never asked for
            bucket = Store(f"{url}/{count}", **options)
            fill(bucket, "log", range(max(1, count - 999), count + 1))
            bucket.log("dataset", "log")
            requests = counted(bucket)
            assert bucket.log("dataset", "log").newest().number == count  # type: ignore[union-attr]
            name = f"newest of {count:,} records, bucket, fresh hint"
            yield Row(name, len(requests), None, "<= 4 requests", "requests", holds=len(requests) <= 4)


def fill(store: Any, name: str, numbers: range) -> None:
    """Write the records of a log fast, as copies of one, and the hint."""
    import attrs

    from mlops_lite.store import layout

    record = store.log("dataset", "model-of-records").append({"rows": 1}, action="snapshot")
    path = layout.log_folder("dataset", name)
    batch = store.backend.batch()
    for number in numbers:
        copy = attrs.evolve(record, name=name, number=number)
        batch.write(layout.record_path(path, number), copy.encode())
    batch.commit()
    store.backend.replace(layout.hint(path), b"%012d" % numbers[-1])


def counted(store: Any) -> list[str]:
    """Count what goes over the wire from now on."""
    calls: list[str] = []
    filesystem = store.backend.fs
    call = filesystem._call_s3

    async def counting(method: str, *arguments: Any, **options: Any) -> Any:
        calls.append(method)
        return await call(method, *arguments, **options)

    filesystem._call_s3 = counting
    return calls


@contextlib.contextmanager
def s3() -> Iterator[tuple[str, dict[str, Any]]]:
    """Run a moto server; give the URL of an empty prefix and options."""
    from tests.servers import S3_SERVER, free_port, running

    port = free_port()
    with running([sys.executable, S3_SERVER, str(port)], port):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/bench-bucket", method="PUT")
        urllib.request.urlopen(request, timeout=10).close()
        options = {"endpoint_url": f"http://127.0.0.1:{port}", "key": "test", "secret": "test"}
        yield f"s3://bench-bucket/{os.urandom(4).hex()}", options


# --- many writers ----------------------------------------------------------------------------------------------------


def plain_back_off(log: Any) -> None:
    """Append as most would: who loses a race sleeps, twice as long each time."""
    from mlops_lite.base.identifier import new_id

    dice = random.Random(os.urandom(8))
    known = {"kind": log.kind, "name": log.name, "action": "snapshot", "author": "", "format": 1}
    pause = 0.001 if log.store.is_local else 0.02
    while True:
        draft = log._writer._following({**known, "txn": new_id()}, log.newest(), {"rows": 1})
        if log._writer._attempt(draft).txn == draft.txn:
            return
        time.sleep(dice.uniform(0, pause))
        pause = min(pause * 2, 2.0)


def ours(log: Any) -> None:
    log.append({"rows": 1}, action="snapshot")


def race(
    append: Callable[[Any], None], url: str, options: dict[str, Any], writers: int, each: int
) -> tuple[Any, float]:
    """Time every append of every writer, and all together; whatever is lost, doubled or missing is an error."""
    from mlops_lite.store import Store

    first = Store(url, **options).log("dataset", "shared")
    first.append({}, action="snapshot")
    begin = FORK.Barrier(writers + 1)
    answers = FORK.SimpleQueue()

    def child() -> None:
        log = Store(url, **options).log("dataset", "shared")
        log.newest()
        begin.wait(120)
        answers.put([seconds(lambda: append(log)) for _ in range(each)])

    processes = [FORK.Process(target=child) for _ in range(writers)]
    for process in processes:
        process.start()
    begin.wait(120)
    start = time.perf_counter()
    times = [one for _ in processes for one in answers.get()]
    took = time.perf_counter() - start
    for process in processes:
        process.join()
    records = list(Store(url, **options).log("dataset", "shared").history())
    assert len({record.txn for record in records}) == len(records) == writers * each + 1
    return sorted(times), len(times) / took


def fairness(
    place: str,
    url: str,
    options: dict[str, Any],
    writers: int,
    each: int,
    repeat: int = 5,
    plain_each: int | None = None,
) -> Iterator[Row]:
    rounds = []
    for number in range(repeat):
        one, rate = race(ours, f"{url}/ours{number}", options, writers, each)
        other, plain = race(plain_back_off, f"{url}/plain{number}", options, writers, plain_each or each)
        rounds.append((spread(one), spread(other), rate, plain))
    ratio, peer, rate, plain = (statistics.median(column) for column in zip(*rounds, strict=True))
    name = f"{writers} writers x {each} commits, {place}: p99 / p50"
    yield Row(name, ratio, None, "<= 20", "x", peers={"back-off": peer}, holds=ratio <= 20)
    name = f"{writers} writers x {each} commits, {place}: commits a second"
    peers = {"back-off": plain}
    yield Row(name, rate, None, ">= 0.5 x back-off, 0 lost", "commits/s", peers=peers, holds=rate >= 0.5 * plain)


def spread(times: list[float]) -> float:
    return times[int(len(times) * 0.99)] / statistics.median(times)


@case("store.writers_local")
def writers_local() -> Iterator[Row]:
    """Processes on one log, on a disk."""
    with folder() as path:
        for writers, each in ((8, 50), (32, 20)):
            yield from fairness("local", f"{path}/{writers}", {}, writers, each)


@case("store.writers_bucket_8")
def writers_bucket_8() -> Iterator[Row]:
    """Eight processes on one log, on a bucket."""
    with folder(), s3() as (url, options):
        yield from fairness("bucket", url, options, 8, 50, 1)


@case("store.writers_bucket_32")
def writers_bucket_32() -> Iterator[Row]:
    """Thirty-two processes on one log, on a bucket."""
    with folder(), s3() as (url, options):
        # with back-off the last of so many commits would not come within five minutes
        yield from fairness("bucket", url, options, 32, 20, 1, plain_each=8)


# --- large objects ---------------------------------------------------------------------------------------------------


@case("store.large")
def large() -> Iterator[Row]:
    """1 GiB in and out: one object, and four."""
    import numpy as np

    from mlops_lite.store import Store

    size = 1 << 30
    for parts in (1, 4):
        with folder() as path:
            store = Store(f"{path}/store")
            store.prepare()
            data: Any = np.random.default_rng(0).integers(0, 255, size, np.uint8)
            views: list[Any] = [
                memoryview(data)[start : start + size // parts] for start in range(0, size, size // parts)
            ]
            fresh = itertools.count(1)

            def change(data: Any = data, parts: int = parts, fresh: Any = fresh) -> None:
                data[:: size // parts] = next(fresh) % 251  # every part is new

            def put(store: Any = store, views: Any = views) -> None:
                with store.objects.batch() as batch:
                    batch.add_many(views) if len(views) > 1 else batch.add(views[0])

            def raw(path: str = path, views: Any = views, fresh: Any = fresh) -> None:
                names = [f"{path}/floor{next(fresh)}" for _ in views]
                for name, view in zip(names, views, strict=True):
                    write(name, view)
                with ThreadPoolExecutor(len(names)) as pool:
                    list(pool.map(_sync, names))
                for name in names:
                    os.unlink(name)

            def hashed(views: Any = views) -> None:
                with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
                    list(pool.map(lambda view: hashlib.sha256(view).hexdigest(), views))

            times: list[list[float]] = []
            for _ in range(5):
                change()
                times.append([seconds(put), seconds(raw), seconds(hashed)])
                shutil.rmtree(f"{path}/store/objects")
                store.backend._made.clear()  # type: ignore[attr-defined]
            one, written, digested = (statistics.median(column) for column in zip(*times, strict=True))
            what = "one object of 1 GiB" if parts == 1 else f"{parts} objects of {size // parts >> 20} MiB"
            name = f"{what} in, durable (floor: the slower of write + fsync and SHA-256 on the cores it can use)"
            floor = max(written, digested)
            peers = {"write + fsync": written, "SHA-256": digested}
            yield Row(name, one, floor, "<= 1.1 x floor", peers=peers, holds=one <= 1.1 * floor)
            if parts == 1:
                yield from _out(store, data)


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def _out(store: Any, data: Any) -> Iterator[Row]:
    digest = store.objects.put(data)
    first = seconds(lambda: store.objects.map(digest, readonly=True))
    name = "one object of 1 GiB out, by map, the first time on this machine (floor: SHA-256)"
    floor = seconds(lambda: hashlib.sha256(data).hexdigest())
    yield Row(name, first, floor, "", holds=None)
    again = statistics.median(seconds(lambda: store.objects.map(digest)[0]) for _ in range(25))
    yield Row("one object of 1 GiB out, by map, verified before", again, None, "<= 5 ms", holds=again <= 0.005)


# --- kills -----------------------------------------------------------------------------------------------------------


@case("store.kills")
def kills() -> Iterator[Row]:
    """Four writers, killed two hundred times."""
    from tests.store.test_kills import check, kill_at_random

    with folder() as path:
        acknowledged = kill_at_random(f"{path}/store", 200)  # type: ignore[no-untyped-call]
        check(f"{path}/store", acknowledged)  # type: ignore[no-untyped-call]
        name = f"200 kills of 4 writers, {len(acknowledged):,} records acknowledged: lost, doubled or unreadable"
        yield Row(name, 0, None, "0", "", holds=True)
