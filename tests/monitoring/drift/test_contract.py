"""Every check, found by itself: what it promises, and agreement with the definition or with scipy."""

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from mlops_lite.monitoring import measure
from mlops_lite.monitoring.drift._binned import binned
from mlops_lite.stats import distance
from mlops_lite.stats.exact import ks_distance
from mlops_lite.stats.profile import profile
from tests.monitoring.columns import draw, levels, mixed, numbers

NAMES = measure.names()


def pair(before, now):
    """Profiles of a column of rows, on the cells of the first."""
    reference = profile({"x": before}).settled()
    return reference["x"], profile({"x": now}, reference.frame)["x"]


def columns_for(check, seed):
    """Draws without any change, of every shape that the check is for."""
    dice = np.random.default_rng(seed)
    for kind, name, chances, missing in mixed():
        family = "numbers" if kind is numbers else "levels"
        if family in measure.check_named(check).FAMILIES:
            yield kind(name, chances, 1000, dice, missing), kind(name, chances, 700, dice, missing)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_check_offers(name):
    check = measure.check_named(name)
    assert set(check.FAMILIES) <= {"numbers", "times", "levels", "other"}
    assert 0 < check.WEIGHT <= 1
    assert 0 < check.FLOOR < 1
    assert len(check.__doc__) > 80


@pytest.mark.parametrize("name", NAMES)
def test_measurements_are_numbers(name):
    for reference, current in columns_for(name, 0):
        found = measure.check_named(name).compare(reference, current)
        if found is not None:
            assert np.isfinite(found.statistic)
            assert found.effect >= 0
            assert found.p_value is None or 0 <= found.p_value <= 1
            assert found.sentence


@pytest.mark.parametrize("name", NAMES)
def test_false_alarms_without_a_change(name):
    check, p_values = measure.check_named(name), []
    for seed in range(12):
        found = [check.compare(*each) for each in columns_for(name, seed)]
        p_values += [each.p_value for each in found if each is not None and each.p_value is not None]
    if p_values:
        alarms, count = np.sum(np.array(p_values) <= 0.05), len(p_values)
        assert alarms <= 0.05 * count + 3 * np.sqrt(0.05 * count) + 1


@pytest.mark.parametrize("name", NAMES)
def test_the_same_data_have_no_effect(name):
    dice = np.random.default_rng(0)
    for values in (dice.normal(size=500), dice.choice(["a", "b", "c"], 500)):
        reference, current = pair(values, values)
        if reference.family in measure.check_named(name).FAMILIES:
            found = measure.check_named(name).compare(reference, current)
            assert found is None or found.effect == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_nothing(name):
    for kind, chances in ((numbers, np.ones(4) / 4), (levels, np.ones(4) / 4)):
        dice = np.random.default_rng(0)
        full, empty = kind("x", chances, 100, dice), kind("x", chances, 0, dice)
        if full.family in measure.check_named(name).FAMILIES:
            for sides in ((full, empty), (empty, full), (empty, empty)):
                assert measure.check_named(name).compare(*sides) is None


def test_a_large_move_is_large_in_every_distance():
    dice = np.random.default_rng(0)
    reference, current = pair(dice.normal(size=5000), dice.normal(2, 1, 5000))
    for name in measure.DRIFT.names():
        check = measure.check_named(name)
        if "numbers" in check.FAMILIES:
            assert check.compare(reference, current).effect > 5 * check.FLOOR


# ── agreement ────────────────────────────────────────────────────────────────────────────────────────────────────────

SAMPLES = [
    lambda dice: (dice.normal(size=400), dice.normal(0.2, 1, 300)),
    lambda dice: (dice.poisson(5, 400).astype(float), dice.poisson(6, 300).astype(float)),
    lambda dice: (dice.lognormal(0, 1, 200), dice.lognormal(0, 1, 900)),
]


@pytest.mark.parametrize("sample", SAMPLES)
def test_exact_distance_of_kolmogorov_and_smirnov(sample):
    for seed in range(10):
        a, b = sample(np.random.default_rng(seed))
        found = ks_distance(np.sort(a), np.sort(b))
        expected = stats.ks_2samp(a, b, method="asymp")
        assert found == pytest.approx(expected.statistic, abs=1e-12)
        assert distance.kolmogorov_smirnov_p(found, len(a), len(b)) == pytest.approx(expected.pvalue, abs=0.03)


