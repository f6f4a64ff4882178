"""A place that fails at any request, before the deed or after it: nothing acknowledged is lost, nothing is doubled."""

import os
import random
import threading

import pytest

from mlops_lite.errors import MlopsLiteError, UnknownOutcomeError
from mlops_lite.store import Store
from tests.store.faulty import Faulty, at, every

PLACES = ["local", "memory"]


def new_url(place, tmp_path):
    return str(tmp_path / os.urandom(4).hex()) if place == "local" else f"memory://{os.urandom(8).hex()}"


def faulty(url, decide):
    store = Store(url)
    store.backend = Faulty(store.backend, decide)
    return store


class Work:
    """A few writes in a row; what was acknowledged is noted, what failed is tried again until it works."""

    def __init__(self, store):
        self.store = store
        self.acknowledged = {}  # what -> number
        self.tries = 0

    def all(self):
        for number in range(3):
            self.append("flights", f"x{number}")
        self.append("churn", "y")
        self.insist("label", lambda _: self.store.labels("dataset", "flights").move("golden", 2))

    def append(self, name, text):
        def act(txn):
            with self.store.objects.batch() as batch:
                digests = [batch.add(f"{text}{part}".encode()) for part in range(2)]
            log = self.store.log("dataset", name)
            return log.append({"text": text}, action="snapshot", objects=digests, txn=txn)

        self.acknowledged[text] = self.insist(text, act).number

    def insist(self, what, act):
        txn = None
        for _ in range(2000):
            self.tries += 1
            try:
                return act(txn)
            except MlopsLiteError as error:  # never a bare error of the system
                txn = error.facts.get("txn", txn)
        raise AssertionError(f"{what} never worked")

    def check(self):
        fresh = Store(self.store.url)
        assert fresh.verify().ok
        for text, number in self.acknowledged.items():
            assert fresh.log("dataset", "churn" if text == "y" else "flights").read(number).body["text"] == text
        assert [record.body["text"] for record in fresh.log("dataset", "flights").history()] == ["x0", "x1", "x2"]
        assert len(fresh.log("dataset", "churn")) == 1
        assert fresh.labels("dataset", "flights").all() == {"golden": 2}
        assert len(fresh.labels("dataset", "flights").history()) == 1


@pytest.mark.parametrize("fault", ["before", "after"])
@pytest.mark.parametrize("place", PLACES)
def test_one_fault_at_any_request(place, fault, tmp_path):
    """The fault wanders from the first request to the last."""
    turn = 0
    while True:
        turn += 1
        work = Work(faulty(new_url(place, tmp_path), at(turn, fault)))
        work.all()
        work.check()
        if work.store.backend.count < turn:
            break
    assert turn > 25


@pytest.mark.parametrize("fault", ["before", "after", 0.002])
@pytest.mark.parametrize("step", [3, 5, 7, 11])
def test_a_fault_at_every_nth_request(step, fault, tmp_path):
    url = new_url("local", tmp_path)
    Store(url).prepare()
    dice = random.Random(step + 1)
    work = Work(faulty(url, lambda number, name: fault if dice.randrange(step) == 0 else None))
    work.all()
    work.check()
    assert fault == 0.002 or work.tries > 5


@pytest.mark.parametrize("place", PLACES)
def test_slow_and_failing_writers_beside_each_other(place, tmp_path):
    url = new_url(place, tmp_path)
    Store(url).prepare()
    acknowledged = []
    failures = []

    def write(writer):
        dice = random.Random(writer)
        choices = [None, None, None, 0.001, 0.003, "before", "after"]
        store = faulty(url, lambda number, name: dice.choice(choices))
        for number in range(10):
            text, txn = f"{writer}-{number}", None
            for _ in range(5000):
                try:
                    record = store.log("dataset", "shared").append({"text": text}, action="snapshot", txn=txn)
                except MlopsLiteError as error:
                    txn = error.facts.get("txn", txn)
                except BaseException as error:
                    failures.append(error)
                    return
                else:
                    acknowledged.append((record.number, text))
                    break

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    records = list(Store(url).log("dataset", "shared").history())
    assert sorted(acknowledged) == [(record.number, record.body["text"]) for record in records]
    assert len(records) == 40


def test_a_create_that_lands_after_it_was_given_up_is_found_by_its_transaction(tmp_path):
    """The network holds the request back, the writer reads that nothing is there, and then it lands."""
    store = Store(tmp_path / "s")
    log = store.log("dataset", "d")
    log.append({"n": 1}, action="snapshot")
    backend = store.backend
    held = []

    class Late:
        def create(self, path, data):
            held.append((path, data))
            raise OSError("timed out")

        def __getattr__(self, name):
            return getattr(backend, name)

    log.backend = Late()
    with pytest.raises(MlopsLiteError) as caught:
        log.append({"n": 2}, action="snapshot")
    assert not isinstance(caught.value, UnknownOutcomeError)
    backend.create(*held[0])
    log.backend = backend
    again = log.append({"n": 2}, action="snapshot", txn=caught.value.txn)
    assert (again.number, len(log)) == (2, 2)


def test_steady_faults_end_in_an_error_and_not_in_a_loop(tmp_path):
    store = faulty(str(tmp_path / "s"), every(1, "before"))
    with pytest.raises(MlopsLiteError, match="refused"):
        store.log("dataset", "d").append({}, action="snapshot")
    assert not (tmp_path / "s").exists()
