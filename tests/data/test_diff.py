"""A difference names every row that differs, once, and reads only what differs."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlops_lite as ml
from mlops_lite import errors
from mlops_lite.data.reader import Reader
from tests.data.tables import orders


@pytest.fixture
def dataset(store):
    return ml.Dataset("orders", store=store)


def test_rows_are_found_by_key(dataset):
    frame = orders(100_000)
    changed = frame.copy()
    changed.loc[[5, 99_999], "price"] = -1.0
    changed.loc[7, "note"] = "new"
    changed = pd.concat([changed.drop(index=[50_000]), orders(1).assign(order=1)], ignore_index=True)
    dataset.snapshot(frame, key="order")
    dataset.snapshot(changed)

    diff = dataset.diff(1, 2)

    assert diff.added["order"].tolist() == [1]
    assert diff.removed["order"].tolist() == [frame["order"][50_000]]
    assert diff.changed.index.tolist() == frame["order"][[5, 7, 99_999]].tolist()
    assert diff.changed["price"]["after"].tolist() == [-1.0, frame["price"][7], -1.0]
    assert diff.changed["price"]["before"].tolist() == frame["price"][[5, 7, 99_999]].tolist()
    assert diff.changed["note"]["after"][frame["order"][7]] == "new"
    assert set(diff.changed.columns.get_level_values(0)) == {"price", "note"}
    assert diff.added["city"].dtype == changed["city"].dtype
    said = "dataset/orders: 1 -> 2: 1 row added, 1 removed, 3 changed in the columns price, note."
    assert diff.summary().startswith(said)


def test_without_a_key_rows_are_added_and_removed(dataset):
    dataset.snapshot(pd.DataFrame({"a": ["x", "x", "y"]}))
    dataset.snapshot(pd.DataFrame({"a": ["x", "y", "y", "z"]}))

    diff = dataset.diff(1)

    assert sorted(diff.added["a"]) == ["y", "z"]
    assert diff.removed["a"].tolist() == ["x"]
    assert len(diff.changed) == 0


def test_a_key_may_be_named_for_one_comparison(dataset):
    dataset.snapshot({"a": [1, 2], "b": [1, 1]})
    dataset.snapshot({"a": [1, 2], "b": [1, 5]})

    assert dataset.diff(1, 2, key="a").changed["b"].values.tolist() == [[1, 5]]
    with pytest.raises(errors.InvalidInputError, match="no column 'c'"):
        dataset.diff(1, 2, key="c")


def test_what_happened_to_columns_is_told(dataset):
    frame = orders(1_000)
    dataset.snapshot(frame, key="order")
    dataset.snapshot(frame.rename(columns={"price": "cost"}).drop(columns="note").assign(x=1))

    diff = dataset.diff(1, 2)

    assert diff.renamed == {"price": "cost"}
    assert {(one.column, one.kind) for one in diff.schema} == {("note", "removed"), ("x", "added")}
    assert len(diff.changed) == len(diff.added) == len(diff.removed) == 0
    assert "'price' is now called 'cost'" in diff.summary()


def test_the_same_content_differs_in_nothing(dataset):
    dataset.snapshot(orders(100))
    dataset.snapshot(orders(100), allow_unchanged=True)

    assert dataset.diff(1, 2).is_empty
    assert dataset.diff(1, 2).summary().endswith("nothing differs.")


def test_nulls_and_nan_are_equal_to_themselves(dataset):
    frame = pd.DataFrame({"id": [1, 2, 3], "x": [np.nan, 1.0, np.nan], "y": pd.array([None, 1, 2], "Int64")})
    other = frame.assign(x=[np.nan, np.nan, 0.0])
    dataset.snapshot(frame, key="id")
    dataset.snapshot(other)

    assert dataset.diff(1, 2).changed.index.tolist() == [2, 3]


def test_keys_that_occur_twice_are_named(dataset):
    dataset.snapshot(orders(5), key="order")
    dataset.snapshot(iter([orders(5), orders(2)]))

    diff = dataset.diff(1, 2)

    assert sorted(diff.duplicates["order"]) == [1000, 1003]
    assert len(diff.added) == 2 and len(diff.removed) == 0
    assert "2 keys occur more than once" in diff.summary()


def test_only_parts_that_differ_are_read(dataset, monkeypatch):
    frame = orders(300_000)
    dataset.snapshot(frame, key="order")
    frame.loc[10, "price"] = 0
    dataset.snapshot(frame)
    read = []
    task = Reader._read_task
    monkeypatch.setattr(
        Reader, "_read_task", lambda self, one: read.append((one.parts, one.columns)) or task(self, one)
    )

    assert len(dataset.diff(1, 2).changed) == 1

    assert {parts for parts, _ in read} == {(0,)}
    assert {column for _, columns in read for column in columns} == {0, 1}


def test_distributions_of_changed_columns_are_compared(dataset):
    frame = orders(20_000)
    dataset.snapshot(frame)
    dataset.snapshot(frame.assign(price=frame["price"] * 3, count=frame["count"].mask(frame.index < 5_000)))

    moved = dataset.diff(1, 2).distributions

    assert moved.index.tolist() == ["price", "count"]
    assert moved.loc["price", "mean_after"] == pytest.approx(3 * moved.loc["price", "mean_before"])
    assert moved.loc["count", "missing_after"] == 0.25 and moved.loc["count", "distance"] == pytest.approx(0.25)


def test_a_difference_draws_itself(dataset):
    frame = orders(100)
    dataset.snapshot(frame, key="order")
    dataset.snapshot(frame.assign(note="<b>", new=1).iloc[:90])
    diff = dataset.diff(1, 2)

    assert "<b>" not in diff._repr_html_() and "&lt;b&gt;" in diff._repr_html_()
    assert len(diff._repr_html_()) < 12_000
    assert "10 rows removed, 90 changed" in str(diff)


def test_a_table_and_files_are_not_compared(dataset, tmp_path):
    dataset.snapshot({"a": [1]})
    (tmp_path / "f").write_text("x")
    dataset.snapshot(tmp_path / "f")

    with pytest.raises(errors.InvalidInputError, match="like with like"):
        dataset.diff(1, 2)


def test_nested_columns_are_compared(dataset):
    dataset.snapshot(pa.table({"id": [1, 2], "a": [[1], [2]]}), key="id")
    dataset.snapshot(pa.table({"id": [1, 2], "a": [[1], [3]]}))

    assert dataset.diff(1, 2).changed["a"]["after"].tolist()[0].tolist() == [3]


ROWS = st.dictionaries(
    st.integers(0, 30), st.tuples(st.one_of(st.none(), st.integers(0, 2)), st.sampled_from("ab")), min_size=1
)


@settings(max_examples=60, deadline=None)
@given(ROWS, ROWS, st.booleans(), st.integers(0, 10**9))
def test_it_agrees_with_a_comparison_row_by_row(one, two, shuffled, seed):
    dataset = ml.Dataset("d", store=f"memory://diff-{seed}-{np.random.default_rng().integers(10**9)}")
    for rows in (one, two):
        keys = list(rows)
        if shuffled:
            np.random.default_rng(seed).shuffle(keys)
        columns = {"id": keys, "x": [rows[key][0] for key in keys], "y": [rows[key][1] for key in keys]}
        dataset.snapshot(
            pa.table(columns, pa.schema({"id": pa.int64(), "x": pa.int64(), "y": pa.string()})), allow_unchanged=True
        )

    keyed, whole = dataset.diff(1, 2, key="id"), dataset.diff(1, 2)

    assert sorted(keyed.added["id"]) == sorted(two.keys() - one.keys())
    assert sorted(keyed.removed["id"]) == sorted(one.keys() - two.keys())
    differing = [key for key in one.keys() & two.keys() if one[key] != two[key]]
    assert sorted(keyed.changed.index) == sorted(differing)
    assert sorted(whole.added["id"]) == sorted([*(two.keys() - one.keys()), *differing])
    assert sorted(whole.removed["id"]) == sorted([*(one.keys() - two.keys()), *differing])


def test_long_tables_agree_too_whatever_moved(store):
    dice = np.random.default_rng(0)
    frame = orders(120_000)
    dataset = ml.Dataset("long", store=store)
    dataset.snapshot(frame, key="order")
    other = frame.copy()
    places = dice.choice(120_000, 300, replace=False)
    other.loc[places, "price"] += 1
    gone = dice.choice(120_000, 100, replace=False)
    other = pd.concat([other.drop(index=gone), orders(50, seed=5).assign(order=lambda new: new["order"] + 1)])
    dataset.snapshot(other.reset_index(drop=True))

    diff = dataset.diff(1, 2)

    assert sorted(diff.changed.index) == sorted(frame["order"][sorted(set(places) - set(gone))])
    assert sorted(diff.removed["order"]) == sorted(frame["order"][gone])
    assert len(diff.added) == 50
