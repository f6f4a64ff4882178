"""Digests of one buffer or many are those of hashlib."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_lite.base.digest import is_digest, sha256, sha256_many, short


@given(st.lists(st.binary(max_size=100), max_size=5))
def test_many_are_digested_in_the_order_given(buffers):
    assert sha256_many(buffers) == [hashlib.sha256(buffer).hexdigest() for buffer in buffers]


def test_large_buffers_of_any_kind_are_digested_on_all_cores():
    array = np.arange(1 << 19)
    buffers = [array, memoryview(array), array.tobytes()]
    assert sha256_many(buffers) == [sha256(array.tobytes())] * 3


@pytest.mark.parametrize("text", ["", "a" * 63, "A" * 64, "g" * 64, "a" * 65])
def test_only_64_lower_hexadecimal_digits_are_a_digest(text):
    assert not is_digest(text)
    assert is_digest(sha256(b"")) and len(short(sha256(b""))) == 8
