"""What comes late in a stream and lies far away is given cells, and counts stay exact."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_lite.stats import late
from mlops_lite.stats import profile as module
from mlops_lite.stats.profile import profile

MODES = [0.0, -40.0, 1e3, -1e6, 1e6, 1e6 + 3e3, 1e11]


def stream(modes, seed, batch=400):
    dice = np.random.default_rng(seed)
    return [np.round(dice.normal(mode, 1, batch), 3) for mode in modes]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(module, "SAMPLE", 800)
    monkeypatch.setattr(late, "MOST", 1000)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(MODES), min_size=1, max_size=9), st.integers(0, 2**32 - 1))
def test_counts_are_those_of_the_cells(modes, seed):
    parts = stream(modes, seed)
    found = profile({"x": part} for part in parts)["x"]
    values = np.concatenate(parts)
    assert found.counts.tolist() == np.bincount(found.cells.code(values), minlength=found.cells.size).tolist()
    assert (np.diff(found.cells.code(np.sort(values))) >= 0).all()
    assert (np.diff(found.cells.bounds) >= 0).all()


@pytest.mark.parametrize("far", [1e3, 1e6, 1e9])
@pytest.mark.parametrize("enough", [2, 6])  # batches: kept to the end, and more than are kept
def test_a_late_mode_is_parted(far, enough):
    whole = profile({"x": part} for part in stream([0.0] * 4 + [far] * enough, 1))["x"]
    assert whole.counts.max() <= 0.05 * whole.rows
    arrow = profile(pa.table({"x": part}) for part in stream([0.0] * 4 + [far] * enough, 1))["x"]
    assert arrow.counts.tolist() == whole.counts.tolist()


def test_other_columns_and_gaps_are_let_be():
    gap = np.array([np.nan, np.inf, -np.inf, 5.0] * 100)
    parts = [{"x": np.arange(400.0), "c": np.array(["a", "b"] * 200)}] * 2 + [{"x": gap, "c": np.arange(400)}]
    found = profile(iter(parts))
    assert (found["x"].missing, found["x"].infinite, found["x"].counts.sum()) == (100, (100, 100), 900)
