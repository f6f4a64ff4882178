"""A cached function runs again only when something it depends on has changed."""

import asyncio
import pickle

import numpy as np
import pytest

import mlops_lite as ml
from mlops_lite.errors import InvalidInputError
from mlops_lite.tracking import RunWarning

calls = []
FACTOR = 2


@ml.track_run(cache=True)
def work(x, y=1):
    calls.append((x, y))
    ml.log(score=0.5)
    ml.log_artifact("note", b"made")
    return {"sum": np.asarray(x).sum() + y, "factor": FACTOR}


@pytest.fixture(autouse=True)
def fresh():
    calls.clear()


def test_the_second_call_gives_the_recorded_result_and_says_where_from():
    first = work([1, 2, 3])
    made = work.last_run
    second = work([1, 2, 3])
    assert first == second == {"sum": 7, "factor": 2} and len(calls) == 1
    assert work.last_run != made and work.last_run.cached_from == made and made.cached_from is None
    assert work.last_run.metrics == {"score": 0.5} and work.last_run.history("score").value.tolist() == [0.5]
    assert work.last_run.artifacts["note"].load() == b"made"
    work([1, 2, 3])
    assert ml.get(work.last_run.ref).cached_from == made and len(calls) == 1


def test_another_argument_runs_it_again_however_it_is_passed():
    work(1)
    work(1, y=1)
    work(x=1)
    assert len(calls) == 1
    work(1, 2)
    work(np.array([1.0, 2.0]))
    work(np.array([1.0, 2.5]))
    work(np.array([1.0, 2.0]))
    assert len(calls) == 4


def test_another_value_of_a_global_runs_it_again(monkeypatch):
    work(5)
    monkeypatch.setitem(globals(), "FACTOR", 3)
    assert work(5)["factor"] == 3 and len(calls) == 2


def test_a_cached_call_that_failed_is_not_a_result():
    @ml.track_run(cache=True)
    def fail(x):
        calls.append(x)
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            fail(1)
    assert len(calls) == 2


def test_coroutines_can_be_cached():
    @ml.track_run(cache=True)
    async def slow(x):
        calls.append(x)
        return x + 1

    assert asyncio.run(slow(1)) == asyncio.run(slow(1)) == 2
    assert calls == [1]


def test_methods_are_cached_by_what_they_are_methods_of():
    model = Model(2)
    assert [model.predict(3), model.predict(3), Model(2).predict(3), Model(4).predict(3)] == [6, 6, 6, 12]
    assert calls == [2, 4]


class Model:
    def __init__(self, factor):
        self.factor = factor

    @ml.track_run(cache=True)
    def predict(self, x):
        calls.append(self.factor)
        return self.factor * x


class Stubborn:
    def __reduce__(self):
        raise TypeError("not me")


def test_what_has_no_digest_is_not_cached_and_says_so():
    for _ in range(2):
        with pytest.warns(RunWarning, match=r"not cached: of 'x' there is no digest \(TypeError: not me\)"):
            identity(Stubborn(), 1)
    assert len(calls) == 2


@ml.track_run(cache=True)
def identity(x, y):
    calls.append(y)
    return y


def test_a_result_that_cannot_be_pickled_runs_again():
    @ml.track_run(cache=True)
    def lock():
        calls.append(1)
        return (number for number in range(3))

    assert list(lock()) == [0, 1, 2]
    with pytest.warns(RunWarning, match="is not used"):
        assert list(lock()) == [0, 1, 2]


def test_generators_are_refused():
    with pytest.raises(InvalidInputError, match="a generator yields"):

        @ml.track_run(cache=True)
        def steps():
            yield 1


def test_a_store_that_is_not_trusted_opens_no_result(store):
    untrusting = ml.Store(store.url, trusted="arrays")

    @ml.track_run(cache=True, store=untrusting)
    def make():
        calls.append(1)
        return [pickle]  # a module: an object to open

    make()
    with pytest.warns(RunWarning, match="needs trusted='known'"):
        make()
    assert len(calls) == 2


def test_something_newer_of_what_it_loaded_by_itself_runs_it_again(store):
    log = store.log("dataset", "flights")
    log.append({}, action="snapshot")

    @ml.track_run(cache=True)
    def load():
        calls.append(1)
        ml.workspace.uses(log.ref(len(log)))
        return len(log)

    assert [load(), load()] == [1, 1]
    log.append({}, action="snapshot")
    assert [load(), load()] == [2, 2]
    store.labels("dataset", "flights").move("golden", 1)
    load()
    assert len(calls) == 3
