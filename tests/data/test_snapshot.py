"""A snapshot stores what changed, gives back what was given, and says what it is."""

import datetime
import os
import threading

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlops_lite as ml
from mlops_lite import errors, workspace
from tests.data.tables import orders
from tests.frames.test_libraries import everything, same


@pytest.fixture
def dataset(store):
    return ml.Dataset("orders", store=store)


@pytest.mark.parametrize(("kind", "value"), everything())
def test_every_kind_of_table_comes_back_as_it_was(dataset, kind, value):
    snapshot = dataset.snapshot(value)

    assert snapshot.kind == kind
    assert same(value, dataset.load())


def test_a_frame_of_several_parts_comes_back(dataset):
    frame = orders(120_000)
    snapshot = dataset.snapshot(frame, message="first")

    pd.testing.assert_frame_equal(dataset.load(), frame, check_exact=True)
    assert len(snapshot.content.manifest.rows) > 2
    assert (snapshot.version, snapshot.num_rows, snapshot.message) == (1, 120_000, "first")
    assert snapshot.schema.names == tuple(frame.columns)
    assert snapshot.created_at.tzinfo is datetime.UTC
    assert snapshot.author and snapshot.nbytes > 0 and len(snapshot.digest) == 64


def test_unchanged_content_makes_no_version_unless_asked(dataset):
    frame = orders(1_000)
    first = dataset.snapshot(frame)

    assert dataset.snapshot(frame.copy()) == first
    assert dataset.snapshot(frame, allow_unchanged=True).version == 2


def test_only_what_changed_is_written(dataset):
    frame = orders(150_000)
    first = dataset.snapshot(frame)
    frame.loc[70_000:70_010, "price"] = 0

    second = dataset.snapshot(frame)

    assert second.written < 0.5 * first.written  # one column of one part, which may be the longest
    pd.testing.assert_frame_equal(dataset.load(2), frame)
    assert (dataset.load(1)["price"] != frame["price"]).sum() == 11


def test_a_column_added_costs_itself_and_one_removed_or_renamed_nothing(dataset):
    frame = orders(60_000)
    dataset.snapshot(frame)
    extra = np.random.default_rng(1).normal(size=60_000)

    added = dataset.snapshot(frame.assign(extra=extra))
    removed = dataset.snapshot(frame.drop(columns="note"))
    renamed = dataset.snapshot(frame.rename(columns={"price": "cost", "order": "id"}))

    assert 0.8 * extra.nbytes < added.written < 1.1 * extra.nbytes
    assert removed.written < 10_000
    assert renamed.written < 10_000 + 60_000  # the note, which the version before lacks
    assert list(dataset.load(4)) == ["id", "cost", "city", "note", "count"]
    pd.testing.assert_frame_equal(dataset.load(2), frame.assign(extra=extra))


def test_renaming_the_column_that_cuts_writes_nothing_again(dataset):
    frame = orders(150_000)
    dataset.snapshot(frame)

    assert dataset.snapshot(frame.rename(columns={"order": "id"})).written < 15_000


def test_the_digest_is_that_of_the_content(store):
    frame = orders(80_000)
    table = pa.Table.from_pandas(frame.drop(columns=["city", "count"]))
    pieces = pa.concat_tables([table.slice(start, 777) for start in range(0, 80_000, 777)])
    shifted = pa.concat_tables([table.slice(5, 5), table]).slice(5)
    other_version = table.replace_schema_metadata({b"pandas": b"of another version"})

    digests = {
        ml.Dataset(f"d{number}", store=store).snapshot(one).digest
        for number, one in enumerate([table, pieces, shifted, table.combine_chunks(), other_version])
    }

    assert len(digests) == 1


def test_the_digest_of_a_stream_is_that_of_the_table(store):
    frame = orders(80_000)
    whole = ml.Dataset("whole", store=store).snapshot(frame)

    for step in (999, 5_000, 80_000):
        parts = (frame.iloc[start : start + step] for start in range(0, 80_000, step))
        snapshot = ml.Dataset(f"stream{step}", store=store).snapshot(parts)
        assert snapshot.digest == whole.digest
        pd.testing.assert_frame_equal(snapshot.load(), frame)


