"""The test of a column of numbers keeps its rate of false alarms, whatever the shape and the sizes."""

import numpy as np
import pytest
from scipy import stats

from mlops_lite.stats import ordered
from mlops_lite.stats.permutation import (
    all_in_current,
    all_of_one,
    fisher,
    linear,
    pearson_three,
    quadratic_tail,
    rough_tail,
)

TRIALS = 1500
SHAPES = {
    "even": np.full(256, 1 / 256),
    "zeros": np.concatenate(([0.6], np.full(100, 0.004))),
    "tied": np.concatenate(([0.98], np.full(100, 0.0002))),
    "rare": np.array([0.999, 0.001]),
    "three": np.array([0.9, 0.09, 0.01]),
    "halving": 0.5 ** np.arange(1, 11),
}
SIZES = [(200, 200), (20_000, 200), (200, 20_000)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("before", "now"), SIZES)
def test_false_alarms(shape, before, now):
    dice = np.random.default_rng(5)
    chances = SHAPES[shape] / SHAPES[shape].sum()
    pairs = zip(dice.multinomial(before, chances, TRIALS), dice.multinomial(now, chances, TRIALS), strict=True)
    p_values = np.array([ordered.move(*pair).p_value for pair in pairs])
    for level in (0.05, 0.01):
        assert (p_values <= level).mean() <= level + 3 * np.sqrt(level / TRIALS) + 0.25 * level


def test_power_is_near_the_best_possible():
    dice = np.random.default_rng(6)
    edges = stats.norm.ppf(np.arange(1, 256) / 256)
    chances = np.diff(stats.norm.cdf(edges - 0.1), prepend=0, append=1)
    hits = 0
    for _ in range(300):
        before, now = dice.multinomial(2000, np.full(256, 1 / 256)), dice.multinomial(2000, chances)
        hits += ordered.move(before, now).p_value <= 0.05
    best = stats.norm.sf(1.96 - 0.1 / np.sqrt(2 / 2000))
    assert hits / 300 >= best - 0.08


@pytest.mark.parametrize(
    ("law", "leading"), [(stats.norm(0.3), "location"), (stats.norm(0, 1.3), "scale"), (stats.t(3, scale=0.6), "shape")]
)
def test_what_happened_is_named(law, leading):
    edges = stats.norm.ppf(np.arange(1, 256) / 256)
    now = np.round(20_000 * np.diff(law.cdf(edges), prepend=0, append=1)).astype(int)
    found = ordered.move(np.full(256, 78), now)
    assert found.leading == leading or (leading == "shape" and found.leading != "location")
    assert found.p_value < 1e-6


def test_effects_are_in_standard_deviations():
    edges = stats.norm.ppf(np.arange(1, 256) / 256)
    before = np.full(256, 1000)
    for law, location, scale in ((stats.norm(0.1), 0.1, 0.0), (stats.norm(0, 1.1), 0.0, np.log(1.1))):
        now = np.round(256_000 * np.diff(law.cdf(edges), prepend=0, append=1)).astype(int)
        found = ordered.move(before, now)
        assert found.location == pytest.approx(location, abs=0.01)
        assert found.scale == pytest.approx(scale, abs=0.02)


def test_nothing_against_something_is_no_move():
    assert ordered.move(np.zeros(5, int), np.arange(5)).p_value == 1.0
    assert ordered.move(np.array([10, 0]), np.array([7, 0])).p_value == 1.0


def test_pooling_looks_at_both_samples_together():
    reference, current = np.array([100, 1, 0, 2, 100]), np.array([90, 0, 1, 2, 90])
    ((then, now),) = ordered.pool_rare([(reference, current)])
    assert then.sum() == reference.sum()
    assert now.sum() == current.sum()
    assert (then + now).min() * min(then.sum(), now.sum()) / (then + now).sum() >= 5


def test_the_statistic_of_anderson_and_darling_without_ties_has_their_law():
    """With cells of equal weight the p-values are those of the table of the asymptotic law."""
    dice = np.random.default_rng(8)
    draws = dice.multinomial(5000, np.full(200, 1 / 200), (1000, 2))
    found = ordered.anderson_darling(draws[:, 0], draws[:, 1])
    for level in (0.5, 0.2, 0.05, 0.01):
        assert np.mean(found <= level) == pytest.approx(level, abs=3 * np.sqrt(level / 1000))


def test_a_linear_statistic_has_its_exact_moments():
    pooled, scores = np.array([3, 5, 2, 4]), np.array([0.0, 1.0, 2.5, 7.0])
    dice = np.random.default_rng(9)
    draws = dice.multivariate_hypergeometric(pooled, 6, 20_000)
    z = np.array([found.z for found in linear(np.tile(scores, (20_000, 1)), pooled - draws, draws)])
    assert z.mean() == pytest.approx(0, abs=0.03)
    assert z.std() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("skewness", [0.0, 0.5, -1.0])
def test_pearson_three_against_scipy(skewness):
    for z in (-1.2, 0.3, 2.5):
        law = stats.pearson3(skewness)
        assert pearson_three(z, skewness) == pytest.approx(min(1, 2 * min(law.sf(z), law.cdf(z))), rel=1e-9)


def test_fisher_against_scipy():
    dice = np.random.default_rng(10)
    for _ in range(200):
        n, m = dice.integers(1, 60, 2)
        a, b = int(dice.integers(0, n + 1)), int(dice.integers(0, m + 1))
        assert fisher(a, b, n, m) == pytest.approx(stats.fisher_exact([[a, n - a], [b, m - b]])[1], abs=1e-9)


def test_fisher_of_many_rows_goes_on_smoothly():
    exact = stats.fisher_exact([[10_000, 90_000], [10_300, 89_700]])[1]
    assert fisher(10_000, 10_300, 100_000, 100_000) == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize("freedom", [2, 5, 12])
def test_sums_of_squares_against_chi_squared(freedom):
    for p in (0.3, 0.01, 1e-6):
        value = stats.chi2.isf(p, freedom)
        assert quadratic_tail(value, np.ones(freedom)) == pytest.approx(p, rel=0.06)
        assert rough_tail(value, freedom, freedom) == pytest.approx(p, rel=1e-9)


def test_all_rows_of_one_sample():
    assert all_in_current(np.array([2]), 2, 2)[0] == pytest.approx(1 / 6)
    assert all_of_one(np.array([2, 2]), 2, 2) == pytest.approx(1 / 3)


def test_leaving_the_range():
    reference, current = np.array([0, 50, 50, 0]), np.array([0, 40, 40, 20])
    share, p_value = ordered.beyond(reference, current)
    assert share == 0.2
    assert p_value < 1e-5
    assert ordered.beyond(reference, np.array([0, 50, 50, 0])) == (0.0, 1.0)


def test_leaving_the_range_is_rare_by_chance():
    dice = np.random.default_rng(11)
    alarms = sum(ordered.beyond(*dice.multinomial(500, np.full(256, 1 / 256), 2))[1] <= 0.05 for _ in range(2000))
    assert alarms / 2000 <= 0.05 + 3 * np.sqrt(0.05 / 2000)
