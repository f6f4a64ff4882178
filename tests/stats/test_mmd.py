"""Tests of many columns at once keep their rate and find what no column shows."""

import numpy as np

from mlops_lite.stats.learn import told_apart
from mlops_lite.stats.mmd import maximum_mean_discrepancy


def points(seed, rows, turned=False):
    """Two columns that hang together; turned, they hang together the other way, and each column is as it was."""
    dice = np.random.default_rng(seed)
    one = dice.normal(size=rows)
    return np.column_stack((one, (-one if turned else one) * 0.8 + 0.6 * dice.normal(size=rows)))


def test_false_alarms_of_mmd():
    found = [maximum_mean_discrepancy(points(seed, 100), points(1000 + seed, 80))[1] for seed in range(150)]
    assert np.mean(np.array(found) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)


def test_mmd_finds_what_no_column_shows():
    squared, p_value, effect = maximum_mean_discrepancy(points(0, 300), points(1, 300, turned=True))
    assert p_value < 1e-6
    assert effect > 0.1
    assert squared > 0


def test_mmd_by_its_definition():
    a, b = points(0, 20), points(1, 15)
    both = np.concatenate((a, b))
    squares = ((both[:, None] - both[None]) ** 2).sum(-1)
    width = np.median(squares[np.triu_indices(35, 1)])

    def mean(x, y, same):
        values = np.exp(-((x[:, None] - y[None]) ** 2).sum(-1) / width)
        return (values.sum() - len(x)) / (len(x) * (len(x) - 1)) if same else values.mean()

    expected = mean(a, a, True) + mean(b, b, True) - 2 * mean(a, b, False)
    assert np.isclose(maximum_mean_discrepancy(a, b)[0], expected, rtol=1e-9)


def test_too_few_points():
    assert maximum_mean_discrepancy(points(0, 1), points(1, 5))[1] == 1.0


def test_a_classifier_tells_apart_what_differs_only():
    found = [told_apart(points(seed, 300), points(500 + seed, 200))[1] for seed in range(12)]
    assert min(found) > 1e-3
    auc, p_value = told_apart(points(0, 600), points(1, 600, turned=True))
    assert auc > 0.7
    assert p_value < 1e-6
