"""The distance of rows is that of scipy, to the last digit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mlops_lite.stats.exact import ks_distance

DRAWS = {
    "normal": lambda dice, size: dice.normal(size=size),
    "counts": lambda dice, size: dice.poisson(3, size).astype(float),
    "prices": lambda dice, size: np.round(dice.normal(0, 5, size), 1),
    "zeros": lambda dice, size: np.where(dice.random(size) < 0.5, 0.0, dice.normal(size=size)),
    "integers": lambda dice, size: dice.integers(0, 10**6, size),
    "infinite": lambda dice, size: 1 / dice.integers(-1, 1, size).astype(float),
}


@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.parametrize("sizes", [(1, 1), (200, 1), (1000, 777), (40_000, 30_000)])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_it_is_that_of_scipy(name, sizes):
    for seed in range(5):
        dice = np.random.default_rng(seed)
        one, other = (np.sort(DRAWS[name](dice, size)) for size in sizes)
        assert ks_distance(one, other) == pytest.approx(stats.ks_2samp(one, other, method="asymp").statistic, abs=1e-12)


@settings(max_examples=200, deadline=None)
@given(*[st.lists(st.integers(-4, 4), min_size=1, max_size=40).map(sorted)] * 2)
def test_any_ties(one, other):
    one, other = np.array(one), np.array(other)
    gap = max(abs((one <= at).mean() - (other <= at).mean()) for at in range(-4, 5))
    assert ks_distance(one, other) == pytest.approx(gap, abs=1e-12)


def test_ends():
    one = np.sort(np.random.default_rng(0).normal(size=5000))
    assert ks_distance(one, one) == 0
    assert ks_distance(one, one + 100) == 1 == ks_distance(one + 100, one)
