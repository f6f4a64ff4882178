"""Several processes, several machines, several places: nothing is lost, nothing is doubled."""

import subprocess
import sys
import threading

import pandas as pd
import pytest

import mlops_lite as ml
from tests.data.tables import orders

SNAPSHOT = """
import sys
import mlops_lite as ml
from tests.data.tables import orders
dataset = ml.Dataset("orders", store=sys.argv[1])
for number in range(3):
    frame = orders(30_000)
    if sys.argv[2] != "same":
        frame.loc[0, "price"] = float(int(sys.argv[2]) * 10 + number)
    print(dataset.snapshot(frame).version)
"""


def workers(store, arguments):
    started = [
        subprocess.Popen([sys.executable, "-c", SNAPSHOT, store.url, one], stdout=subprocess.PIPE, text=True)
        for one in arguments
    ]
    return [list(map(int, process.communicate()[0].split())) for process in started]


def test_processes_that_snapshot_different_things_lose_nothing(store):
    found = workers(store, ["1", "2", "3"])

    versions = sorted(version for one in found for version in one)
    assert versions == list(range(1, 10))
    dataset = ml.Dataset("orders", store=store)
    prices = {dataset.load(version, columns=["price"])["price"][0] for version in versions}
    assert prices == {10.0 * process + number for process in (1, 2, 3) for number in range(3)}
    assert store.verify().ok


def test_processes_that_snapshot_the_same_make_one_version(store):
    assert workers(store, ["same"] * 3) == [[1, 1, 1]] * 3
    pd.testing.assert_frame_equal(ml.Dataset("orders", store=store).load(), orders(30_000))


def test_threads_share_a_dataset(store):
    dataset = ml.Dataset("orders", store=store)
    threads = [threading.Thread(target=dataset.snapshot, args=(orders(10_000 + number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(len(dataset.load(version)) for version in (1, 2, 3, 4)) == [10_000, 10_001, 10_002, 10_003]


@pytest.mark.parametrize("place", ["memory", "s3"])
def test_tables_in_memory_and_in_buckets_come_back(place, request):
    url, options = ("memory://tables-test", {}) if place == "memory" else request.getfixturevalue("s3")
    dataset = ml.Dataset("orders", store=ml.Store(url, **options))
    frame = orders(60_000)
    dataset.snapshot(frame)
    changed = frame.assign(price=1.0)
    dataset.snapshot(changed)

    pd.testing.assert_frame_equal(dataset.load(1), frame)
    pd.testing.assert_frame_equal(dataset.load(2, columns=["price"]), changed[["price"]])
    assert dataset.diff(1, 2).added["price"].eq(1.0).all()


def test_only_the_columns_asked_for_are_fetched_from_a_bucket(s3, monkeypatch):
    from mlops_lite.store.objects import Objects

    url, options = s3
    dataset = ml.Dataset("orders", store=ml.Store(url, **options))
    snapshot = dataset.snapshot(orders(200_000))
    fetched = []
    ranges = Objects.read_ranges
    monkeypatch.setattr(
        Objects, "read_ranges", lambda self, *args: (found := ranges(self, *args), fetched.extend(map(len, found)))[0]
    )

    dataset.load(columns=["note"])

    assert sum(fetched) < 0.3 * sum(snapshot.content.manifest.sizes)


def test_a_dataset_and_a_snapshot_pickle(store):
    import pickle

    dataset = ml.Dataset("orders", store=store)
    snapshot = dataset.snapshot(orders(10))

    assert pickle.loads(pickle.dumps(snapshot)) == snapshot
    assert len(pickle.loads(pickle.dumps(dataset)).load()) == 10
