"""Processes race for one log, on a disk and on a bucket: nothing is lost, no gap, no double, and a fair share each."""

import multiprocessing
from datetime import UTC, datetime, timedelta

import pytest

from mlops_lite.base import clock
from mlops_lite.errors import ConflictError
from mlops_lite.store import Store

FORK = multiprocessing.get_context("fork")  # a child that has the libraries already begins at once


@pytest.fixture(params=["local", "s3"])
def place(request, tmp_path):
    """URL and options of a new store, proven to be good."""
    url, options = (str(tmp_path / "s"), {}) if request.param == "local" else request.getfixturevalue("s3")
    Store(url, **options).prepare()
    return url, options


def race(work, place, writers, each):
    url, options = place
    begin = FORK.Barrier(writers)
    answers = FORK.SimpleQueue()

    def child(writer):
        begin.wait(60)
        answers.put(work(Store(url, **options), writer, each))

    processes = [FORK.Process(target=child, args=(writer,)) for writer in range(writers)]
    for process in processes:
        process.start()
    found = [answers.get() for _ in processes]
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    return found


def append(store, writer, each):
    log = store.log("dataset", "shared")
    return [(log.append({"name": f"{writer}-{number}"}, action="snapshot").number, number) for number in range(each)]


@pytest.mark.parametrize("writers", [2, 8, 32])
def test_racing_writers_lose_nothing_and_leave_no_gap(place, writers):
    each = (64 if place[0].startswith("/") else 32) // writers
    told = race(append, place, writers, each)
    url, options = place
    records = list(Store(url, **options).log("dataset", "shared").history())
    assert sorted(number for found in told for number, _ in found) == list(range(1, writers * each + 1))
    names = [record.body["name"] for record in records]
    assert len(set(names)) == len(names) == writers * each
    for found in told:  # every writer's own order is kept
        assert found == sorted(found)
    assert Store(url, **options).verify().ok


def move(store, writer, each):
    won = 0
    for _ in range(each):
        labels = store.labels("model", "churn")
        before = labels.get("champion")
        try:
            labels.move("champion", before % 50 + 1, expected=before)
        except ConflictError:
            continue
        won += 1
    return won


@pytest.mark.parametrize("writers", [2, 8])
def test_of_those_who_move_a_label_from_one_version_one_wins(tmp_path, writers):
    store = Store(tmp_path / "s")
    for _ in range(50):
        store.log("model", "churn").append({}, action="register")
    store.labels("model", "churn").move("champion", 1)
    won = sum(race(move, (str(tmp_path / "s"), {}), writers, 40 // writers))
    history = store.labels("model", "churn").history("champion")
    assert len(history) == won + 1 and won > 0
    assert [one.before for one in history[1:]] == [one.number for one in history[:-1]]


def append_an_hour_apart(store, writer, each):
    log = store.log("dataset", "shared")
    with clock.use(lambda: datetime.now(UTC) + timedelta(hours=writer)):
        return [log.append({}, action="snapshot").number for _ in range(each)]


def test_clocks_an_hour_apart_leave_time_in_order(tmp_path):
    race(append_an_hour_apart, (str(tmp_path / "s"), {}), 3, 12)
    log = Store(tmp_path / "s").log("dataset", "shared")
    records = list(log.history())
    times = [record.time for record in records]
    assert times == sorted(set(times)) and len(times) == 36
    for record in records:
        assert log.at(record.time).number == record.number
    behind = [record for record in records if record.clock is not None]
    assert behind and all(record.clock < record.time for record in behind)  # who was behind says so
    assert Store(tmp_path / "s").verify().ok


def make(store, writer, each):
    return [store.id for _ in range(each)]


def test_those_who_make_a_store_at_once_make_one(tmp_path):
    assert len({one for found in race(make, (str(tmp_path / "s"), {}), 8, 1) for one in found}) == 1
