"""Combined p-values keep their rate."""

import numpy as np
import pytest
from scipy import stats

from mlops_lite.stats.combine import benjamini_hochberg, cauchy, weighted_bonferroni


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.95])
def test_cauchy_keeps_its_level_under_dependence(correlation):
    dice = np.random.default_rng(0)
    shared = dice.normal(size=(20_000, 1))
    z = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * dice.normal(size=(20_000, 3))
    p_values = 2 * stats.norm.sf(np.abs(z))
    found = np.array([cauchy(list(row), [0.4, 0.2, 0.4]) for row in p_values[:4000]])
    for level in (0.05, 0.01):
        assert (found <= level).mean() <= 1.3 * level + 3 * np.sqrt(level / 4000)


def test_cauchy_of_tiny_and_certain_p_values():
    assert cauchy([1e-200, 1.0], [0.5, 0.5]) == pytest.approx(2e-200, rel=1e-3)
    assert cauchy([1.0, 1.0], [0.5, 0.5]) <= 1
    assert cauchy([], []) == 1.0


def test_benjamini_hochberg_against_scipy():
    dice = np.random.default_rng(1)
    for _ in range(50):
        p_values = dice.random(20) ** 2
        threshold, adjusted = benjamini_hochberg(p_values, 0.1)
        assert adjusted == pytest.approx(stats.false_discovery_control(p_values))
        assert (p_values <= threshold).tolist() == (adjusted <= 0.1).tolist()
    assert benjamini_hochberg([], 0.05)[0] == 0.0


def test_weights_share_the_level():
    dice = np.random.default_rng(2)
    weights = {"a": 0.76, "b": 0.04, "c": 0.2}
    p_values = dice.random((20_000, 3))
    found = [min(weighted_bonferroni(dict(zip("abc", row, strict=True)), weights).values()) for row in p_values]
    assert np.mean(np.array(found) <= 0.05) == pytest.approx(0.05, abs=0.006)
