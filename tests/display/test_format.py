"""Numbers, sizes and times as people read them."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest

from mlops_lite.display import format


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (0.0, "0"),
        (-3, "-3"),
        (1234567, "1,234,567"),
        (0.5, "0.5"),
        (0.123456, "0.1235"),
        (99999.6, "100,000"),
        (1e-9, "1e-09"),
        (1e20, "1e+20"),
        (float("inf"), "inf"),
        (np.float32(0.1), "0.1"),
        (np.int64(7), "7"),
    ],
)
def test_numbers(value, written):
    assert format.number(value) == written


def test_truth_is_no_number():
    assert not format.is_number(True)
    assert not format.is_number(np.True_)
    assert format.value(True) == "yes"


def test_times_are_told_in_utc():
    there = datetime(2026, 11, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    assert format.time(there) == "2026-11-01 12:00:00 UTC"
    assert format.value(there) == format.time(there)
    assert format.value(date(2026, 11, 1)) == "2026-11-01"


def test_sizes_step_at_a_thousand():
    assert [format.size(count) for count in (0, 999, 1000, 999_999, 10**15)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "1.0 MB",
        "1,000.0 TB",
    ]


def test_durations_are_read_at_a_glance():
    assert [format.duration(s) for s in (0, 0.0123, 0.9, 59.94, 3600)] == [
        "0.0 ms",
        "12 ms",
        "900 ms",
        "59.9 s",
        "1 h 0 min",
    ]
    assert format.value(timedelta(seconds=2)) == "2.0 s"


def test_a_naive_time_is_not_given_a_zone():
    assert format.time(datetime(2026, 1, 2)) == "2026-01-02 00:00:00"
    assert format.time(datetime(2026, 1, 2, tzinfo=UTC)).endswith("UTC")
