"""Categories and dictionaries come back, whatever their values are and however they stand in the files."""

import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import mlops_lite as ml


@pytest.fixture(params=["local", "memory"])
def dataset(request, tmp_path):
    return ml.Dataset("d", store=ml.Store(tmp_path / "s" if request.param == "local" else f"memory://{os.urandom(6)}"))


MANY = [f"level {number}" for number in range(5000)]
CATEGORIES = {
    "few text": pd.Categorical(["b", "a", None], categories=["b", "a", "z"], ordered=True),
    "much text": pd.Categorical(MANY, categories=MANY[::-1]),
    "repeated text": pd.Categorical(["a", "b"] * 5000),
    "numbers": pd.Categorical([3.5, 1.0, np.nan]),
    "times": pd.Categorical(pd.to_datetime(["2020", "2021", "2020"])),
    "intervals": pd.cut([1.0, 2.0, 3.0, np.nan] * 300, 3),
    "intervals of time": pd.cut(pd.date_range("2020", periods=10), 3),
    "nothing": pd.Categorical([None, None], categories=[]),
}


@pytest.mark.parametrize("values", CATEGORIES.values(), ids=CATEGORIES)
def test_a_categorical_comes_back_as_it_was(dataset, values):
    frame = pd.DataFrame({"plain": range(len(values)), "a": values})
    pd.testing.assert_frame_equal(dataset.snapshot(frame).load(), frame)
    pd.testing.assert_frame_equal(dataset[1].load(columns=["a"]), frame[["a"]])


def test_a_categorical_index_comes_back(dataset):
    frame = pd.DataFrame({"a": [1, 2]}, index=pd.CategoricalIndex(["q", "r"], categories=["r", "q"]))
    pd.testing.assert_frame_equal(dataset.snapshot(frame).load(), frame)


def test_text_that_becomes_a_category_is_not_written_again(dataset):
    text = pd.DataFrame({"a": MANY})
    dataset.snapshot(text)
    frame = text.astype({"a": pd.CategoricalDtype(MANY)})
    pd.testing.assert_frame_equal(dataset.snapshot(frame).load(), frame)
    pd.testing.assert_frame_equal(dataset[1].load(), text)


@pytest.mark.parametrize(
    "values", [["x", "y", None], [[1, 2], [3], None], [{"a": 1, "b": "x"}, {"a": None, "b": "x"}, None]], ids=repr
)
def test_a_dictionary_of_arrow_comes_back(dataset, values):
    levels = pa.array(values[:2])
    column = pa.DictionaryArray.from_arrays(pa.array([1, 0, None, 1], pa.int8()), levels)
    table = pa.table({"a": column})
    back = dataset.snapshot(table).load()
    assert back.schema == table.schema
    assert back.to_pylist() == table.to_pylist()
