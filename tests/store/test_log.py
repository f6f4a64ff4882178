"""Logs lose nothing, leave no gap, and answer by number, label and time."""

import os
import threading
from datetime import UTC, datetime, timedelta

import pytest

from mlops_lite.base import clock
from mlops_lite.errors import ConflictError, DamagedError, InvalidNameError, NotFoundError, UnknownOutcomeError
from mlops_lite.store import Store


@pytest.fixture(params=["local", "memory"])
def store(request, tmp_path):
    return Store(tmp_path / "s" if request.param == "local" else f"memory://{os.urandom(8).hex()}")


def fill(store, count=3):
    log = store.log("dataset", "flights")
    for number in range(1, count + 1):
        log.append({"rows": number}, action="snapshot", message=f"number {number}")
    return log


def test_records_are_numbered_from_one_without_gaps(store):
    fill(store)
    assert [record.number for record in Store(store.url).log("dataset", "flights").history()] == [1, 2, 3]


def test_each_record_names_the_digest_of_the_one_before(store):
    records = list(fill(store).history())
    assert [record.previous for record in records] == [None, records[0].digest, records[1].digest]


def test_the_newest_is_found_without_a_hint_and_with_one_that_lies(store):
    fill(store, 40)
    for text in (b"000000000007", b"000000000900", b"rubbish"):
        store.backend.replace("logs/dataset/flights/hint", text)
        assert Store(store.url).log("dataset", "flights").newest().number == 40
    store.backend.delete(["logs/dataset/flights/hint"])
    assert Store(store.url).log("dataset", "flights").newest().number == 40


def test_another_writers_record_is_seen(store):
    log = fill(store)
    Store(store.url).log("dataset", "flights").append({"rows": 9}, action="snapshot")
    assert log.newest().number == 4


def test_a_refused_append_writes_nothing(store):
    log = fill(store)

    def refuse(head):
        raise ConflictError(f"not after {head.number}")

    with pytest.raises(ConflictError, match="not after 3"):
        log.append(refuse, action="snapshot")
    assert len(log) == 3


def test_an_append_of_nothing_gives_the_newest(store):
    assert fill(store).append(lambda head: None, action="snapshot").number == 3


def test_time_goes_forward_though_a_clock_goes_back(store):
    log = fill(store, 1)
    with clock.use(lambda: datetime(2020, 1, 1, tzinfo=UTC)):
        late = log.append({}, action="snapshot")
    assert late.time > log.read(1).time
    assert late.clock == datetime(2020, 1, 1, tzinfo=UTC)


def test_at_finds_the_newest_record_of_an_instant(store):
    log = store.log("dataset", "flights")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for day in range(10):
        with clock.use(lambda day=day: start + timedelta(days=day)):
            log.append({}, action="snapshot")
    for day in range(10):
        assert log.at(start + timedelta(days=day)).number == day + 1
        assert log.at(start + timedelta(days=day, hours=5)).number == day + 1
    assert log.at(start - timedelta(seconds=1)) is None
    assert log.resolve("2026-01-04") == 4


def test_versions_resolve_by_number_label_and_end(store):
    log = fill(store)
    store.labels("dataset", "flights").move("golden", 2)
    assert [log.resolve(version) for version in (1, "3", -1, "latest", None, "golden")] == [1, 3, 3, 3, 3, 2]


@pytest.mark.parametrize("version", [0, 4, -4, "goldn", True, "2001-01-01"])
def test_a_version_that_is_not_there_is_an_error_that_lists_those_that_are(store, version):
    log = fill(store)
    store.labels("dataset", "flights").move("golden", 2)
    with pytest.raises(NotFoundError):
        log.resolve(version)
    with pytest.raises(
        NotFoundError, match=r"no tag 'goldn'\. Did you mean 'golden'\? There are versions 1 to 3; tag: golden\."
    ):
        log.resolve("goldn")


def test_an_unknown_name_suggests_the_nearest(store):
    fill(store)
    with pytest.raises(NotFoundError, match="Did you mean 'flights'"):
        store.log("dataset", "flight").resolve()


def test_a_bad_name_is_refused_before_anything_is_written(store):
    for name in ("../x", "", "x" * 10_000, "a\x00b", "a@b", "a//b"):
        with pytest.raises(InvalidNameError):
            store.log("dataset", name)
    assert not store.exists


def test_names_that_differ_by_case_are_two_names(store):
    for name in ("Churn", "churn", "a", "a/hint", "aux-1", "Ünïcode"):
        store.log("model", name).append({"name": name}, action="register")
    assert store.names("model") == sorted(["Churn", "churn", "a", "a/hint", "aux-1", "Ünïcode"])
    assert all(store.log("model", name).read(1).body["name"] == name for name in store.names("model"))


def test_a_record_cannot_point_at_an_object_that_is_not_there(store):
    with pytest.raises(DamagedError, match="not in the store"):
        store.log("dataset", "flights").append({}, action="snapshot", objects=["0" * 64])
    assert store.log("dataset", "flights").newest() is None


def test_many_objects_are_listed_in_an_inventory(store):
    with store.objects.batch() as batch:
        digests = {batch.add(str(number).encode()) for number in range(1000)}
    record = store.log("dataset", "flights").append({}, action="snapshot", objects=digests)
    assert store.objects.reachable(record) == digests | {record.inventory}


def test_threads_lose_nothing(store):
    names = [f"{thread}-{number}" for thread in range(8) for number in range(10)]

    def write(thread):
        log = Store(store.url).log("dataset", "flights")
        for number in range(10):
            log.append({"name": f"{thread}-{number}"}, action="snapshot")

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = list(store.log("dataset", "flights").history())
    assert sorted(record.body["name"] for record in records) == sorted(names)
    assert [record.number for record in records] == list(range(1, 81))


class LosesReplies:
    """A backend whose creates land and then fail."""

    def __init__(self, backend, read_fails=False):
        self.inner = backend
        self.read_fails = read_fails
        self.broken = True

    def create(self, path, data):
        self.inner.create(path, data)
        if self.broken and path.endswith("2.json"):
            raise OSError("connection reset")

    def read_many(self, paths):
        second = [path for path in paths if path.endswith("2.json") and self.inner.exists(path)]
        if self.read_fails and self.broken and second:
            raise OSError("connection refused")
        return self.inner.read_many(paths)

    def __getattr__(self, name):
        return getattr(self.inner, name)


def test_a_lost_reply_is_recognised(store):
    log = fill(store, 1)
    log.backend = LosesReplies(store.backend)
    assert log.append({"rows": 2}, action="snapshot").number == 2
    assert len(Store(store.url).log("dataset", "flights")) == 2


def test_an_unknown_outcome_is_found_by_its_transaction_and_not_doubled(store):
    log = fill(store, 1)
    log.backend = LosesReplies(store.backend, read_fails=True)
    with pytest.raises(UnknownOutcomeError) as caught:
        log.append({"rows": 2}, action="snapshot")
    other = Store(store.url).log("dataset", "flights")
    other.append({"rows": 3}, action="snapshot")
    log.backend.broken = False
    assert log.append({"rows": 2}, action="snapshot", txn=caught.value.txn).number == 2
    assert len(other) == 3


def test_a_record_in_another_logs_place_is_damage(store):
    log = fill(store, 1)
    data = store.backend.read("logs/dataset/flights/000000000001.json")
    store.backend.create("logs/dataset/other/000000000001.json", data)
    with pytest.raises(DamagedError, match="stands a record of dataset/flights@1"):
        store.log("dataset", "other").read(1)
    assert log.read(1).number == 1
