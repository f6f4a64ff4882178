"""What a model made of its example is kept, so that it can be asked for the same answer later."""

import numpy as np
import pandas as pd
import pytest

import mlops_lite as ml
from mlops_lite.errors import StoreUnavailableError
from mlops_lite.registry.example import ROWS


@pytest.fixture
def registry(tmp_path):
    return ml.Registry(store=ml.Store(tmp_path / "store"))


class Answers:
    """A model that gives what it is told to give for each row."""

    def __init__(self, *answers):
        self.answers = answers
        self.asked = 0

    def predict(self, X):
        self.asked += 1
        if not self.answers:
            raise RuntimeError("no")
        return np.resize(np.asarray(self.answers), len(X))


FRAME = pd.DataFrame({"a": np.arange(ROWS + 5.0), "c": pd.Categorical(["x"] * (ROWS + 5))})


@pytest.mark.parametrize(
    ("answers", "kind"), [((1, 2), "i"), ((0.5,), "f"), (("yes", "no"), "U"), ((True, False), "b")], ids=repr
)
def test_the_prediction_of_the_example_is_kept(registry, answers, kind):
    version = registry.register("m", Answers(*answers), example=FRAME)
    assert version.predicted.dtype.kind == kind
    np.testing.assert_array_equal(version.predicted, np.resize(answers, ROWS))
    np.testing.assert_array_equal(version.load().predict(version.example), version.predicted)
    assert registry.store.verify().ok


@pytest.mark.parametrize("example", [np.ones((3, 2)), [[1.0, 2.0]] * 3, FRAME.head(3).to_dict("records")], ids=type)
def test_examples_of_every_kind_are_asked(registry, example):
    if isinstance(example, list) and isinstance(example[0], list):
        example = np.asarray(example)
    assert list(registry.register("m", Answers(7), example=example).predicted) == [7, 7, 7]


def test_a_function_is_asked_too(registry):
    version = registry.register("double", lambda x: 2 * x, example=np.arange(3.0))
    np.testing.assert_array_equal(version.predicted, [0, 2, 4])


@pytest.mark.parametrize("model", [{"weights": np.ones(2)}, Answers(), Answers(object())], ids=["dict", "no", "object"])
def test_a_model_that_predicts_nothing_of_the_kind_is_registered_all_the_same(registry, model):
    version = registry.register("m", model, example=FRAME)
    assert version.predicted is None
    assert version.example is not None


def test_without_an_example_nothing_is_asked(registry):
    model = Answers(1)
    assert registry.register("m", model).predicted is None
    assert model.asked == 0


def test_a_store_that_fails_is_not_taken_for_a_model_that_does(registry, monkeypatch):
    from mlops_lite.registry import example

    write = example.write

    def fails(value, batch):
        if "prediction" in value:
            raise StoreUnavailableError("its disk is full")
        return write(value, batch)

    monkeypatch.setattr(example, "write", fails)
    with pytest.raises(StoreUnavailableError):
        registry.register("m", Answers(1), example=FRAME)
    assert registry.models() == []
