"""What people see of two distributions: no value is lost, and nothing looks rarer or more frequent than it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_lite.monitoring.sketch import sketch
from mlops_lite.stats.profile import profile


def drawn(reference, current):
    """Sketch two columns, the second counted on the cells of the first."""
    first = profile({"x": reference})
    second = profile({"x": current}, frame=first.frame)
    return sketch(first.columns["x"], second.columns["x"])


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["normal", "whole", "few", "heavy", "one"]),
    st.sampled_from(["normal", "whole", "few", "heavy", "one"]),
    st.integers(1, 3000),
    st.floats(-100, 100),
    st.integers(0, 99),
)
def test_every_value_is_in_a_bin(one, two, rows, shift, seed):
    dice = np.random.default_rng(seed)

    def values(kind):
        return {
            "normal": dice.normal(size=rows),
            "whole": dice.integers(-50, 900, rows).astype(float),
            "few": dice.choice([0.0, 0.25, 7.0], rows),
            "heavy": dice.standard_cauchy(rows),
            "one": np.full(rows, 3.5),
        }[kind]

    found = drawn(values(one), values(two) + shift)

    assert sum(found["reference"]) == sum(found["current"]) == rows
    assert len(found["edges"]) == len(found["reference"]) + 1 == len(found["current"]) + 1
    assert min(found["reference"] + found["current"]) >= 0


@pytest.mark.parametrize("shift", [0.0, 0.35, 2.0, 30.0])
def test_what_is_even_looks_even_wherever_it_moves(shift):
    dice = np.random.default_rng(0)
    found = drawn(dice.random(50_000), dice.random(50_000) + shift)
    width = found["edges"][1] - found["edges"][0]
    inner = [
        count
        for count, start in zip(found["current"], found["edges"], strict=False)
        if shift < start and start + width < 1 + shift
    ]

    assert all(0.8 < count / (50_000 * width) < 1.2 for count in inner)


@pytest.mark.parametrize("levels", [2, 7, 24])
@pytest.mark.parametrize("start", [0, -40, 1_000])
def test_whole_numbers_have_a_bar_each(levels, start):
    values = start + np.random.default_rng(0).integers(0, levels, 5_000)
    found = drawn(values, values[:1_000])
    counts = np.bincount(values - start, minlength=levels)

    assert found["reference"][:levels] == counts.tolist() and not any(found["reference"][levels:])
    assert found["edges"][:levels] == list(range(start, start + levels))


def test_many_whole_numbers_share_bins_evenly():
    found = drawn(np.tile(np.arange(100), 50), np.tile(np.arange(100), 20))

    assert set(found["reference"][:20]) == {250} and set(found["current"][:20]) == {100}


def test_few_numbers_stay_apart():
    dice = np.random.default_rng(0)
    found = drawn(dice.choice([0.0, 1.0], 5_000, p=[0.3, 0.7]), dice.choice([0.0, 1.0], 5_000))

    assert (found["edges"][0], found["edges"][-1]) == (0, 1)
    assert [place for place, count in enumerate(found["reference"]) if count] == [0, 23]
    assert [place for place, count in enumerate(found["current"]) if count] == [0, 23]


def test_infinite_and_missing_values_are_in_no_bin():
    found = drawn(np.arange(1_000.0), np.concatenate([np.arange(1_000.0), [np.inf, -np.inf], np.full(500, np.nan)]))

    assert sum(found["reference"]) == sum(found["current"]) == 1_000
    assert drawn(np.arange(1_000.0), np.full(500, np.inf)) == {}  # there is no axis for it
