import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mlops_lite import errors, frames


def test_every_kind_of_missing_object_comes_back_as_it_was():
    given = [np.nan, None, "x", pd.NA, pd.NaT, "y", None]
    frame = pd.DataFrame({"a": pd.Series(given, dtype=object)})

    back = frames.from_arrow(frames.to_arrow(frame, whole=True), "pandas")

    assert [type(value) for value in back["a"]] == [type(value) for value in given]
    assert [value for value in back["a"] if isinstance(value, str)] == ["x", "y"]


@pytest.mark.parametrize(
    "value", [datetime.datetime(2020, 1, 1), datetime.timedelta(days=1), datetime.date(2020, 1, 1), b"x", 1]
)
def test_a_column_of_objects_stays_one(value):
    frame = pd.DataFrame({"a": pd.Series([value], dtype=object, index=[7])})

    back = frames.from_arrow(frames.to_arrow(frame, whole=True), "pandas")

    pd.testing.assert_frame_equal(back, frame)
    assert type(back["a"].iloc[0]) is type(value)


@pytest.mark.parametrize("value", [pd.Series([1], name="a"), pa.chunked_array([[1]])])
def test_a_single_column_is_no_table(value):
    with pytest.raises(errors.InvalidTypeError, match="is no table"):
        list(frames.batches(value))


def test_what_is_no_parquet_is_said(tmp_path):
    (tmp_path / "a").write_text("1")
    with pytest.raises(errors.InvalidInputError, match="is no Parquet"):
        frames.parquet(tmp_path / "a")
    with pytest.raises(errors.NotFoundError):
        frames.parquet(tmp_path / "b")
