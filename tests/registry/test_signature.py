"""Signatures: read off examples of every kind; every mismatch named; nothing changed that would lose something."""

import json
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_lite import frames
from mlops_lite.base import canonical
from mlops_lite.errors import InvalidTypeError, NotFoundError, SignatureError
from mlops_lite.frames.schema import Column, Schema
from mlops_lite.registry import Signature, blocks

FRAME = pd.DataFrame(
    {
        "age": [31, 45],
        "income": [1.5, 2.5],
        "city": ["Rome", "Oslo"],
        "plan": pd.Categorical(["a", "b"], ["a", "b", "c"]),
        "since": pd.to_datetime(["2026-01-01", "2026-02-01"]),
        "active": [True, False],
    }
)


def with_datetimes(frame, orient):
    """Give plain Python values, as a program that knows no pandas has them."""
    plain = frame.to_dict("list")
    plain["since"] = [each.to_pydatetime() for each in plain["since"]]
    if orient == "list":
        return plain
    return [dict(zip(plain, row, strict=True)) for row in zip(*plain.values(), strict=True)]


def kinds(signature, X):
    with pytest.raises(SignatureError) as caught:
        signature.check(X)
    return [(one.column, one.kind) for one in caught.value.mismatches]


EXAMPLES = {
    "pandas": FRAME,
    "arrow": pa.table({"age": [31, 45], "city": ["Rome", "Oslo"]}),
    "polars": pl.DataFrame({"age": [31, 45], "city": ["Rome", "Oslo"]}),
    "dict": {"age": np.array([31, 45]), "city": ["Rome", "Oslo"]},
    "records": [{"age": 31, "city": "Rome"}, {"age": 45, "city": "Oslo"}],
    "numpy": np.zeros((2, 3)),
    "text": ["a text", "another"],
}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_an_example_fits_the_signature_that_was_read_off_it(kind):
    example = EXAMPLES[kind]
    signature = Signature.infer(example)
    assert signature.container == kind
    assert signature.check(example) is example
    assert signature.check(example) is example


@pytest.mark.parametrize("kind", EXAMPLES)
def test_it_survives_storage_and_pickling(kind):
    signature = Signature.infer(EXAMPLES[kind], output=np.zeros(2))
    signature.check(EXAMPLES[kind])
    stored = canonical.decode(canonical.encode(canonical.unstructure(signature)))
    assert canonical.structure(stored, Signature) == signature
    assert pickle.loads(pickle.dumps(signature)) == signature
    assert signature.output.shape == (None,)


def test_a_text_alone_and_one_record_alone():
    assert Signature.infer("a text").check("another") == "another"
    signature = Signature.infer({"age": 31, "city": "Rome"})
    assert signature.container == "records"
    assert signature.check({"city": "Oslo", "age": 4}) == [{"age": 4, "city": "Oslo"}]


def test_what_is_nothing_of_the_kind_has_no_signature():
    for example in (object(), 3, None, print):
        with pytest.raises(InvalidTypeError, match="No signature"):
            Signature.infer(example)


