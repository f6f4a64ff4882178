"""Integers are said in few bytes, and can be told from what is said."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_lite.data.integers import encoded

TYPES = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]


def decoded(head, body, dtype, count):
    """Read what was said: nothing else is known than the type and how many there are."""
    width, low, *first = (int(word) for word in head.split())
    if width == 0:
        body = np.zeros(count - len(first), np.uint8)
    if width == np.dtype(dtype).itemsize:
        return body.tolist()
    values = [int(value) + low for value in body]
    if first:
        bits = 8 * np.dtype(dtype).itemsize
        values = [(first[0] + step) % 2**bits for step in np.cumsum([0, *values], dtype=object).tolist()]
        values = [value - 2**bits if np.dtype(dtype).kind == "i" and value >> bits - 1 else value for value in values]
    return values


@st.composite
def arrays(draw):
    dtype = draw(st.sampled_from(TYPES))
    info = np.iinfo(dtype)
    base = draw(st.integers(info.min, info.max))
    spread = draw(st.sampled_from([0, 1, 255, 256, 2**16, 2**33, 2**64]))
    around = st.integers(max(info.min, base - spread), min(info.max, base + spread))
    values = draw(st.lists(around, min_size=1, max_size=8))
    if draw(st.booleans()):
        values.sort()
    return np.array(values, dtype)


@settings(max_examples=500, deadline=None)
@given(arrays())
def test_what_is_said_tells_the_values(values):
    assert decoded(*encoded(values), values.dtype, len(values)) == values.tolist()


@pytest.mark.parametrize(
    ("values", "size"),
    [
        (np.full(1000, 2**40), 0),
        (np.arange(1000) * 3 + 10**9, 0),
        (np.arange(1000)[::-1] * 2**20, 0),
        (np.cumsum(np.arange(1000) % 200) + 2**50, 999),
        (np.cumsum(np.arange(1000) * 2**9) + 2**50, 4000),
        (np.arange(1000) % 256 - 2**40, 1000),
        (np.arange(1000) * 7919 % 2**16, 2000),
        (np.where(np.arange(1000) < 900, np.arange(1000), 2**62 - np.arange(1000) ** 3), 8000),
        (np.array([2**63 - 1, -(2**63)] * 9), 17),  # steps that wrap around
    ],
)
def test_as_few_bytes_as_the_values_or_their_steps_need(values, size):
    assert encoded(values)[1].nbytes == size
