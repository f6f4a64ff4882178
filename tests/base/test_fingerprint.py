"""A frame that was changed in place is known to be; one that was not is not."""

import numpy as np
import pandas as pd
import pytest

from mlops_lite.base.fingerprint import fingerprint


def frame(rows=1000):
    return pd.DataFrame(
        {
            "whole": np.arange(rows),
            "real": np.linspace(0, 1, rows),
            "yes": np.arange(rows) % 2 == 0,
            "level": pd.Categorical(np.array(list("abc"))[np.arange(rows) % 3]),
            "text": pd.array([f"t{number % 7}" for number in range(rows)], dtype="string"),
            "object": np.array([f"o{number % 7}" for number in range(rows)], object),
            "gaps": pd.array([None, *range(rows - 1)], dtype="Int64"),
            "time": pd.date_range("2026-01-01", periods=rows, freq="h", tz="UTC"),
        }
    ).astype({"object": object})


CHANGES = {
    "whole": -1,
    "real": -1.0,
    "yes": False,
    "level": "b",
    "text": "new",
    "object": "new",
    "gaps": 7,
    "time": pd.Timestamp("2020-01-01", tz="UTC"),
}


@pytest.mark.parametrize("rows", [10, 200_000])
@pytest.mark.parametrize("column", CHANGES)
def test_a_changed_value_shows_whatever_its_type(column, rows):
    table = frame(rows)
    before = fingerprint(table)
    assert fingerprint(table) == before
    table.loc[0, column] = CHANGES[column]
    assert fingerprint(table) != before


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.__setitem__("new", 1),
        lambda table: table.__delitem__("real"),
        lambda table: table.rename(columns={"real": "r"}, inplace=True),
        lambda table: table.sort_values("real", ascending=False, inplace=True),
        lambda table: setattr(table, "index", table.index + 1),
    ],
)
@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_another_shape_order_or_name_shows(change):
    table = frame(100_000)
    before = fingerprint(table)
    change(table)
    assert fingerprint(table) != before


def test_arrays_and_series_are_known_and_other_things_do_not_change():
    array = np.arange(12.0).reshape(3, 4)
    before = fingerprint(array)
    array[1, 1] = 0
    assert fingerprint(array) != before
    series = pd.Series([1, 2, 3])
    before = fingerprint(series)
    series.iloc[0] = 9
    assert fingerprint(series) != before
    assert fingerprint((1, 2)) == fingerprint(object()) == 0
