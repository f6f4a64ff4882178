"""Taken together or one by one: the address of a column in a part is the same."""

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_lite.data.address import address
from mlops_lite.data.addresses import addresses
from mlops_lite.data.integers import encoded, stretches
from tests.data.test_integers import arrays

WORDS = ["", "a", "Ü", "something longer than eight letters"]


def whole(kind, rows, dice):
    """Make a column of a kind."""
    if kind == "text":
        return pa.array(dice.choice(WORDS, rows).tolist(), pa.string())
    if kind == "large text":
        return pa.array(dice.choice(WORDS, rows).tolist(), pa.large_string())
    if kind == "nulls":
        return pa.array(dice.integers(0, 300, rows), mask=dice.random(rows) < 0.3)
    if kind == "bool":
        return pa.array(dice.random(rows) < 0.5)
    if kind == "times":
        return pa.array(np.cumsum(dice.integers(0, 10**6, rows)).astype("M8[us]"))
    if kind == "rising":
        return pa.array(np.arange(rows) * 3 + 10**9)
    if kind == "float":
        return pa.array(dice.normal(size=rows))
    if kind == "mixed widths":
        return pa.array(
            np.where(np.arange(rows) < rows // 2, dice.integers(0, 200, rows), dice.integers(0, 2**40, rows))
        )
    return pa.array(dice.integers(0, 40_000, rows).astype(kind))


KINDS = ["text", "large text", "nulls", "bool", "times", "rising", "float", "mixed widths", "u1", "i2", "u4", "i8"]


@pytest.mark.parametrize("kind", KINDS)
@given(cuts=st.lists(st.integers(0, 3000), max_size=5), before=st.integers(0, 9), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_parts_of_one_table(kind, cuts, before, seed):
    column = whole(kind, 3000, np.random.default_rng(seed)).slice(before)
    ends = sorted({0, len(column), *(cut for cut in cuts if cut < len(column))})
    parts = [column.slice(start, end - start) for start, end in itertools.pairwise(ends)]
    assert addresses(parts) == [address(part) for part in parts]


@pytest.mark.parametrize("kind", KINDS)
def test_parts_that_lie_elsewhere_or_leave_a_gap(kind):
    column = whole(kind, 3000, np.random.default_rng(0))
    other = whole(kind, 1000, np.random.default_rng(1))
    parts = [column.slice(0, 900), column.slice(1000, 900), other, column.slice(1900), column.slice(0, 0)]
    assert addresses(parts) == [address(part) for part in parts]


@settings(max_examples=300, deadline=None)
@given(arrays(), st.integers(0, 7), st.integers(0, 7))
def test_stretches_are_said_each_by_itself(values, one, two):
    starts = sorted({0, *(start for start in (one, two) if start < len(values))})
    said = stretches(values, starts)
    for start, end, (head, body) in zip(starts, [*starts[1:], len(values)], said, strict=True):
        alone = encoded(values[start:end])
        assert (head, body.tobytes(), body.dtype) == (alone[0], alone[1].tobytes(), alone[1].dtype)