class TestMismatches:
    signature = Signature.infer(FRAME)

    def test_all_are_named_at_once(self):
        wrong = FRAME.assign(
            age=[1.5, 2], income=["x", "y"], plan=pd.Categorical(["z", "a"]), active=[None, True]
        ).drop(columns="city")  # fmt: skip
        assert set(kinds(self.signature, wrong)) == {
            ("city", "missing"), ("age", "type"), ("income", "type"), ("plan", "category"), ("active", "null"),
        }  # fmt: skip

    @pytest.mark.parametrize("column", ["income", "city", "plan", "since"])
    def test_a_missing_value_where_the_example_had_none(self, column):
        for rows in (1, 2):
            wrong = FRAME.head(rows).copy()
            wrong.loc[0, column] = None
            assert kinds(self.signature, wrong.astype(FRAME.dtypes.to_dict())) == [(column, "null")]

    def test_a_missing_value_is_found_in_a_layout_that_is_known(self):
        self.signature.check(FRAME)
        for column in ("income", "city", "plan", "since"):
            wrong = FRAME.copy()
            wrong[column] = wrong[column].where([True, False])
            assert kinds(self.signature, wrong) == [(column, "null")], column

    def test_missing_values_are_allowed_where_the_example_had_some(self):
        signature = Signature.infer(FRAME.assign(income=[None, 1.5], city=[None, "Rome"]))
        assert (
            signature.check(FRAME.assign(income=[np.nan, np.nan], city=pd.Series([None, None], dtype="str")))
            is not None
        )

    def test_or_on_request(self):
        wrong = FRAME.assign(income=[None, 1.5])
        assert kinds(self.signature, wrong) == [("income", "null")]
        assert self.signature.relaxed("income").check(wrong) is wrong
        assert self.signature.relaxed().check(wrong) is wrong
        with pytest.raises(NotFoundError, match="Did you mean 'income'"):
            self.signature.relaxed("incom")
        assert Signature.infer(np.zeros((1, 2))).relaxed().check(np.full((1, 2), np.nan)) is not None

    def test_or_in_the_data_that_the_model_was_made_from(self):
        schema = Schema(
            [Column("income", "double", nullable=True), Column("age", "string", nullable=True),
             Column("plan", "dictionary<values=string, indices=int8, ordered=0>", levels=("a", "d"))]
        )  # fmt: skip
        wide = self.signature.widened(schema)
        assert wide.schema["income"].nullable
        assert not wide.schema["age"].nullable
        assert wide.schema["plan"].levels == ("a", "b", "c", "d")
        assert wide.check(FRAME.assign(plan=pd.Categorical(["d", "a"]))) is not None

    def test_two_columns_of_one_name(self):
        wrong = pd.concat([FRAME, FRAME[["age"]]], axis=1)
        assert kinds(self.signature, wrong) == [("age", "duplicate")]

    def test_no_table_at_all(self):
        assert kinds(self.signature, np.zeros((2, 6))) == [(None, "container")]
        assert kinds(self.signature, 3) == [(None, "container")]

    def test_the_error_is_a_value_error_and_counts(self):
        with pytest.raises(ValueError, match="has 2 mismatches: 'age' is missing; 'city' is missing"):
            self.signature.check(FRAME.drop(columns=["age", "city"]))


