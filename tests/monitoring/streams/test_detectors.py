"""Every detector: quiet while nothing changes, awake when something does, resumed in another process."""

import random

import pytest

from mlops_lite.base import canonical
from mlops_lite.monitoring.definition import DETECTORS

NAMES = DETECTORS.names()


def detector(name, **settings):
    return DETECTORS.load(name).Detector(**settings)


def stream(name, seed, count, changed=False):
    """Standard normal values that move by one; for errors a rate of 5 % that becomes 25 %."""
    dice = random.Random(seed)
    if name == "ddm":
        return [float(dice.random() < (0.25 if changed else 0.05)) for _ in range(count)]
    return [dice.gauss(1.0 if changed else 0.0, 1.0) for _ in range(count)]


@pytest.mark.parametrize("name", NAMES)
def test_false_alarms_are_rare(name):
    alarms = 0
    for seed in range(10):
        each = detector(name)
        alarms += sum(each.update(value) for value in stream(name, seed, 3000))
    assert alarms <= (25 if name == "ddm" else 2)  # in 30,000 values; the three deviations of DDM are not many


@pytest.mark.parametrize("name", NAMES)
def test_a_change_is_found(name):
    found = 0
    for seed in range(10):
        each = detector(name)
        for value in stream(name, seed, 1000):
            each.update(value)
        found += any(map(each.update, stream(name, 100 + seed, 500, changed=True)))
    assert found >= 9


@pytest.mark.parametrize("name", NAMES)
def test_another_process_goes_on(name):
    one = detector(name)
    for value in stream(name, 1, 500):
        one.update(value)
    other = DETECTORS.load(name).Detector.from_state(canonical.decode(canonical.encode(one.state())))
    assert other.state() == one.state()
    if name != "kswin":  # draws its sample anew
        following = stream(name, 2, 600, changed=True)
        assert [one.update(value) for value in following] == [other.update(value) for value in following]


def test_page_hinkley_by_hand():
    each = detector("page_hinkley", threshold=2.5, delta=0.0, least=1)
    assert [each.update(value) for value in (0, 0, 1, 1, 1, 1)] == [False, False, False, False, False, True]


def test_the_window_of_adwin_holds_the_newest_values():
    each = detector("adwin")
    for value in [0.0] * 1000 + [5.0] * 200:
        each.update(value)
    assert each._total / each.size == pytest.approx(5, abs=0.9)
    assert each.size < 300


def test_adwin_takes_logarithmic_room():
    each = detector("adwin")
    for value in stream("adwin", 0, 20_000):
        each.update(value)
    assert sum(len(row) for row in each._rows) < 100
    assert sum(len(row) << place for place, row in enumerate(each._rows)) == each.size
