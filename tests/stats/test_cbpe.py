"""Estimates without labels agree with what the labels would have said."""

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from mlops_lite.stats import metrics
from mlops_lite.stats.cbpe import Calibration, calibrate, estimate

NAMES = ["roc_auc", "accuracy", "f1", "log_loss"]


def drawn(seed, rows, shift=0.0):
    dice = np.random.default_rng(seed)
    x = dice.normal(shift, 1.5, rows)
    y = (dice.random(rows) < 1 / (1 + np.exp(-x))).astype(int)
    return y, 1 / (1 + np.exp(-0.5 * x - 0.3))  # not calibrated: too timid, and off


def test_the_calibration_is_isotonic_regression():
    y, score = drawn(0, 1500)
    found = calibrate(y, score)
    expected = IsotonicRegression(out_of_bounds="clip").fit(score, y).predict(found.scores)
    assert found.fit() == pytest.approx(expected, abs=1e-9)


def test_many_scores_are_put_together():
    y, score = drawn(0, 50_000)
    found = calibrate(y, score)
    assert len(found.scores) <= 2_000
    assert found.rows.sum() == 50_000
    assert Calibration.of(found.describe()).fit() == pytest.approx(found.fit())


@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_the_interval_holds_what_the_labels_would_say(shift):
    """Also when the rows move, as long as score and truth belong together as before."""
    wanted, held = [metrics.get(name) for name in NAMES], 0
    for seed in range(60):
        found_on = calibrate(*drawn(seed, 4000))
        y, score = drawn(1000 + seed, 1500, shift)
        named = (score > 0.5).astype(int)
        found = estimate(wanted, [found_on], score, named)
        for metric in wanted:
            held += metric(y, score if metric.needs == "score" else named) in found[metric.name]
    assert held / (60 * len(NAMES)) >= 0.9


def test_the_optimism_of_a_small_reference_is_in_the_interval():
    """The estimate itself is too good, whatever the seed; its interval is not."""
    wanted, names = [metrics.get(name) for name in NAMES], {name: [] for name in NAMES}
    held = 0
    for seed in range(60):
        found_on = calibrate(*drawn(seed, 1000))
        y, score = drawn(1000 + seed, 20_000, 0.5)
        named = (score > 0.5).astype(int)
        found = estimate(wanted, [found_on], score, named)
        for metric in wanted:
            truth = metric(y, score if metric.needs == "score" else named)
            names[metric.name].append(found[metric.name].value - truth)
            held += truth in found[metric.name]
    assert np.mean(names["roc_auc"]) > 0 > np.mean(names["log_loss"])
    assert held / (60 * len(NAMES)) >= 0.88


def test_it_cannot_see_that_the_relation_broke():
    found_on = calibrate(*drawn(0, 4000))
    y, score = drawn(1, 2000)
    found = estimate([metrics.get("roc_auc")], [found_on], score, (score > 0.5).astype(int))
    assert metrics.get("roc_auc")(1 - y, score) not in found["roc_auc"]


def test_three_classes():
    dice = np.random.default_rng(0)

    def rows(count):
        score = dice.dirichlet([1, 2, 1], count)
        return np.array([dice.choice(3, p=row) for row in score]), score

    y, score = rows(3000)
    calibrations = [calibrate(y == k, score[:, k]) for k in range(3)]
    y, score = rows(1500)
    wanted = [metrics.get(name) for name in ("roc_auc", "accuracy", "log_loss")]
    found = estimate(wanted, calibrations, score, score.argmax(1))
    for metric in wanted:
        truth = metric(y, score if metric.needs == "score" else score.argmax(1))
        assert found[metric.name].value == pytest.approx(truth, abs=0.05)


def test_scores_beyond_the_reference_are_counted():
    assert calibrate(np.array([0, 1]), np.array([0.2, 0.8])).outside(np.array([0.1, 0.5, 0.9, 0.7])) == 0.5
