"""Rows that repeat are counted, across blocks and libraries."""

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_lite.stats.duplicates import Repeats


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, -0.0, 1.5, np.nan]), st.sampled_from(["a", "b", None])), max_size=30))
def test_it_counts_as_pandas_does(rows):
    frame = pd.DataFrame(rows, columns=["x", "s"])
    repeats = Repeats()
    repeats.add({"x": frame["x"].to_numpy(float), "s": pa.array(frame["s"], pa.string())})
    assert repeats.count() == int(frame.assign(x=frame["x"] + 0.0).duplicated().sum())


def test_across_blocks():
    repeats = Repeats()
    for _ in range(3):
        repeats.add({"x": np.arange(4)})
    assert repeats.count() == 8


def test_swapped_values_are_another_row():
    repeats = Repeats()
    repeats.add({"a": np.array([1.0, 2.0]), "b": np.array([2.0, 1.0])})
    assert repeats.count() == 0


def test_nothing():
    repeats = Repeats()
    assert repeats.count() == 0
    repeats.add({})
    assert repeats.count() == 0
