"""The address of a column is that of its values: not of how they lie in memory."""

import datetime
import decimal
import hashlib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_lite import errors
from mlops_lite.data.address import address, joined, plain

TYPES = [
    pa.int8(), pa.int64(), pa.uint16(), pa.uint64(), pa.float32(), pa.float64(), pa.float16(), pa.bool_(), pa.string(),
    pa.large_string(), pa.binary(), pa.binary(3), pa.date32(), pa.timestamp("ns"), pa.duration("s"), pa.time64("us"),
    pa.decimal128(9, 2), pa.list_(pa.int32()), pa.large_list(pa.string()), pa.list_(pa.int16(), 2), pa.null(),
    pa.struct([("a", pa.int32()), ("b", pa.string())]), pa.map_(pa.string(), pa.int32()),
    pa.list_(pa.struct([("x", pa.list_(pa.bool_()))])),
]  # fmt: skip


def values_of(kind):
    """Values of an Arrow type."""
    types = pa.types
    if types.is_null(kind):
        return st.none()
    if types.is_integer(kind):
        signed = types.is_signed_integer(kind)
        bits = kind.bit_width
        return st.integers(-(2 ** (bits - 1)) if signed else 0, 2 ** (bits - signed) - 1)
    if types.is_floating(kind):
        return st.floats(width=kind.bit_width)
    if types.is_boolean(kind):
        return st.booleans()
    if types.is_string(kind) or types.is_large_string(kind):
        return st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
    if types.is_fixed_size_binary(kind) and not types.is_decimal(kind):
        return st.binary(min_size=kind.byte_width, max_size=kind.byte_width)
    if types.is_binary(kind):
        return st.binary(max_size=4)
    if types.is_date(kind):
        return st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 1, 1))
    if types.is_timestamp(kind) or types.is_duration(kind):
        return st.integers(-(2**40), 2**40)
    if types.is_time(kind):
        return st.times()
    if types.is_decimal(kind):
        return st.decimals(-1000, 1000, places=2)
    if types.is_map(kind):
        return st.lists(
            st.tuples(values_of(kind.key_type), st.one_of(st.none(), values_of(kind.item_type))), max_size=2
        )
    if types.is_fixed_size_list(kind):
        return st.lists(st.one_of(st.none(), values_of(kind.value_type)), min_size=2, max_size=2)
    if types.is_struct(kind):
        return st.fixed_dictionaries({field.name: st.one_of(st.none(), values_of(field.type)) for field in kind})
    return st.lists(st.one_of(st.none(), values_of(kind.value_type)), max_size=3)


@st.composite
def columns(draw):
    kind = draw(st.sampled_from(TYPES))
    nullable = draw(st.booleans())
    values = st.one_of(st.none(), values_of(kind)) if nullable else values_of(kind)
    return kind, draw(st.lists(values, max_size=12))


@settings(max_examples=300, deadline=None)
@given(columns(), st.integers(0, 9), st.integers(0, 9), st.data())
def test_offsets_chunks_and_padding_do_not_count(column, before, after, data):
    kind, values = column
    expected = address(pa.array(values, kind))

    filler = data.draw(st.lists(values_of(kind), min_size=before + after, max_size=before + after))
    sliced = pa.array([*filler[:before], *values, *filler[before:]], kind).slice(before, len(values))
    cut = data.draw(st.integers(0, len(values)))
    chunked = pa.chunked_array([pa.array(values[:cut], kind), pa.array(values[cut:], kind)], kind)

    assert address(sliced) == expected
    assert address(joined(chunked)) == expected


@settings(max_examples=300, deadline=None)
@given(columns(), st.data())
def test_one_changed_value_changes_it(column, data):
    kind, values = column
    if not values:
        return
    place = data.draw(st.integers(0, len(values) - 1))
    other = list(values)
    other[place] = data.draw(values_of(kind))
    one, two = pa.array(values, kind), pa.array(other, kind)

    same = repr(one.to_pylist()) == repr(two.to_pylist())

    assert (address(one) == address(two)) == same


def test_bytes_under_nulls_do_not_count():
    clean = pa.array([1, None, 3])
    dirty = pa.Array.from_buffers(pa.int64(), 3, [clean.buffers()[0], pa.py_buffer(np.array([1, 99, 3]).tobytes())])

    assert address(clean) == address(dirty)


