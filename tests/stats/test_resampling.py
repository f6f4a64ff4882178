"""Intervals hold the truth as often as they say."""

import numpy as np
import pytest

from mlops_lite.errors import InvalidInputError
from mlops_lite.stats.resampling import interval, paired_difference

TRIALS = 300


def covered(metric, draw, truth, **options):
    hits = 0
    for seed in range(TRIALS):
        found = interval(metric, *draw(np.random.default_rng(seed)), **options)
        hits += truth in found
    return hits / TRIALS


def scored(dice, rows=200):
    y = (np.arange(rows) % 3 == 0).astype(int)
    return y, 1 / (1 + np.exp(-dice.normal(1.5 * y, 1)))


AUC = 0.8555778168267576  # the normal distribution function at 1.5 / √2


@pytest.mark.parametrize(
    ("metric", "draw", "truth"),
    [
        ("accuracy", lambda dice: (np.ones(60, int), (dice.random(60) < 0.9).astype(int)), 0.9),
        ("mae", lambda dice: (np.zeros(60), dice.normal(0, 1, 60)), np.sqrt(2 / np.pi)),
        ("roc_auc", scored, AUC),
    ],
)
def test_formulas_cover(metric, draw, truth):
    assert covered(metric, draw, truth) == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / TRIALS))


def test_bootstrap_covers():
    found = covered("rmse", lambda dice: (np.zeros(100), dice.normal(0, 1, 100)), 1.0, resamples=200)
    assert found == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / TRIALS) + 0.02)


def test_groups_of_many_rows_cover():
    found = covered("rmse", lambda dice: (np.zeros(20_000), dice.normal(0, 1, 20_000)), 1.0)
    assert found == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / TRIALS))


@pytest.mark.parametrize("metric", ["accuracy", "roc_auc", "f1"])
def test_differences_cover_zero_when_models_are_equally_good(metric):
    hits = 0
    for seed in range(TRIALS):
        dice = np.random.default_rng(seed)
        y = (np.arange(200) % 2 == 0).astype(int)
        shared = dice.normal(y, 1)
        a, b = (shared + dice.normal(0, 0.5, 200) for _ in range(2))
        if metric != "roc_auc":
            a, b = (a > 0.5).astype(int), (b > 0.5).astype(int)
        hits += 0 in paired_difference(metric, y, a, b, resamples=200)
    assert hits / TRIALS == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / TRIALS) + 0.01)


def test_a_paired_interval_is_narrower():
    dice = np.random.default_rng(0)
    y = (np.arange(500) % 2 == 0).astype(int)
    a = dice.normal(y, 1)
    b = a + dice.normal(0, 0.1, 500)
    alone, together = interval("roc_auc", y, a), paired_difference("roc_auc", y, a, b)
    assert together.high - together.low < 0.5 * (alone.high - alone.low)


def test_the_same_seed_gives_the_same_interval():
    y = np.arange(100) % 2
    p = np.roll(y, 3) * (np.arange(100) < 80)
    assert interval("f1", y, p) == interval("f1", y, p)


def test_a_function_of_ones_own():
    y = np.arange(50.0)
    found = interval(lambda y, p: float(np.max(np.abs(y - p))), y, y + 1)
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)


def test_perfect_separation_still_has_a_lower_bound():
    y = np.repeat([0, 1], 10)
    found = interval("roc_auc", y, y.astype(float))
    assert found.high == 1.0
    assert 0.5 < found.low < 1


@pytest.mark.parametrize("rows", [0, 1])
def test_too_little_for_an_interval(rows):
    found = interval("rmse", np.ones(rows), np.ones(rows))
    assert np.isnan(found.low)


def test_lengths_must_agree():
    with pytest.raises(InvalidInputError, match="3 rows"):
        interval("mae", np.ones(3), np.ones(2))