class TestCoercion:
    signature = Signature.infer(FRAME)

    def checked(self, **columns):
        found = self.signature.check(FRAME.assign(**columns))
        assert found.dtypes.to_dict() == FRAME.dtypes.to_dict()
        return found

    def test_order_and_further_columns(self):
        found = self.signature.check(FRAME[FRAME.columns[::-1]].assign(extra=1))
        pd.testing.assert_frame_equal(found, FRAME)

    @pytest.mark.parametrize("dtype", ["int8", "int32", "uint16", "float64", "Int64"])
    def test_numbers_where_nothing_is_lost(self, dtype):
        assert self.checked(age=FRAME["age"].astype(dtype))["age"].tolist() == [31, 45]

    def test_text_becomes_a_category_that_has_it(self):
        assert self.checked(plan=["b", "a"])["plan"].tolist() == ["b", "a"]

    def test_categories_that_were_made_of_what_is_there(self):
        assert self.checked(plan=pd.Categorical(["b", "b"]))["plan"].cat.categories.tolist() == ["a", "b", "c"]

    def test_times_of_another_unit(self):
        for unit in ("s", "ms", "ns"):
            assert (
                self.checked(since=FRAME["since"].astype(f"datetime64[{unit}]"))["since"].tolist()
                == FRAME["since"].tolist()
            )

    @pytest.mark.parametrize(
        ("column", "values"),
        [
            ("age", [1.5, 2.0]),
            ("age", ["31", "45"]),
            ("age", [True, False]),
            ("income", [(1 << 53) + 1, 0]),
            ("active", [0, 1]),
            ("city", [1, 2]),
            ("since", ["2026-01-01", "2026-02-01"]),
        ],
    )
    def test_nothing_else(self, column, values):
        assert kinds(self.signature, FRAME.assign(**{column: values})) == [(column, "type")]

    def test_the_index_stays(self):
        shifted = FRAME.set_index(pd.Index([10, 20]))
        found = self.signature.check(shifted.assign(age=shifted["age"].astype("int32")))
        assert found.index.tolist() == [10, 20]

    @pytest.mark.parametrize("make", [
        lambda frame: with_datetimes(frame, "records"),
        lambda frame: with_datetimes(frame, "list"),
        lambda frame: pa.Table.from_pandas(frame.astype({"plan": "str"})),
        lambda frame: pl.from_pandas(frame.astype({"plan": "str"})),
    ], ids=["records", "dict", "arrow", "polars"])  # fmt: skip
    def test_other_kinds_of_table_become_the_kind_that_the_model_takes(self, make):
        found = self.signature.check(make(FRAME))
        pd.testing.assert_frame_equal(found.reset_index(drop=True), FRAME)

    @pytest.mark.parametrize("kind", ["arrow", "polars", "dict", "records"])
    def test_and_the_other_way(self, kind):
        signature = Signature.infer(EXAMPLES[kind])
        found = signature.check(pd.DataFrame({"city": ["Bern"], "age": [3], "x": 0}))
        assert frames.kind(found) == kind
        assert frames.to_arrow(found).to_pylist() == [{"age": 3, "city": "Bern"}]

    def test_optional_columns_may_be_missing(self):
        signature = Signature.infer([{"age": 1, "note": "x"}, {"age": 2}])
        assert signature.optional == ("note",)
        assert signature.check([{"age": 3}]) == [{"age": 3}]
        assert kinds(signature, [{"note": "x"}]) == [("age", "missing")]

    def test_object_columns_are_looked_at_each_time(self):
        example = pd.DataFrame({"x": pd.Series(["a", "b"], dtype=object)})
        signature = Signature.infer(example)
        assert signature.check(example) is example
        assert kinds(signature, pd.DataFrame({"x": pd.Series([1, 2], dtype=object)})) == [("x", "type")]


class TestArrays:
    def test_type_and_lengths(self):
        signature = Signature.infer(np.zeros((2, 3)))
        assert signature.check(np.ones((7, 3))).shape == (7, 3)
        assert kinds(signature, np.zeros((2, 4))) == [(None, "shape")]
        assert kinds(signature, np.zeros(3)) == [(None, "shape")]
        assert kinds(signature, np.array([["a"] * 3])) == [(None, "type")]
        assert kinds(signature, np.full((1, 3), np.nan)) == [(None, "null")]
        assert signature.check(np.array([[np.inf, -np.inf, 0]])) is not None

    def test_numbers_where_nothing_is_lost(self):
        signature = Signature.infer(np.zeros((2, 3), np.float32))
        assert signature.check(np.ones((1, 3), int)).dtype == np.float32
        assert signature.check([[1, 2, 3]]).tolist() == [[1, 2, 3]]
        assert kinds(signature, np.full((1, 3), 1 / 3)) == [(None, "type")]
        assert kinds(signature, [[1, 2], [3]])[0][1] == "shape"

    def test_tensors(self):
        torch = pytest.importorskip("torch", reason="torch is not installed")
        signature = Signature.infer(torch.zeros(2, 3))
        example = torch.ones(5, 3)
        assert signature.check(example) is example
        assert signature.check(np.ones((5, 3), np.float32)).dtype == torch.float32
        assert kinds(signature, torch.zeros(5, 4)) == [(None, "shape")]
        assert kinds(signature, torch.full((1, 3), 1 / 3, dtype=torch.float64)) == [(None, "type")]

    @given(st.lists(st.floats(), min_size=3, max_size=3))
    def test_nan_is_found_and_infinities_are_not_taken_for_it(self, row):
        signature = Signature.infer(np.zeros((1, 3)))
        array = np.array([row])
        if np.isnan(array).any():
            assert kinds(signature, array) == [(None, "null")]
        else:
            assert signature.check(array) is array