CHANGES = {
    "a value": lambda frame: frame.assign(price=frame["price"].where(frame.index != 7, -1)),
    "a moment": lambda frame: frame.assign(when=frame["when"] + pd.to_timedelta((frame.index == 7) * 1, unit="us")),
    "a null": lambda frame: frame.assign(count=frame["count"].mask(frame.index == 7)),
    "the order of columns": lambda frame: frame[["price", "order", "city", "note", "count", "when"]],
    "the order of rows": lambda frame: frame.iloc[::-1].reset_index(drop=True),
    "the name of the index": lambda frame: frame.rename_axis("row"),
    "the order of categories": lambda frame: frame.assign(
        city=frame["city"].cat.reorder_categories(["Rome", "Oslo", "Bern"])
    ),
    "whether they are ordered": lambda frame: frame.assign(city=frame["city"].cat.as_ordered()),
    "a dtype": lambda frame: frame.assign(order=frame["order"].astype("int32")),
    "a column's name": lambda frame: frame.rename(columns={"price": "cost"}),
    "the name of the columns": lambda frame: frame.rename_axis(columns="what"),
    "attrs": lambda frame: with_attrs(frame),
    "a row less": lambda frame: frame.iloc[:-1],
}


def with_attrs(frame):
    frame = frame.copy()
    frame.attrs["source"] = "till"
    return frame


@pytest.mark.parametrize("change", CHANGES)
def test_one_change_anywhere_changes_the_digest(dataset, change):
    frame = orders(500).assign(when=pd.date_range("2020", periods=500, freq="s"))
    first = dataset.snapshot(frame)
    changed = CHANGES[change](frame)

    second = dataset.snapshot(changed)

    assert second.version == 2 and second.digest != first.digest
    pd.testing.assert_frame_equal(dataset.load(), changed)


@pytest.mark.parametrize("parents", ["dataset/gone@1", "nonsense", ["dataset/orders@1", "dataset/orders@9"]])
def test_a_wrong_parent_is_noticed_before_anything_is_written(dataset, parents):
    dataset.snapshot(orders(500))
    before = set(dataset.store.objects)

    for act in (dataset.snapshot, dataset.append):
        with pytest.raises((errors.NotFoundError, errors.InvalidNameError, errors.InvalidInputError)):
            act(orders(400, seed=1), parents=parents)

    assert set(dataset.store.objects) == before and len(dataset) == 1


def test_versions_are_found_by_number_tag_digest_and_time(dataset):
    first, second = dataset.snapshot({"a": [1]}), dataset.snapshot({"a": [2]})
    dataset.tag("golden", 1)

    for version in (1, -2, "golden", "1", first.digest, first.digest[:12], first.created_at, str(first.created_at)):
        assert dataset[version].version == 1, version
    for version in (2, -1, "latest", second.digest[:8], "2999-01-01"):
        assert dataset[version].version == 2, version
    assert ml.get("dataset/orders@golden", dataset.store) == first
    assert first.tags == ("golden",)
    dataset.untag("golden")
    assert dataset.tags() == {}


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (7, "There are versions 1 to 2"),
        (0, "1 to 2"),
        ("goldn", "Did you mean 'golden'"),
        ("1999-01-01", "It began at"),
        (-3, "1 to 2"),
    ],
)
def test_a_version_that_is_not_there_says_which_are(dataset, version, words):
    dataset.snapshot({"a": [1]})
    dataset.snapshot({"a": [2]})
    dataset.tag("golden", 1)

    with pytest.raises(errors.NotFoundError, match=words):
        dataset.load(version)


def test_a_dataset_that_is_not_there_says_which_are(dataset):
    dataset.snapshot({"a": [1]})

    with pytest.raises(errors.NotFoundError, match="Did you mean 'orders'"):
        ml.Dataset("order", store=dataset.store).load()


@pytest.mark.parametrize("name", ["", " ", "../x", "a@1", "a//b"])
def test_a_bad_name_is_refused(store, name):
    with pytest.raises(errors.InvalidNameError):
        ml.Dataset(name, store=store)


