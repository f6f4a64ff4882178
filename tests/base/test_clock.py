"""The time is UTC, and can be replaced inside a block only."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from mlops_lite.base import clock
from mlops_lite.base.identifier import new_id, time_of

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def test_now_is_now_in_utc():
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=60)
    assert clock.now().utcoffset() == timedelta(0)


def test_a_replaced_clock_ends_with_its_block_also_by_an_error():
    with pytest.raises(KeyError), clock.use(lambda: NOON):
        with clock.use(lambda: NOON + timedelta(hours=1)):
            assert clock.now().hour == 13
        assert clock.now() == NOON
        raise KeyError
    assert clock.now() > datetime(2025, 1, 1, tzinfo=UTC)


def test_a_replaced_clock_is_that_of_its_thread_only():
    seen = []
    with clock.use(lambda: NOON):
        thread = threading.Thread(target=lambda: seen.append(clock.now()))
        thread.start()
        thread.join()
    assert seen[0] != NOON


def test_identifiers_sort_by_time_and_tell_it():
    found = []
    for second in range(20):
        with clock.use(lambda second=second: NOON + timedelta(seconds=second)):
            found.append(new_id())
    assert found == sorted(found) and len(set(found)) == 20
    assert [time_of(one) for one in found] == [NOON + timedelta(seconds=second) for second in range(20)]


@pytest.mark.parametrize("text", ["", "mine", "U" * 26, "Z" * 26, "01J" * 20])
def test_what_is_no_identifier_has_no_time(text):
    assert time_of(text).year == 1970


def test_a_seed_of_the_users_repeats_no_identifier():
    import random

    random.seed(0)
    before = random.getstate()
    one = new_id()
    random.seed(0)
    assert one[10:] != new_id()[10:]
    assert random.getstate() == before
