"""A pandas frame comes back exactly, or the column that cannot is named."""

import datetime
import decimal
import math
import zoneinfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_lite import errors, frames

ROWS = st.integers(0, 8)
SETTINGS = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def around(frame):
    return frames.from_arrow(frames.to_arrow(frame, whole=True), "pandas")


def assert_same(given_frame, back):
    pd.testing.assert_frame_equal(
        given_frame, back, check_exact=True, check_freq=True, check_flags=True, check_column_type="exact",
        check_index_type="exact", check_names=True, check_categorical=True,
    )  # fmt: skip
    assert type(given_frame.index) is type(back.index)
    assert type(given_frame.columns) is type(back.columns)
    assert list(map(type, given_frame.columns)) == list(map(type, back.columns))
    assert given_frame.attrs == back.attrs
    for place in range(given_frame.shape[1]):
        one, two = given_frame.iloc[:, place], back.iloc[:, place]
        assert one.dtype == two.dtype
        if one.dtype == object:
            assert list(map(kind_of, one)) == list(map(kind_of, two))
        elif one.dtype.kind == "f" and isinstance(one.dtype, np.dtype):
            assert one.to_numpy().tobytes() == two.to_numpy().tobytes()


def kind_of(value):
    return (type(value), "nan" if isinstance(value, float) and math.isnan(value) else "")


INTEGERS = {f"{sign}int{bits}": bits for sign in ("", "u") for bits in (8, 16, 32, 64)}


def numbers(bits, signed):
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return st.integers(low, high)


def listed(values, rows, missing=None):
    found = values if missing is None else st.one_of(values, st.just(missing))
    return st.lists(found, min_size=rows, max_size=rows)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
UNITS = st.sampled_from(["s", "ms", "us", "ns"])
ZONES = st.sampled_from(
    [
        zoneinfo.ZoneInfo("Europe/Berlin"),
        datetime.UTC,
        zoneinfo.ZoneInfo("UTC"),
        datetime.timezone(datetime.timedelta(hours=-3, minutes=-30)),
    ]
)
MOMENTS = st.integers(-(2**33), 2**33)


KINDS = [
    *(
        "int",
        "nullable",
        "float",
        "half",
        "nullable-float",
        "bool",
        "boolean",
        "text",
        "string",
        "object-text",
        "bytes",
    ),
    *("objects", "decimals", "dates", "category", "int-category", "time", "zoned", "span", "period", "interval"),
    *("complex", "sparse", "arrow", "lists"),
]
HASHABLE = [kind for kind in KINDS if kind not in ("lists", "sparse", "half")]