def test_a_rollback_is_a_new_version_with_the_old_content(dataset):
    frame = orders(2_000)
    first = dataset.snapshot(frame)
    dataset.snapshot(frame.iloc[:10])

    third = dataset.rollback(1)

    assert (third.version, third.digest, third.parents, third.action) == (3, first.digest, (first.ref,), "rollback")
    assert third.written == 0
    pd.testing.assert_frame_equal(dataset.load(), frame)
    assert dataset.rollback(1).version == 3


def test_versions_are_listed_with_what_is_known_of_them(dataset):
    dataset.snapshot({"a": [1]}, message="one")
    dataset.snapshot({"a": [1, 2]}, parents=["dataset/orders@1"])
    dataset.tag("golden", 2)

    frame = dataset.versions().to_frame()

    assert frame["version"].tolist() == [1, 2]
    assert frame["message"][0] == "one" and pd.isna(frame["message"][1])
    assert frame["rows"].tolist() == [1, 2]
    assert frame["tags"].tolist() == ["", "golden"]
    assert [snapshot.version for snapshot in dataset] == [1, 2] and len(dataset) == 2
    assert dataset[2].parents == ("dataset/orders@1",)
    assert 2 in dataset and 3 not in dataset


def test_selected_columns_come_in_the_order_asked_for(dataset):
    frame = orders(3_000)
    snapshot = dataset.snapshot(frame.set_index("order"))

    assert list(dataset.load(columns=["note", "price"])) == ["note", "price"]
    pd.testing.assert_frame_equal(dataset.load(columns=["note", "price"]), frame.set_index("order")[["note", "price"]])
    assert snapshot.to_arrow(columns=["price"]).column_names == ["price"]
    with pytest.raises(errors.NotFoundError, match="Did you mean 'price'"):
        dataset.load(columns=["prize"])


def test_columns_with_labels_of_any_kind_are_selected_by_them(dataset):
    frame = pd.DataFrame([[1, 2, 3]], columns=pd.Index([0, ("a", 1), "b"], dtype=object, tupleize_cols=False))
    dataset.snapshot(frame)

    assert dataset.load(columns=[("a", 1), 0]).columns.tolist() == [("a", 1), 0]


def test_conversions_give_the_same_rows(dataset):
    frame = orders(70_000)
    snapshot = dataset.snapshot(frame)

    arrow = snapshot.to_arrow()
    assert arrow.num_rows == 70_000
    batches = list(snapshot.to_batches(["price"]))
    assert sum(batch.num_rows for batch in batches) == 70_000
    assert np.array_equal(pa.Table.from_batches(batches)["price"], frame["price"])
    assert snapshot.to_reader(["order"]).read_all()["order"].to_pylist() == frame["order"].tolist()
    plain = ml.Dataset("polars", store=dataset.store).snapshot(pl.from_arrow(arrow))
    assert plain.to_pandas()["price"].tolist() == frame["price"].tolist()


def test_statistics_are_those_of_the_columns(dataset):
    frame = orders(40_000).set_index("order")
    statistics = dataset.snapshot(frame).statistics

    assert list(statistics.columns) == ["price", "city", "note", "count"]
    assert statistics["price"].mean == pytest.approx(frame["price"].mean())
    assert dataset["latest"].statistics["price"].mean == statistics["price"].mean


def test_empty_tables_come_back(dataset):
    for frame in (orders(0), pd.DataFrame({"a": []}), orders(5).iloc[:, :0].assign(x=1)):
        dataset.snapshot(frame)
        pd.testing.assert_frame_equal(dataset.load(), frame)


def test_a_table_in_files_is_streamed(dataset, tmp_path):
    table = pa.Table.from_pandas(orders(60_000).drop(columns="city"), preserve_index=False)
    for number in range(3):
        pq.write_table(table.slice(number * 20_000, 20_000), tmp_path / f"{number}.parquet")

    snapshot = dataset.snapshot(ml.frames.parquet(tmp_path))

    assert snapshot.kind == "arrow"
    assert dataset.load().equals(table.cast(dataset.load().schema))
    with pytest.raises(errors.NotFoundError):
        ml.frames.parquet(tmp_path / "nothing")


