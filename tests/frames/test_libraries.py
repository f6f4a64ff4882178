"""What every table library must do: every file in frames/libraries against every check."""

import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from mlops_lite import errors, frames


def examples(kind):
    """Give tables of a library; an example here is all that a new plug-in needs to be tested."""
    dice = np.random.default_rng(0)
    return {
        "pandas": [pd.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"]}, index=[5, 6, 7])],
        "arrow": [
            pa.table({"a": [1, None], "b": [["x"], []]}),
            pa.record_batch({"a": pa.array(["x", "y"]).dictionary_encode()}),
            pa.table({"a": [1]}).replace_schema_metadata({"who": "me", "pandas": "{}"}),
        ],
        "polars": [
            pl.DataFrame({"a": [1, None, 3], "b": ["x", "y", "x"], "t": pl.Series([0, 1, 2]).cast(pl.Datetime("ms"))}),
            pl.DataFrame({"a": pl.Series(["x", "y"], dtype=pl.Categorical), "b": [[1], [2, 3]]}),
            pl.DataFrame({"a": pl.Series(["x", "y"], dtype=pl.Enum(["y", "x", "w"]))}),
        ],
        "numpy": [
            dice.normal(size=(5, 3)).astype(np.float32),
            np.arange(4),
            dice.normal(size=(3, 2, 2)),
            np.array([(1, 2.5), (3, np.nan)], dtype=[("a", "i4"), ("b", "f8")]),
            np.array([1 + 2j, 3]),
            np.array([True, False]),
            np.array(["2020-01-01", "NaT"], "M8[s]"),
            np.array(["ab", "c"]),
            np.empty((0, 3)),
        ],
        "dict": [{"a": np.arange(3), "b": ["x", None, "z"], "c": np.zeros((3, 2))}],
        "records": [[{"a": 1, "b": "x"}, {"a": 2, "b": None}], [{"a": np.float32(1)}, {"a": None}]],
    }[kind]


def everything():
    return [(kind, value) for kind in frames.LIBRARIES.names() for value in examples(kind)]


def same(one, two):
    if isinstance(one, dict):
        return list(one) == list(two) and all(same(one[name], two[name]) for name in one)
    if isinstance(one, np.ndarray):
        return one.dtype == two.dtype and one.shape == two.shape and repr(one.tolist()) == repr(two.tolist())
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, two, check_exact=True)
        return True
    if isinstance(one, (pa.Table, pa.RecordBatch)):
        return one.equals(two, check_metadata=True)
    if isinstance(one, pl.DataFrame):
        return one.schema == two.schema and one.equals(two)
    return repr(one) == repr(two)


@pytest.mark.parametrize(("kind", "value"), everything())
def test_it_recognises_its_own(kind, value):
    assert frames.kind(value) == kind
    assert [name for name in frames.LIBRARIES.names() if frames.LIBRARIES.load(name).recognises(value)] == [kind]


@pytest.mark.parametrize(("kind", "value"), everything())
def test_it_gives_back_what_was_given(kind, value):
    back = frames.from_arrow(frames.to_arrow(value, whole=True), kind)

    assert type(back) is type(value)
    assert same(value, back)


@pytest.mark.parametrize(("kind", "value"), everything())
def test_it_can_be_walked_over_in_batches(kind, value):
    table = frames.to_arrow(value)

    found = pa.Table.from_batches(list(frames.batches(value)), table.schema)
    assert repr(found.to_pydict()) == repr(table.to_pydict())


@pytest.mark.parametrize(("kind", "value"), everything())
def test_it_describes_all_its_columns(kind, value):
    assert list(frames.schema(value).names) == frames.to_arrow(value).column_names


@pytest.mark.parametrize("kind", frames.LIBRARIES.names())
def test_it_makes_a_table_of_arrow_data_from_elsewhere(kind):
    found = frames.from_arrow(pa.table({"a": [1, 2], "b": [3, 4]}), kind)

    assert frames.kind(found) == kind
    assert frames.to_arrow(found).num_rows == 2


@pytest.mark.parametrize("value", [None, 3, "text", b"x", [], [1], {}, {"a": 1}, object(), {1, 2}])
def test_other_values_are_no_tables(value):
    assert frames.kind(value) is None
    with pytest.raises(errors.InvalidTypeError, match="is no table"):
        frames.to_arrow(value)


def test_two_columns_of_one_name_are_refused():
    for value in (pa.table([[1], [2]], names=["a", "a"]), pd.DataFrame([[1, 2]], columns=["a", "a"])):
        with pytest.raises(errors.InvalidInputError, match="'a'"):
            frames.to_arrow(value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": [1, "x"]}, "'a'.*mixes"),
        ({"a": [object()]}, "'a'"),
        ({"a": np.array([1.0], np.longdouble)}, "'a'"),
        ({"a": [1], "b": [1, 2]}, "one length"),
        ({3: [1]}, "names no column"),
        ([{"a": 1}, {"b": 1}], "Row 1 has other keys"),
        (np.array(3.0), "no axis"),
        (np.ma.masked_array([1, 2], [True, False]), "plain array"),
        (pl.LazyFrame({"a": [1]}), "lazy"),
        (pl.DataFrame({"a": pl.Series([object()], dtype=pl.Object)}), "'a'"),
        (pl.DataFrame({"b": [1], "a": pl.Series([2**100], dtype=pl.Int128)}), "'a'.*Int128"),
        (pa.table([[1, None]], pa.schema([pa.field("a", pa.int64(), nullable=False)])), "'a'.*not nullable, and 1"),
        ({"a": np.array([0], "M8[D]")}, "'a'"),
        ({"a": 1}, "A dict of int is no table"),
        ([], "A list that is empty is no table"),
    ],
)
def test_what_cannot_be_held_is_refused_by_name(value, words):
    with pytest.raises(errors.MlopsLiteError, match=words):
        frames.to_arrow(value, whole=True)


def test_finding_out_what_a_value_is_loads_no_library():
    code = """
import sys
from mlops_lite import frames
assert frames.kind({"a": [1]}) == "dict" and frames.kind(3) is None
print([name for name in ("pandas", "polars", "pyarrow", "numpy") if name in sys.modules])
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
