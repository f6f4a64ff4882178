"""The stack machine agrees with the real unpickler on everything that pickling writes."""

import collections
import datetime
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_lite.formats.trust import machine
from mlops_lite.formats.trust.symbols import Call, Entries, Group, RefusedPickleError

atoms = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
keys = st.integers() | st.text() | st.tuples(st.text(), st.integers())
plain = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(keys, inner)
        | st.sets(st.integers() | st.text())
        | st.frozensets(st.integers())
    ),
    max_leaves=40,
)


def real(value):
    """Turn symbols of plain things into the things."""
    if isinstance(value, Entries):
        return {real(key): real(item) for key, item in value}
    if isinstance(value, Group):
        return {real(item) for item in value.items}
    if isinstance(value, (list, tuple)):
        return type(value)(map(real, value))
    return value


@given(plain)
def test_plain_values_come_out_as_they_are(value):
    found = machine.read(pickle.dumps(value, protocol=5))
    assert real(found.value) == value
    assert not found.mentioned


@given(plain)
def test_sharing_is_followed(value):
    shared = [value]
    found = machine.read(pickle.dumps([shared, shared], protocol=5)).value
    assert found[0] is found[1]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    """Whatever stands there: an answer or a refusal, never another error and never an endless run."""
    for head in (data, b"\x80\x05" + data):
        try:
            machine.read(head)
        except RefusedPickleError as refused:
            assert str(refused)


@given(plain, st.data())
def test_a_changed_byte_is_read_or_refused(value, data):
    head = bytearray(pickle.dumps(value, protocol=5))
    head[data.draw(st.integers(0, len(head) - 1))] = data.draw(st.integers(0, 255))
    try:
        machine.read(head)
    except RefusedPickleError:
        return


@pytest.mark.parametrize(
    "value",
    [
        collections.OrderedDict(a=1),
        collections.Counter("aab"),
        collections.deque([1, 2], maxlen=3),
        datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC),
        np.dtype([("a", "i4")]),
        np.array([None, "x"], dtype=object),
        range(3),
        complex(1, 2),
    ],
    ids=repr,
)
def test_it_names_exactly_what_the_real_one_looks_up(value):
    class Spy(pickle.Unpickler):
        def find_class(self, module, name):
            seen.add(f"{module}.{name}")
            return super().find_class(module, name)

    import io

    seen = set()
    head = pickle.dumps(value, protocol=5)
    Spy(io.BytesIO(head)).load()
    assert {str(name) for name in machine.read(head).mentioned} == seen


def test_state_and_items_are_kept_with_the_call():
    class_state = machine.read(pickle.dumps(collections.OrderedDict(a=1), protocol=5)).value
    assert isinstance(class_state, Call)
    assert class_state.entries == [("a", 1)]


def test_a_value_that_contains_itself_is_followed():
    loop = []
    loop.append(loop)
    found = machine.read(pickle.dumps(loop, protocol=5)).value
    assert found[0] is found


def test_large_pickles_are_refused(monkeypatch):
    monkeypatch.setattr(machine, "MOST_BYTES", 100)
    with pytest.raises(RefusedPickleError, match="the most"):
        machine.read(pickle.dumps("x" * 200, protocol=5))


def test_older_protocols_are_refused():
    with pytest.raises(RefusedPickleError):
        machine.read(pickle.dumps([1], protocol=4))