def test_a_snapshot_can_be_snapshotted_elsewhere(dataset, tmp_path):
    first = dataset.snapshot(pa.table({"a": [1, 2]}))

    second = ml.Dataset("copy", store=dataset.store).snapshot(first)

    assert second.load().equals(pa.table({"a": [1, 2]}))
    assert second.parents == (first.ref,)


def bad_tables():
    mixed = orders(10).assign(note=pd.Series([object()] * 10, dtype=object))
    return {
        "an object column": (mixed, {}, errors.InvalidTypeError, "'note'"),
        "two columns of one name": (pd.DataFrame([[1, 2]], columns=["a", "a"]), {}, errors.InvalidInputError, "'a'"),
        "a key with nulls": (orders(10), {"key": "gone"}, errors.NotFoundError, "'gone'"),
        "a key that is null": (
            orders(10).assign(count=pd.array([None] * 10, "Int64")),
            {"key": "count"},
            errors.InvalidInputError,
            "null in 10 rows",
        ),
        "a key with duplicates": (orders(10), {"key": "note"}, errors.InvalidInputError, "more than one"),
        "two keys with duplicates": (orders(50), {"key": ["note", "city"]}, errors.InvalidInputError, "more than one"),
        "an empty key": (orders(10), {"key": []}, errors.InvalidInputError, "names no column"),
        "no table": (object(), {}, errors.InvalidTypeError, "no table"),
        "an empty stream": (iter(()), {}, errors.InvalidInputError, "empty"),
        "a stream of two kinds": (iter([orders(5), pa.table({"a": [1]})]), {}, errors.InvalidInputError, "Table 1"),
        "a stream with another type": (
            iter([orders(5), orders(5).assign(price="x")]),
            {},
            errors.InvalidInputError,
            "'price'",
        ),
        "an interval": (
            pa.table({"i": pa.array([(1, 2, 3)], pa.month_day_nano_interval())}),
            {},
            errors.InvalidTypeError,
            "'i'",
        ),
        "a key that is no name": (orders(10), {"key": 3}, errors.NotFoundError, "The key 3 is no column"),
        "an empty path": ("", {}, errors.InvalidInputError, "The path is empty"),
        "a path that is not there": ("nowhere.csv", {}, errors.NotFoundError, "nowhere.csv"),
        "a key for files": (__file__, {"key": "a"}, errors.InvalidInputError, "Files have no key"),
    }


@pytest.mark.parametrize("what", bad_tables())
def test_bad_input_is_refused_and_the_store_stays_as_it_was(dataset, what):
    value, options, error, words = bad_tables()[what]
    first = dataset.snapshot(orders(10), key="order")

    with pytest.raises(error, match=words):
        dataset.snapshot(value, **options)

    assert len(dataset) == 1
    assert dataset[1] == first
    assert dataset.store.verify().ok


def test_a_stream_that_fails_leaves_the_store_as_it_was(dataset):
    def stream():
        yield orders(60_000)
        raise KeyboardInterrupt

    dataset.snapshot(orders(10))
    with pytest.raises(KeyboardInterrupt):
        dataset.snapshot(stream())

    assert len(dataset) == 1
    assert dataset.store.verify().ok
    assert not [name for _, _, names in os.walk(dataset.store.url) for name in names if name.startswith(".tmp")]


def test_an_interrupt_while_writing_leaves_the_store_as_it_was(dataset, monkeypatch):
    from mlops_lite.data import parquet

    encode = parquet.encode
    calls = iter(range(100))

    def interrupted(*arguments):
        if next(calls) == 1:
            raise KeyboardInterrupt
        return encode(*arguments)

    dataset.snapshot(orders(10))
    monkeypatch.setattr(parquet, "encode", interrupted)
    with pytest.raises(KeyboardInterrupt):
        dataset.snapshot(orders(900_000))

    assert len(dataset) == 1 and threading.active_count() < 10
    monkeypatch.undo()
    assert dataset.snapshot(orders(20)).version == 2


def test_the_key_is_kept_by_later_versions(dataset):
    dataset.snapshot(orders(10), key="order")

    assert dataset.snapshot(orders(20)).key == ("order",)
    with pytest.raises(errors.InvalidInputError, match="more than one"):
        dataset.snapshot(pd.concat([orders(10), orders(10)]))