def test_a_bitmap_without_nulls_is_no_bitmap():
    marked = pa.Array.from_buffers(pa.int64(), 2, [pa.py_buffer(b"\xff"), pa.py_buffer(np.array([1, 2]).tobytes())])

    assert address(marked) == address(pa.array([1, 2]))


def test_dictionaries_runs_and_views_are_ways_to_lay_out():
    texts = pa.array(["x", "y", None, "x"])

    assert address(joined(pa.chunked_array([texts.dictionary_encode()]))) == address(texts)
    assert address(joined(pa.chunked_array([texts.cast(pa.string_view())]))) == address(texts)
    assert address(texts.cast(pa.large_string())) == address(texts)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (pa.array([1, 2]), pa.array([1, 2], pa.int32())),
        (pa.array([0.0]), pa.array([-0.0])),
        (pa.array([None, 1]), pa.array([0, 1])),
        (pa.array(["ab", "c"]), pa.array(["a", "bc"])),
        (pa.array([[1], [2, 3]]), pa.array([[1, 2], [3]])),
        (pa.array([None], pa.int64()), pa.array([None], pa.string())),
        (pa.array([1], pa.timestamp("us")), pa.array([1], pa.timestamp("us", tz="UTC"))),
        (pa.array([300, 301]), pa.array([301, 302])),
        (pa.array([{"a": None}], pa.struct([("a", pa.int8())])), pa.array([None], pa.struct([("a", pa.int8())]))),
        (pa.array([decimal.Decimal("1.0")]), pa.array([decimal.Decimal("1.00")])),
        (pa.array([b"a"]), pa.array(["a"])),
    ],
)
def test_different_contents_have_different_addresses(one, two):
    assert address(one) != address(two)


@pytest.mark.parametrize(
    ("column", "content"),
    [
        (pa.array([1, 2, None]), b"int64 3 1\n" + b"\x03" + b"1 0\n" + b"\x01\x02"),
        (pa.array([300, 302, 301], pa.int16()), b"int16 3 0\n" + b"1 300\n" + b"\x00\x02\x01"),
        (pa.array([300, -302, 0], pa.int16()), b"int16 3 0\n" + b"2 0\n" + b"\x2c\x01\xd2\xfe\x00\x00"),
        (pa.array([300, -302], pa.int16()), b"int16 2 0\n" + b"0 -602 300\n"),
        (pa.array([7, 7], pa.uint8()), b"uint8 2 0\n" + b"0 7\n"),
        (pa.array(range(-500, 500, 2)), b"int64 500 0\n" + b"0 2 -500\n"),
        (pa.array([0, 1000, 2001], pa.date32()), b"date32[day] 3 0\n" + b"2 0\n" + b"\x00\x00\xe8\x03\xd1\x07"),
        (pa.array([0, 70000, 140001], pa.date32()), b"date32[day] 3 0\n" + b"1 70000 0\n" + b"\x00\x01"),
        (pa.array([True, None, True]), b"bool 3 1\n" + b"\x05" + b"\x05"),
        (pa.array([1.0, None], pa.float32()), b"float 2 1\n" + b"\x01" + b"\x00\x00\x80\x3f" + bytes(4)),
        (pa.array(["a", ""]), b"string 2 0\n" + b"1 0\n" + b"\x01\x00" + b"a"),
        (pa.array(["ab", None, "cd"]), b"string 3 1\n" + b"\x05" + b"0 2\n" + b"abcd"),
        (pa.array([], pa.string()), b"string 0 0\n"),
        (pa.array([], pa.struct([("a", pa.int8())])), b"struct 1 1 a 0 0\n" + b"int8 0 0\n"),
        (pa.array([], pa.list_(pa.int8(), 2)), b"list[2] 0 0\n" + b"int8 0 0\n"),
        (pa.array([], pa.list_(pa.int8())), b"list 0 0\n"),
    ],
)
def test_the_bytes_are_those_of_the_documentation(column, content):
    assert address(column) == hashlib.sha256(content).digest()


@pytest.mark.parametrize(
    "kind", [pa.dense_union([pa.field("a", pa.int8())]), pa.month_day_nano_interval(), pa.binary(0)]
)
def test_types_without_a_counterpart_in_parquet_are_refused(kind):
    with pytest.raises(errors.InvalidTypeError, match="no counterpart"):
        plain(kind)
