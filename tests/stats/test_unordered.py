"""The test of a column of levels keeps its rate of false alarms from two levels to a hundred thousand."""

import numpy as np
import pytest
from scipy import stats

from mlops_lite.stats.cells import BUCKETS, LevelCells
from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.unordered import _dawson, chi_squared, compare_levels, top

TRIALS = 400


def column(counts):
    cells = LevelCells(tuple(f"{place:05}" for place in range(len(counts))))
    return ColumnProfile("c", "string", "levels", cells, int(counts.sum()), 0, counts)


@pytest.mark.parametrize("size", [2, 10, 500, 2000])
@pytest.mark.parametrize(("before", "now"), [(200, 200), (2000, 2000), (20_000, 200)])
def test_false_alarms(size, before, now):
    dice = np.random.default_rng(3)
    chances = 1 / np.arange(1, size + 1)
    chances /= chances.sum()
    found = [
        compare_levels(column(dice.multinomial(before, chances)), column(dice.multinomial(now, chances))).p_value
        for _ in range(TRIALS)
    ]
    for level in (0.05, 0.01):
        assert np.mean(np.array(found) <= level) <= level + 3 * np.sqrt(level / TRIALS)


def test_levels_by_hash_alarm_no_more():
    dice = np.random.default_rng(4)
    cells = LevelCells((), True)
    chances = dice.dirichlet(np.full(BUCKETS, 50.0))

    def draw(rows):
        return ColumnProfile("c", "string", "levels", cells, rows, 0, dice.multinomial(rows, chances))

    found = [compare_levels(draw(20_000), draw(5_000)).p_value for _ in range(TRIALS)]
    assert np.mean(np.array(found) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 / TRIALS)


def test_ids_that_are_always_new_are_no_drift():
    cells = LevelCells(tuple(f"{place:05}" for place in range(2000)))
    reference = ColumnProfile("id", "string", "levels", cells, 2000, 0, np.ones(2000, dtype=int))
    new = {f"new {place}": 1 for place in range(4096)}
    current = ColumnProfile("id", "string", "levels", cells, 50_000, 0, np.zeros(2000, int), unknown=new, rest=45_904)
    assert compare_levels(reference, current).p_value > 0.5


def test_one_moved_level_among_many_is_named():
    dice = np.random.default_rng(5)
    chances = np.full(50, 0.02)
    changed = chances * 0.97
    changed[7] += 0.03
    found = compare_levels(column(dice.multinomial(20_000, chances)), column(dice.multinomial(20_000, changed)))
    assert found.level == "00007"
    assert found.p_value < 1e-9
    assert found.share == pytest.approx(0.03, abs=0.006)


def test_a_new_level_is_named_though_it_is_rare():
    reference = column(np.array([10_000, 10_000]))
    current = ColumnProfile("c", "string", "levels", reference.cells, 206, 0, np.array([100, 100]), unknown={"new": 6})
    found = compare_levels(reference, current)
    assert found.level == "new"
    assert found.p_value < 1e-6


def test_the_statistic_is_that_of_scipy():
    dice = np.random.default_rng(6)
    for _ in range(20):
        table = dice.multinomial(300, np.full(6, 1 / 6), 2) + 1
        statistic, p_value = chi_squared(*table)
        expected = stats.chi2_contingency(table, correction=False)
        assert statistic == pytest.approx(expected.statistic, rel=1e-9)
        assert p_value == pytest.approx(expected.pvalue, abs=0.02)


def test_many_levels_without_drift_are_no_drift():
    """Where a chi-squared law on zero expectations says p = 1e-75."""
    dice = np.random.default_rng(7)
    table = dice.multinomial(2000, np.full(500, 1 / 500), 2)
    assert chi_squared(*table)[1] == pytest.approx(stats.chi2_contingency(table[:, table.sum(0) > 0]).pvalue, abs=0.05)


def test_mean_and_variance_are_exact():
    pooled, n, m = np.array([5, 9, 2, 30, 14]), 25, 35
    dice = np.random.default_rng(8)
    draws = dice.multivariate_hypergeometric(pooled, m, 20_000)
    found = np.array([chi_squared(pooled - draw, draw)[0] for draw in draws])
    assert found.mean() == pytest.approx(60 / 59 * 4, rel=0.02)
    assert found.var() == pytest.approx(_dawson(np.array([n, m]), pooled.astype(float), 60.0), rel=0.05)


def test_nothing_is_no_drift():
    assert compare_levels(column(np.array([0, 0])), column(np.array([3, 4]))).p_value == 1.0
    assert chi_squared(np.array([5, 0]), np.array([3, 0])) == (0.0, 1.0)


def test_top():
    assert top({"a": 1, "b": 3, "c": 2}, 2) == {"b": 3, "c": 2}