@st.composite
def columns(draw, rows, kinds=KINDS):
    """A column of any dtype that is promised."""
    kind = draw(st.sampled_from(kinds))
    if kind == "int":
        name = draw(st.sampled_from(list(INTEGERS)))
        return np.array(draw(listed(numbers(INTEGERS[name], name[0] == "i"), rows)), name)
    if kind == "nullable":
        name = draw(st.sampled_from(list(INTEGERS)))
        dtype = name.replace("int", "Int").replace("uI", "UI")
        return pd.array(draw(listed(numbers(INTEGERS[name], name[0] == "i"), rows, pd.NA)), dtype=dtype)
    if kind in ("float", "half"):
        width = 16 if kind == "half" else draw(st.sampled_from([32, 64]))
        return np.array(draw(listed(st.floats(width=width), rows)), f"f{width // 8}")
    if kind == "nullable-float":
        width = draw(st.sampled_from([32, 64]))
        return pd.array(draw(listed(st.floats(width=width, allow_nan=False), rows, pd.NA)), dtype=f"Float{width}")
    if kind == "bool":
        return np.array(draw(listed(st.booleans(), rows)), bool)
    if kind == "boolean":
        return pd.array(draw(listed(st.booleans(), rows, pd.NA)), dtype="boolean")
    if kind == "text":
        return pd.array(draw(listed(TEXT, rows, np.nan)), dtype="str")
    if kind == "string":
        storage = draw(st.sampled_from(["string[python]", "string[pyarrow]"]))
        return pd.array(draw(listed(TEXT, rows, pd.NA)), dtype=storage)
    if kind == "object-text":
        values = st.one_of(TEXT, st.sampled_from([None, np.nan, pd.NA, pd.NaT]))
        return objects(draw(listed(values, rows)))
    if kind == "bytes":
        return objects(draw(listed(st.binary(max_size=4), rows, None)))
    if kind == "objects":
        values = draw(st.sampled_from([st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats()]))
        return objects(draw(listed(values, rows, None)))
    if kind == "decimals":
        values = st.decimals(-1000, 1000, places=2)
        return objects(draw(listed(values, rows, None)))
    if kind == "dates":
        return objects(draw(listed(st.dates(), rows, None)))
    if kind == "category":
        levels = draw(st.lists(TEXT, unique=True, max_size=5))
        values = draw(listed(st.sampled_from(levels), rows, None)) if levels else [None] * rows
        return pd.Categorical(values, categories=levels, ordered=draw(st.booleans()))
    if kind == "int-category":
        levels = draw(st.lists(st.integers(-5, 5), unique=True, min_size=1, max_size=5))
        return pd.Categorical(draw(listed(st.sampled_from(levels), rows, None)), categories=levels)
    if kind in ("time", "span"):
        unit = draw(UNITS)
        values = np.array(draw(listed(MOMENTS, rows, np.iinfo("i8").min)), "i8")
        return values.astype("i8").view(f"{'M' if kind == 'time' else 'm'}8[{unit}]")
    if kind == "zoned":
        values = np.array(draw(listed(MOMENTS, rows, np.iinfo("i8").min)), "i8").view(f"M8[{draw(UNITS)}]")
        return pd.array(values).tz_localize("UTC").tz_convert(draw(ZONES))
    if kind == "period":
        freq = draw(st.sampled_from(["D", "M", "Y-DEC", "h", "Q-DEC", "W-SUN"]))
        values = np.array(draw(listed(st.integers(-1000, 1000), rows, np.iinfo("i8").min)), "i8")
        return pd.arrays.PeriodArray(values, dtype=pd.PeriodDtype(freq))
    if kind == "interval":
        low = np.array(draw(listed(st.floats(-10, 10), rows)), float)
        found = pd.arrays.IntervalArray.from_arrays(low, low + 1, closed=draw(st.sampled_from(["left", "both"])))
        if rows and draw(st.booleans()):
            found[0] = np.nan
        return found
    if kind == "complex":
        return np.array(draw(listed(st.complex_numbers(allow_nan=False), rows)), "c16")
    if kind == "sparse":
        return pd.arrays.SparseArray(np.array(draw(listed(st.integers(0, 2), rows)), "i8"))
    if kind == "arrow":
        return pd.array(draw(listed(st.integers(0, 99), rows, None)), dtype="int16[pyarrow]")
    return objects(draw(listed(st.lists(st.integers(0, 9), max_size=3), rows, None)))


def objects(values):
    found = np.empty(len(values), object)
    for place, value in enumerate(values):
        found[place] = value
    return found


LABELS = st.one_of(
    TEXT, st.integers(-5, 5), st.floats(allow_nan=False), st.booleans(), st.none(), st.binary(max_size=2),
    st.tuples(st.integers(0, 3), TEXT), st.dates(), st.datetimes(timezones=st.just(datetime.UTC)),
)  # fmt: skip


@st.composite
def indexes(draw, rows):
    kind = draw(st.sampled_from(["range", "stepped", "column", "multi", "times", "numbers"]))
    name = draw(st.one_of(st.none(), TEXT, st.integers(0, 3)))
    if kind == "range":
        return pd.RangeIndex(rows, name=name)
    if kind == "stepped":
        return pd.RangeIndex(5, 5 + 3 * rows, 3, name=name)
    if kind == "times":
        return pd.date_range("2020-01-01", periods=rows, freq="D", name=name)
    if kind == "numbers":
        return pd.Index(np.arange(rows)[::-1] * 1.5, name=name)
    levels = [draw(columns(rows, HASHABLE)) for _ in range(1 if kind == "column" else 2)]
    if kind == "column":
        return pd.Index(levels[0], name=name, dtype=levels[0].dtype, tupleize_cols=False)
    return pd.MultiIndex.from_arrays(levels, names=[name, draw(st.one_of(st.none(), TEXT))])


@st.composite
def tables(draw, most=4):
    rows = draw(ROWS)
    labels = draw(st.lists(LABELS, min_size=1, max_size=most, unique_by=lambda label: label))
    frame = pd.DataFrame({place: series(draw(columns(rows))) for place in range(len(labels))})
    frame.index = draw(indexes(rows)) if draw(st.booleans()) else frame.index
    index = np.empty(len(labels), object)
    for place, label in enumerate(labels):
        index[place] = label
    frame.columns = pd.Index(index, dtype=object, tupleize_cols=False)
    frame.attrs = draw(st.dictionaries(TEXT, st.one_of(TEXT, st.integers(), st.none()), max_size=2))
    return frame


