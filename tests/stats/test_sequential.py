"""The test may be looked at after every observation."""

import numpy as np
import pytest

from mlops_lite.base import canonical
from mlops_lite.errors import InvalidInputError
from mlops_lite.stats.sequential import SequentialTest

STREAMS = 10_000


def alarms(candidate, reference, streams=STREAMS, **options):
    """The share of streams that are refuted at any of their looks; an update looks after each of its values."""
    count = 0
    for seed in range(streams):
        dice = np.random.default_rng(seed)
        test = SequentialTest(**options)
        test.update(candidate(dice), reference(dice))
        count += test.refuted
    return count / streams


@pytest.mark.parametrize("rate", [0.02, 0.5])
def test_false_alarms_on_equal_error_rates(rate):
    found = alarms(lambda dice: dice.random(300) < rate, lambda dice: dice.random(300) < rate)
    assert found <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / STREAMS)


def test_false_alarms_when_a_tenth_goes_to_the_candidate():
    found = alarms(lambda dice: dice.random(100) < 0.05, lambda dice: dice.random(900) < 0.05)
    assert found <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / STREAMS)


def test_false_alarms_when_both_move_together():
    day = 0.3 + 0.25 * np.sin(np.arange(300) / 20)
    found = alarms(lambda dice: dice.random(300) < day, lambda dice: dice.random(300) < day, streams=2000)
    assert found <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 2000)


def test_false_alarms_at_the_margin():
    found = alarms(lambda dice: dice.random(300) < 0.25, lambda dice: dice.random(300) < 0.2, 2000, margin=0.05)
    assert found <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 2000)


def test_power():
    found = alarms(lambda dice: dice.random(600) < 0.06, lambda dice: dice.random(5400) < 0.01, streams=300)
    assert found >= 0.95
    skewed = alarms(lambda dice: dice.exponential(1.5, 500), lambda dice: dice.exponential(1, 500), 300, high=10)
    assert skewed >= 0.8


def test_batches_of_one_equal_one_batch():
    dice = np.random.default_rng(0)
    new, old = dice.random(50) < 0.3, dice.random(50) < 0.1
    whole, steps = SequentialTest(), SequentialTest()
    whole.update(new, old)
    for a, b in zip(new, old, strict=True):
        steps.update(candidate=a)
        steps.update(reference=b)
    assert steps.e_value == pytest.approx(whole.e_value)
    assert steps.p_value == pytest.approx(whole.p_value)


def test_another_process_goes_on():
    dice = np.random.default_rng(0)
    test = SequentialTest(alpha=0.01, high=2)
    test.update(dice.random(10), dice.random(10))
    test.update(candidate=[1.0])
    again = SequentialTest.from_state(canonical.decode(canonical.encode(test.state())))
    for each in (test, again):
        each.update([1.5], [0.1, 0.3])
    assert again.state() == test.state()
    assert (again.candidates, again.references) == (12, 12)


def test_once_refuted_it_stays_refuted():
    test = SequentialTest()
    test.update(np.ones(30), np.zeros(30))
    assert test.refuted
    test.update(np.zeros(3000), np.ones(3000))
    assert test.refuted
    assert test.e_value < 1e-3


@pytest.mark.parametrize("options", [{"alpha": 0}, {"alpha": 1.5}, {"low": 1, "high": 1}, {"margin": 2}])
def test_impossible_settings(options):
    with pytest.raises(InvalidInputError):
        SequentialTest(**options)


def test_nan_is_refused():
    with pytest.raises(InvalidInputError, match="NaN"):
        SequentialTest().update([np.nan], [0])
