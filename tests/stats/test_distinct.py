"""How many different values: exact for few, within the stated error for many, and the same in any order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_lite.stats.distinct import MOST, Distinct
from mlops_lite.stats.profile import Profile, profile
from tests.stats.test_profile import SHAPES

MANY = SHAPES | {
    "ids": lambda dice, n: np.arange(n),
    "thousands": lambda dice, n: np.arange(n) * 1000 + 7,
    "minutes": lambda dice, n: np.datetime64("2026-01-01", "m") + np.arange(n),
    "cents": lambda dice, n: np.arange(n) / 100,
    "far modes": lambda dice, n: dice.normal(size=n) + dice.choice([0.0, 1e6], n),
    "few more than are kept": lambda dice, n: dice.integers(0, 300, n),
}


@pytest.mark.parametrize("shape", MANY)
def test_the_count_keeps_its_error(shape):
    off = []
    for seed in range(6):
        values = MANY[shape](np.random.default_rng(seed), 50_000)
        found = profile({"x": values})["x"].distinct
        off.append(found.count / len(np.unique(values)) - 1)
        assert abs(off[-1]) <= 4 * found.error
    assert np.mean(np.square(off)) <= (2 * found.error) ** 2


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(width=32), max_size=600), st.integers(0, 600), st.randoms(use_true_random=False))
def test_parts_in_any_order_give_the_same_sketch(values, cut, order):
    whole = profile({"x": np.array(values)})
    other = values.copy()
    order.shuffle(other)
    parts = [profile({"x": np.array(part)}, whole.frame) for part in (other[:cut], other[cut:])]
    again = parts[0].merge(parts[1])["x"].distinct
    assert again.encode() == whole["x"].distinct.encode()


def test_few_values_are_counted_exactly():
    values = np.array([-np.inf, -1.0, -0.0, 0.0, 1.0, np.nan, np.inf, 1.0])
    assert profile({"x": values})["x"].distinct.count == 3
    for count in (0, 1, MOST - 1):
        found = profile({"x": np.repeat(np.arange(float(count)), 20)})["x"].distinct
        assert (found.count, found.is_exact, found.error) == (count, True, 0.0)


def test_the_type_of_a_number_does_not_matter():
    whole = profile({"x": np.arange(5000)})
    for type in ("int16", "float32", "float64"):
        again = profile({"x": np.arange(5000).astype(type)}, whole.frame)["x"]
        assert again.distinct.encode() == whole["x"].distinct.encode()


def test_it_is_kept_with_the_profile_and_small():
    whole = profile({"x": np.random.default_rng(0).normal(size=20_000)})
    again = Profile.decode(whole.encode())
    assert again["x"].summary()["distinct"] == whole["x"].distinct.count
    assert len(whole["x"].distinct.encode()) == 4 * MOST
    assert len(whole.encode()) <= 8000


def test_it_may_be_left_out():
    whole = profile({"x": np.arange(10.0)})
    without = profile({"x": np.arange(10.0)}, whole.frame, distinct=False)
    assert without["x"].distinct is None
    assert "distinct" not in Profile.decode(without.encode())["x"].summary()
    assert whole.merge(without)["x"].distinct is None


def test_a_sketch_without_values():
    nothing = Distinct(np.empty(0, dtype=np.uint32))
    assert nothing.count == 0
    assert nothing.merge(nothing).count == 0