def test_texts_are_texts():
    signature = Signature.infer(["a"])
    assert signature.check(np.array(["a", "b"], dtype=object)) is not None
    assert kinds(signature, ["a", 3]) == [(None, "type")]
    assert kinds(signature, 3) == [(None, "type")]
    assert kinds(signature, b"bytes") == [(None, "type")]


class TestBlocks:
    """The private way must say what the public way says."""

    frames = st.lists(
        st.sampled_from(["int64", "int32", "float64", "float32", "bool", "str", "datetime64[us]", "category", "Int64"]),
        min_size=1, max_size=6,
    )  # fmt: skip

    def made(self, dtypes, names="abcdefgh", parts=False):
        columns = {
            name: pd.Series([1, 0], dtype="int64").astype(dtype) for name, dtype in zip(names, dtypes, strict=False)
        }
        if parts:
            frame = pd.DataFrame(index=range(2))
            for name, column in columns.items():
                frame[name] = column
            return frame
        return pd.DataFrame(columns)

    def test_this_pandas_is_known(self):
        assert blocks.PRIVATE

    @given(frames, frames, st.booleans())
    def test_layouts_agree(self, first, second, parts):
        layout = blocks.Layout(self.made(first))
        other = self.made(second, parts=parts)
        if layout.fits(other):
            assert layout.fits_publicly(other)
        assert layout.fits(self.made(first))
        assert not layout.fits(self.made(first, names="xyzuvwst"))

    @given(frames, st.data())
    def test_missing_values_agree(self, dtypes, data):
        frame = self.made(dtypes)
        place = data.draw(st.integers(0, len(dtypes) - 1))
        look = blocks.looker(frame, place)
        other = self.made(dtypes)
        if data.draw(st.booleans()) and dtypes[place] not in ("int64", "int32", "bool"):
            other.iloc[0, place] = None
        if blocks.Layout(frame).fits(other):
            assert look(other) == bool(other.iloc[:, place].isna().any())

    def test_without_it_everything_is_the_same(self, monkeypatch):
        monkeypatch.setattr(blocks, "PRIVATE", False)
        signature = Signature.infer(FRAME)
        assert signature.check(FRAME) is FRAME
        assert signature.check(FRAME) is FRAME
        assert kinds(signature, FRAME.assign(city=[None, "Rome"])) == [("city", "null")]
        assert kinds(signature, FRAME.assign(age=["a", "b"])) == [("age", "type")]


def test_a_row_of_json_serves():
    """What a web request brings."""
    found = Signature.infer(FRAME.drop(columns=["since"])).check(
        json.loads('[{"age": 30, "income": 2, "city": "Bern", "plan": "c", "active": true}]')
    )
    assert found["income"].dtype == np.float64
    assert found["plan"].dtype == FRAME["plan"].dtype


def test_a_category_whose_values_are_not_fixed_takes_new_ones():
    """Categoricals of polars and dictionaries of Arrow hold what is there, not what there may be."""
    example = pl.DataFrame({"c": pl.Series(["x", "y"], dtype=pl.Categorical)})
    other = pl.DataFrame({"c": pl.Series(["z", "x"], dtype=pl.Categorical)})
    assert Signature.infer(example).check(other) is other
    table = pa.table({"c": pa.array(["x", "y"]).dictionary_encode()})
    assert Signature.infer(table).check(pa.table({"c": pa.array(["z"]).dictionary_encode()})).num_rows == 1