def test_a_category_may_be_a_key(dataset):
    frame = pd.DataFrame({"who": pd.Categorical(["a", "b"]), "x": [1, 2]})

    assert dataset.snapshot(frame, key="who").key == ("who",)
    with pytest.raises(errors.InvalidInputError, match="more than one"):
        dataset.snapshot(pd.concat([frame, frame]))


TYPES = [
    pa.array([["x"], ["y", "x"]]).cast(pa.list_(pa.dictionary(pa.int8(), pa.string()))),
    pa.array([{"b": 1, "c": [1, 2]}, None]),
    pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int64())),
    pa.array([1, None], pa.timestamp("s")),
    pa.array([1, 2], pa.time32("s")),
    pa.nulls(2),
    pa.array(["x", None], pa.string_view()),
    pa.array([b"x", None], pa.binary_view()),
    pc.run_end_encode(pa.array([1, 1, 2])),
    pa.array([b"0" * 16], pa.uuid()),
    pa.array([1, 2], pa.duration("ms")),
    pa.array(np.array([1, 2], np.float16)),
    pa.array([[1, 2], [3, 4]], pa.list_(pa.int8(), 2)),
]


@pytest.mark.parametrize("column", TYPES, ids=lambda column: str(column.type)[:30])
def test_every_type_of_arrow_comes_back(dataset, column):
    table = pa.table({"a": column})

    dataset.snapshot(table)

    assert dataset.load().schema == table.schema
    assert dataset.load().to_pylist() == table.to_pylist()


def test_a_run_is_told_of_what_it_used_and_made(dataset):
    seen = []

    class Run:
        ref = "run/01J"

        def uses(self, ref):
            seen.append(("uses", str(ref)))

        def made(self, ref):
            seen.append(("made", str(ref)))

    run = Run()
    token = workspace.enter_run(run)
    try:
        dataset.snapshot(orders(10))
        frame = dataset.load()
        list(dataset[1].to_batches())
    finally:
        workspace.leave_run(token, run)

    assert seen == [("made", "dataset/orders@1"), ("uses", "dataset/orders@1"), ("uses", "dataset/orders@1")]
    assert workspace.origin(frame) == "dataset/orders@1"


def test_a_frame_that_was_loaded_names_its_origin_as_parent(dataset):
    dataset.snapshot(orders(10))
    frame = dataset.load()
    frame["more"] = 1

    assert ml.Dataset("features", store=dataset.store).snapshot(frame).parents == ("dataset/orders@1",)


def test_snapshots_draw_themselves(dataset):
    snapshot = dataset.snapshot(orders(10).rename(columns={"note": "<b>"}), message="with <i>")

    for value in (snapshot, dataset, dataset.versions()):
        assert "<script" not in value._repr_html_() and "<b>" not in value._repr_html_()
        assert len(value._repr_html_()) < 8_000
        assert "orders" in str(value) and "\n" not in repr(value)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["set", "add", "drop", "insert", "column"]), st.integers(0, 10**6)), max_size=6)
)
def test_every_version_comes_back_whatever_happened_between(steps):
    dataset = ml.Dataset("walk", store=f"memory://walk-{os.urandom(4).hex()}")
    frame = orders(6_000)
    kept = []
    for kind, number in [("set", 0), *steps]:
        place = number % max(len(frame), 1)
        if kind == "set" and len(frame):
            frame.loc[frame.index[place], "price"] = number
        elif kind == "add":
            frame = pd.concat([frame, orders(number % 3_000, seed=number)], ignore_index=True)
        elif kind == "drop":
            frame = frame.drop(frame.index[place : place + number % 500]).reset_index(drop=True)
        elif kind == "insert":
            frame = pd.concat([frame.iloc[:place], orders(50, seed=number), frame.iloc[place:]], ignore_index=True)
        else:
            frame[f"x{number % 3}"] = number
        kept.append((dataset.snapshot(frame).version, frame.copy()))
    for version, expected in kept:
        pd.testing.assert_frame_equal(dataset.load(version), expected)
