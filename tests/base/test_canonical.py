"""One value has one sequence of bytes, and comes back as it was."""

import json
import math
from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_lite.base import canonical
from mlops_lite.base.ref import Ref
from mlops_lite.errors import DamagedError, InvalidInputError, InvalidTypeError

zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary(max_size=40)
    | st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1), timezones=zones)
)
keys = st.text(max_size=8) | st.sampled_from(["$", "$$", "$float", "$time", "$bytes", "$$float"])
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)


def same(one, other):
    """Equal, with NaN equal to itself, 1 no True, -0.0 no 0.0 and instants with their offsets."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return (math.isnan(one) and math.isnan(other)) or (one == other and repr(one) == repr(other))
    if isinstance(one, datetime):
        return one == other and one.utcoffset() == other.utcoffset()
    return one == other


@given(values)
def test_a_value_comes_back_as_it_was(value):
    assert same(canonical.decode(canonical.encode(value)), value)


@given(values)
def test_a_value_that_came_back_has_the_same_bytes(value):
    data = canonical.encode(value)
    assert canonical.encode(canonical.decode(data)) == data
    assert data.isascii()
    json.loads(data)  # any reader of JSON can read it


@given(st.dictionaries(keys, scalars, min_size=2, max_size=6))
def test_the_order_of_keys_changes_nothing(value):
    assert canonical.encode(dict(reversed(value.items()))) == canonical.encode(value)


def test_the_bytes_are_fixed_for_ever():
    value = {
        "b": [True, None, 1, -0.0, 1e300, float("inf"), float("nan")],
        "a": datetime(2026, 11, 1, 9, 30, tzinfo=timezone(timedelta(hours=2))),
        "$c": b"\x00\xff",
        "ü": "é",
    }
    assert canonical.encode(value) == (
        b'{"$$c":{"$bytes":"AP8="},"a":{"$time":"2026-11-01T09:30:00.000000+02:00"},'
        b'"b":[true,null,1,-0.0,1e+300,{"$float":"inf"},{"$float":"nan"}],"\\u00fc":"\\u00e9"}'
    )


def test_tuples_and_subclasses_are_written_as_what_they_are():
    assert canonical.encode([(1, 2), Ref("dataset/flights@3")]) == b'[[1,2],"dataset/flights@3"]'


@pytest.mark.parametrize(
    ("value", "where"),
    [({"a": [0, object()]}, "a[1]"), (object(), "the top"), ({"a": {1: 2}}, "the key 1 at a"), ({1}, "the top")],
)
def test_what_json_cannot_hold_is_named_with_its_place(value, where):
    with pytest.raises(InvalidTypeError, match="(?i)" + where.replace("[", r"\[").replace("]", r"\]")):
        canonical.encode(value)


def test_a_time_without_a_zone_is_refused_with_the_way_out():
    with pytest.raises(InvalidTypeError, match=r"at when has no time zone.*replace\(tzinfo"):
        canonical.encode({"when": datetime(2026, 1, 1)})


def test_what_is_too_deep_or_too_long_is_refused():
    endless = []
    endless.append(endless)
    for value in (endless, 10**5000):
        with pytest.raises(InvalidInputError, match="cannot be written as JSON"):
            canonical.encode(value)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b'{"$time":"noon"}', b'{"$time":1}', b"[" * 100_000])
def test_rubbish_is_damage(data):
    with pytest.raises(DamagedError, match="not JSON"):
        canonical.decode(data)


@attrs.frozen
class Inner:
    when: datetime
    data: bytes = b""


@attrs.frozen
class Outer:
    name: str
    inner: tuple[Inner, ...] = ()
    extra: dict = attrs.field(factory=dict)


def test_attrs_values_come_back_and_defaults_take_no_room():
    value = Outer("x", (Inner(datetime(2026, 1, 1, tzinfo=UTC), b"1"),))
    plain = canonical.decode(canonical.encode(canonical.unstructure(value)))
    assert canonical.structure(plain, Outer) == value
    assert canonical.unstructure(Outer("x")) == {"name": "x"}


@given(
    st.dictionaries(st.text(min_size=1).filter(lambda key: key not in ("name", "inner", "extra")), scalars, max_size=3)
)
def test_fields_of_the_future_survive(unknown):
    plain = {"name": "x", **unknown}
    value = canonical.structure(plain, Outer)
    assert same(dict(value.extra), unknown)
    assert canonical.encode(canonical.unstructure(value)) == canonical.encode(plain)


def test_data_of_another_shape_are_damage_that_says_what_is_wrong():
    with pytest.raises(DamagedError, match=r"This is no Outer: .*name"):
        canonical.structure({"inner": []}, Outer)
