"""Rows that repeat are counted, across blocks and libraries."""

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_lite.stats.duplicates import Repeats, coded
from mlops_lite.stats.profile import profile


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


def test_large_whole_numbers_are_told_apart():
    repeats = Repeats()
    repeats.add({"id": 2**53 + np.arange(50)})
    repeats.add({"id": pa.chunked_array([[2**62, 2**62 + 1], [None, 5]])})
    repeats.add({"id": np.array([5.0, np.nan])})
    assert repeats.count() == 2


def test_columns_of_few_values_do_not_share_hashes(monkeypatch):
    from mlops_lite.stats import duplicates

    monkeypatch.setattr(duplicates, "_PIECE", 100_000)
    dice = np.random.default_rng(0)
    frame = pd.DataFrame({f"n{place}": dice.integers(0, 40, 400_000) for place in range(4)})
    frame["s"] = pd.array(dice.integers(0, 3, 400_000).astype(str), dtype="str")
    for kind in (np.int64, np.float64, np.int8):
        repeats = Repeats()
        repeats.add(
            {name: frame[name].to_numpy(kind) for name in ("n0", "n1", "n2", "n3")} | {"s": pa.array(frame["s"])}
        )
        assert repeats.count() == int(frame.duplicated().sum())


def test_dictionaries_that_differ_by_chunk():
    parts = [pa.array(["a", "b"]).dictionary_encode(), pa.array(["b", None, "c"]).dictionary_encode()]
    repeats = Repeats()
    repeats.add({"s": pa.chunked_array(parts)})
    repeats.add({"s": pa.chunked_array([], parts[0].type)})
    repeats.add({"s": pa.array(["c", None])})
    assert repeats.count() == 3


def test_text_as_codes_is_counted_as_text_is():
    dice = np.random.default_rng(0)
    words = pa.array(dice.choice(["a", "b", "", "Ü"], 20_000), mask=dice.random(20_000) < 0.1)
    chunked = pa.chunked_array([words[:15_000], pa.array(["c", None] * 2_500)])
    block = {"s": words, "t": chunked, "x": np.arange(20_000) % 7, "u": pa.array(np.arange(20_000) % 3)}
    other = coded(block)
    assert [str(other[name].type)[:10] for name in ("s", "t")] == ["dictionary"] * 2
    assert other["x"] is block["x"] and other["u"] is block["u"]
    counts, same = Repeats(), Repeats()
    counts.add(block)
    same.add(other)
    assert counts.count() == same.count() > 0
    for name in block:
        one, two = profile(block)[name], profile(other)[name]
        assert one.summary() == two.summary()
        assert one.type == two.type


def test_short_text_stays_as_it_is():
    block = {"s": pa.array(["a", "b"])}
    assert coded(block)["s"] is block["s"]
