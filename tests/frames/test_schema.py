"""Schemas describe the columns of every library alike, and say how two of them differ."""

import decimal

import pandas as pd
import pyarrow as pa
import pytest

from mlops_lite import errors, frames
from mlops_lite.base import canonical
from mlops_lite.frames.schema import Column, Schema


def test_kinds_follow_the_type():
    table = pa.table(
        {
            "number": pa.array([1.0]),
            "decimal": pa.array([decimal.Decimal("1.50")]),
            "integer": pa.array([1], pa.uint8()),
            "boolean": pa.array([True]),
            "category": pa.array(["a"]).dictionary_encode(),
            "text": pa.array(["a"], pa.large_string()),
            "time": pa.array([0], pa.timestamp("us", tz="UTC")),
            "day": pa.array([0], pa.date32()),
            "duration": pa.array([0], pa.duration("s")),
            "bytes": pa.array([b"a"]),
            "nested": pa.array([[1]]),
        }
    )
    expected = ["number", "number", "integer", "boolean", "category", "text", "time", "time", "duration", "bytes"]

    assert [column.kind for column in frames.schema(table)] == [*expected, "nested"]


def test_missing_values_are_nulls_and_nan():
    frame = pd.DataFrame({"a": [1.0, float("nan")], "b": ["x", None], "c": [1, 2]})

    assert [column.nullable for column in frames.schema(frame)] == [True, True, False]


def test_the_index_of_a_frame_is_no_column_of_its_schema():
    frame = pd.DataFrame({"a": [1]}, index=pd.Index(["x"], name="who"))

    assert frames.schema(frame).names == ("a",)


def test_categories_have_levels_in_order():
    frame = pd.DataFrame({"size": pd.Categorical(["S"], ["S", "M", "L"], ordered=True)})

    assert frames.schema(frame)["size"].levels == ("S", "M", "L")
    assert frames.schema(frame)["size"].ordered


def test_a_schema_survives_canonical_json():
    schema = frames.schema(pd.DataFrame({"size": pd.Categorical(["S"], ["S", "M"]), "x": [1.5]}))

    assert canonical.structure(canonical.decode(canonical.encode(canonical.unstructure(schema))), Schema) == schema


def test_an_unknown_column_is_named_with_the_nearest():
    with pytest.raises(errors.NotFoundError, match="Did you mean 'age'"):
        Schema((Column("age", "int64"),))["agee"]


def test_differences_name_every_change_once():
    before = Schema((Column("a", "int64", False), Column("b", "string"), Column("c", "string", levels=("x",))))
    after = Schema((Column("b", "string"), Column("a", "int64", True), Column("c", "string", levels=("y", "x"))))

    found = {(one.column, one.kind) for one in before.differences(after)}

    assert found == {("a", "nullable"), ("a", "position"), ("b", "position"), ("c", "levels")}
    assert before.differences(before) == ()
    assert all(one.sentence.endswith(".") for one in before.differences(after))