def series(values):
    return pd.Series(values, dtype=values.dtype)


@SETTINGS
@given(tables())
def test_every_promised_frame_comes_back_exactly(frame):
    assert_same(frame, around(frame))


@pytest.mark.parametrize(
    "labels",
    [
        pd.RangeIndex(2),
        pd.Index([1, 2]),
        pd.Index(["a", "b"]),
        pd.Index(["a", "b"], name="which"),
        pd.Index([1, "1"], dtype=object),
        pd.Index([1, True], dtype=object)[:1].append(pd.Index(["x"], dtype=object)),
        pd.Index([0.5, 1.5]),
        pd.date_range("2020", periods=2),
        pd.CategoricalIndex(["a", "b"]),
        pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["p", None]),
        pd.Index([("a", 1), None], dtype=object, tupleize_cols=False),
        pd.Index([np.int64(1), datetime.date(2020, 1, 1)], dtype=object),
        pd.Index([pd.Timestamp("2020", tz="UTC"), pd.NaT], dtype=object),
        pd.Index([decimal.Decimal("1.50"), pd.Interval(0, 1)], dtype=object),
    ],
    ids=lambda labels: f"{type(labels).__name__}-{labels.dtype}",
)
def test_column_labels_of_any_kind_come_back(labels):
    frame = pd.DataFrame([[1, 2.5], [3, 4.5]])
    frame.columns = labels

    assert_same(frame, around(frame))


def test_flags_of_blocks_and_copies_do_not_matter():
    frame = pd.DataFrame(np.arange(12.0).reshape(4, 3), columns=list("abc"))
    pieces = pd.concat([frame[["a"]], frame[["b", "c"]]], axis=1)

    assert frames.to_arrow(frame, whole=True).equals(frames.to_arrow(pieces, whole=True), check_metadata=True)


def test_what_comes_back_can_be_written_into():
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5], "c": pd.array([1, None], "Int64"), "d": [True, False]})
    back = around(frame)

    back.loc[0, "a"], back.loc[0, "b"], back.loc[0, "c"], back.loc[0, "d"] = 9, 9.0, 9, False

    assert back.iloc[0].tolist() == [9, 9.0, 9, False]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([object()], "object"),
        ([1, "a"], "mixes"),
        ([{1, 2}], "set"),
        ([2**70], "'bad'"),
        (["\ud800"], "'bad'"),
        ([(1, 2)], "tuple"),
        ([np.arange(3)], "ndarray"),
        ([[1, "a"]], "'bad'"),
        ([{"a": 1}, {"b": 1}], "'bad'"),
        ([datetime.time(1, tzinfo=datetime.UTC)], "'bad'"),
    ],
)
def test_objects_that_would_not_come_back_are_refused_by_name(values, words):
    frame = pd.DataFrame({"good": range(len(values))})
    frame["bad"] = pd.Series(objects(values), dtype=object)

    with pytest.raises(errors.InvalidTypeError, match=words) as caught:
        frames.to_arrow(frame, whole=True)
    assert "bad" in str(caught.value)
    assert caught.value.column == "bad"


def test_a_label_that_would_not_come_back_is_refused():
    frame = pd.DataFrame({"a": [1]})
    frame.columns = pd.Index([object()], dtype=object)

    with pytest.raises(errors.InvalidTypeError, match="label"):
        frames.to_arrow(frame, whole=True)


def test_a_frame_with_nothing_in_it_is_refused():
    with pytest.raises(errors.InvalidTypeError, match="holds nothing"):
        frames.to_arrow(pd.DataFrame(), whole=True)


def test_flags_come_back():
    frame = pd.DataFrame({"a": [1, 2]}, index=["x", "y"]).set_flags(allows_duplicate_labels=False)

    assert_same(frame, around(frame))


def test_attrs_that_would_not_come_back_are_refused():
    frame = pd.DataFrame({"a": [1]})
    frame.attrs["x"] = object()

    with pytest.raises(errors.InvalidTypeError, match="attrs"):
        frames.to_arrow(frame, whole=True)


def test_a_subclass_is_refused_rather_than_changed():
    class Special(pd.DataFrame):
        pass

    with pytest.raises(errors.InvalidTypeError, match="Special"):
        frames.to_arrow(Special({"a": [1]}))
