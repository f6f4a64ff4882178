"""Trees: what goes in comes out, and a tree that somebody wrote by hand is built or refused, never more."""

import datetime
import json
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_lite import formats
from mlops_lite.errors import DamagedError, MlopsLiteError
from mlops_lite.formats import tree
from mlops_lite.formats.container import Manifest, Place
from mlops_lite.store import Store
from tests.formats.test_formats import put

# whole seconds: Python itself reads an offset of less than one back as UTC
offsets = st.integers(-82_800, 82_800).map(lambda seconds: datetime.timedelta(seconds=seconds))
zones = st.none() | offsets.map(datetime.timezone)
atoms = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.binary() | st.dates()
    | st.text(st.characters()) | st.datetimes(timezones=zones) | st.timedeltas() | st.binary().map(bytearray)
)  # fmt: skip
keys = st.text() | st.integers() | st.booleans() | st.none() | st.tuples(st.text(), st.integers()) | st.dates()
trees = st.recursive(
    atoms,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(keys, inner) | st.sets(keys)
    | st.frozensets(keys),
    max_leaves=30,
)  # fmt: skip


@pytest.fixture(scope="module")
def memory():
    return Store(f"memory://tree-{os.urandom(4).hex()}")


def alike(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(map(repr, a)) == list(map(repr, b)) and all(map(alike, a.values(), b.values()))
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(alike, a, b))
    return repr(a) == repr(b) or a == b


@settings(deadline=None)
@given(value=trees)
def test_what_goes_in_comes_out(memory, value):
    stored = put(memory, value)
    assert stored.format == "tree"
    assert alike(formats.load(stored, memory, trusted="arrays"), value)


def by_hand(store, written):
    head = json.dumps(written).encode()
    with store.objects.batch() as batch:
        digest = batch.add(head)
        return batch.add(Manifest("tree", {"tree": 0}, ((digest, len(head)),), (Place(0, 0, len(head)),)).encode())


def test_a_tree_by_hand_can_be_read(memory):
    assert formats.load(by_hand(memory, ["dict", [["a", ["list", [1]]]]]), memory) == {"a": [1]}


@pytest.mark.parametrize(
    "written",
    [
        {"a": 1},
        ["import", "os"],
        ["list"],
        ["list", 3],
        ["dict", [["a"]]],
        ["dict", [[["list", []], 1]]],
        ["array", 9, "<f8", [1], "C"],
        ["array", 0, "O", [1], "C"],
        ["array", 0, "<f8", [1 << 40], "C"],
        ["array", 0, "<f8", [-1], "C"],
        ["array", 0, [["a", "O"]], [1], "C"],
        ["scalar", "V17179869184", ""],
        ["tensor", 0, "load", [1], [1], 0, False, "tensor"],
        ["tensor", 0, "float32", [1 << 40], [1], 0, False, "tensor"],
        ["same", 0],
        ["same", -1],
        ["timedelta", 10**12, 0, 0],
        ["datetime", "yesterday", 0],
        ["bytes", 7],
        ["ordered", [], 3],
    ],
    ids=json.dumps,
)
def test_a_malformed_one_is_damage(memory, written):
    if "tensor" in written:
        pytest.importorskip("torch", reason="torch is not installed")
    with pytest.raises(DamagedError):
        formats.load(by_hand(memory, written), memory)


names = st.sampled_from([*tree._VALUES, *tree._MAKERS, "", "os"])
written = st.recursive(
    st.none() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.tuples(names, inner).map(list) | st.tuples(names, inner, inner).map(list),
    max_leaves=20,
)


@settings(deadline=None, max_examples=300)
@given(value=written)
def test_whatever_somebody_wrote_is_built_or_refused(memory, value):
    try:
        formats.load(by_hand(memory, value), memory)
    except MlopsLiteError:
        return


def test_what_is_reached_twice_or_is_no_plain_thing_is_pickled(memory):
    shared = [1]
    loop = {}
    loop["self"] = loop
    for value in ([shared, shared], loop, {"a": object}, {"a": slice(1)}, [np.array([None])]):
        assert put(memory, value).format == "pickle"
    found = formats.load(put(memory, [shared, shared]), memory, trusted="known")
    assert found[0] is found[1]
