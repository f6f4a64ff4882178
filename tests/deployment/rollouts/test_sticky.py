"""Which keys fall to a trial: the same in every process, more with a larger share, others with another salt."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_lite.deployment.rollouts._sticky import falls, keys_of


@given(st.one_of(st.text(), st.integers(), st.binary()), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_keeps_the_keys_of_a_smaller_one(key, a, b):
    small, large = sorted((a, b))
    assert not falls(key, small, "salt") or falls(key, large, "salt")


def test_the_share_is_met_and_another_salt_chooses_others():
    first = np.array([falls(key, 0.2, "one") for key in range(20_000)])
    second = np.array([falls(key, 0.2, "two") for key in range(20_000)])
    assert abs(first.mean() - 0.2) < 0.012  # four standard errors
    assert abs((first & second).mean() - 0.04) < 0.006


def test_another_process_chooses_the_same():
    code = "from mlops_lite.deployment.rollouts._sticky import falls; print([falls(k, .3, 's') for k in range(50)])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == str([falls(key, 0.3, "s") for key in range(50)])


@pytest.mark.parametrize(
    "same", [(5, 5.0, "5", np.int64(5), np.float32(5)), ("Ünal", "Ünal".encode(), np.str_("Ünal"))]
)
def test_equal_keys_of_other_types_are_one_key(same):
    for share in np.linspace(0, 1, 50):
        assert len({falls(key, share, "salt") for key in same}) == 1


@pytest.mark.parametrize(
    ("X", "key", "column", "expected"),
    [
        (pd.DataFrame({"c": [1, 1, 2]}), None, "c", [1, 2]),
        ({"c": [1, 2]}, None, "c", [1, 2]),
        ({"c": "x"}, None, "c", ["x"]),
        (np.zeros((2, 2)), None, "c", []),
        (np.zeros((2, 2)), "k", "c", ["k"]),
        (np.zeros((2, 2)), [7, 7], None, [7]),
        (pd.DataFrame({"c": [1]}), None, "other", []),
        (pd.DataFrame({"c": [1]}), None, None, []),
    ],
)
def test_keys_are_those_passed_or_those_of_the_column(X, key, column, expected):
    assert keys_of(X, key, column) == expected