def test_exact_distance_of_many_rows():
    dice = np.random.default_rng(0)
    a, b = np.sort(dice.normal(size=30_000)), np.sort(dice.normal(0.01, 1.01, 20_000))
    assert ks_distance(a, b) == pytest.approx(stats.ks_2samp(a, b, method="asymp").statistic, abs=1e-12)


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_distance_on_cells_is_within_its_bounds(sample):
    a, b = sample(np.random.default_rng(1))
    reference, current = pair(a, b)
    low, high = distance.kolmogorov_smirnov_bounds(reference.counts, current.counts)
    assert low - 1e-12 <= stats.ks_2samp(a, b).statistic <= high + 1e-12


@pytest.mark.parametrize("sample", SAMPLES)
def test_wasserstein_within_the_width_of_cells(sample):
    a, b = sample(np.random.default_rng(2))
    reference, current = pair(a, b)
    found = measure.check_named("wasserstein").compare(reference, current).effect * reference.std
    widths = np.diff(np.concatenate(([min(a.min(), b.min())], np.unique(np.concatenate((a, b))))))
    assert found == pytest.approx(stats.wasserstein_distance(a, b), abs=3 * np.median(widths) + 0.02 * a.std())


@pytest.mark.parametrize("sample", SAMPLES)
def test_cramer_and_von_mises(sample):
    a, b = sample(np.random.default_rng(3))
    values = np.unique(np.concatenate((a, b)))
    counts = [np.bincount(np.searchsorted(values, side), minlength=len(values)) for side in (a, b)]
    statistic, p_value = distance.cramer_von_mises(*counts)
    if len(values) == len(a) + len(b):  # without ties the statistic is scipy's up to its centring
        expected = stats.cramervonmises_2samp(a, b, method="asymptotic")
        assert p_value == pytest.approx(expected.pvalue, abs=0.03)
        n, m = len(a), len(b)
        ranks = stats.rankdata(np.concatenate((a, b)))
        u = n * np.sum((np.sort(ranks[:n]) - np.arange(1, n + 1)) ** 2)
        u += m * np.sum((np.sort(ranks[n:]) - np.arange(1, m + 1)) ** 2)
        assert statistic == pytest.approx(u / (n * m * (n + m)) - (4 * n * m - 1) / (6 * (n + m)), abs=1e-9)


def test_anderson_and_darling():
    for seed in range(5):
        dice = np.random.default_rng(seed)
        a, b = dice.normal(size=500), dice.normal(0.15, 1, 400)
        reference, current = pair(a, b)
        found = measure.check_named("anderson_darling").compare(reference, current)
        assert found.p_value == pytest.approx(_anderson(a, b), abs=0.1)


def _anderson(a, b):
    """The p-value by shuffling."""
    dice, both = np.random.default_rng(0), np.concatenate((a, b))

    def statistic(mask):
        order = np.argsort(both)
        below, total = np.cumsum(mask[order])[:-1], len(both)
        place, n = np.arange(1, total), mask.sum()
        return np.sum((below * total - n * place) ** 2 / (place * (total - place))) / (n * (total - n))

    mask = np.arange(len(both)) < len(a)
    found = statistic(mask)
    return np.mean([statistic(dice.permutation(mask)) >= found for _ in range(600)])


def test_distances_of_shares_by_their_definitions():
    dice = np.random.default_rng(4)
    for _ in range(20):
        a, b = dice.integers(1, 50, (2, 8))
        p, q = a / a.sum(), b / b.sum()
        assert distance.jensen_shannon(a, b) == pytest.approx(jensenshannon(p, q, base=2), abs=1e-9)
        assert distance.hellinger(a, b) == pytest.approx(np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2), abs=1e-9)
        assert distance.total_variation(a, b) == pytest.approx(np.abs(p - q).sum() / 2, abs=1e-9)
        assert distance.population_stability(a, b) == pytest.approx(np.sum((q - p) * np.log(q / p)), abs=1e-9)
        assert distance.kolmogorov_smirnov(a, b) == pytest.approx(np.abs(np.cumsum(p - q)).max(), abs=1e-9)


def test_bins_hold_a_tenth_each():
    dice = np.random.default_rng(5)
    reference, current = pair(dice.normal(size=10_000), dice.normal(size=8_000))
    then, now = binned(reference, current)
    assert len(then) == 10
    assert then / 10_000 == pytest.approx(np.full(10, 0.1), abs=0.003)
    assert now.sum() == 8_000


def test_sixty_columns_at_once_keep_the_promise():
    """The rate of checks that alarm without any change, over sixty mixed columns."""
    from mlops_lite.monitoring.judge import judge

    alarms = 0
    for seed in range(150):
        dice = np.random.default_rng([seed, 1])
        found = judge(draw(mixed(), 2000, dice), draw(mixed(), 1000, dice), 0.05)
        alarms += any(finding.severity == "alert" for finding in found)
    assert alarms / 150 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 150)
