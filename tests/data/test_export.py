"""Other programs read every version: DuckDB, polars, and whatever reads Parquet or Arrow."""

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

import mlops_lite as ml
from mlops_lite import errors
from tests.data.tables import orders


@pytest.fixture
def history(store):
    """Columns added, renamed, rewritten: the versions, and what each must hold."""
    dataset = ml.Dataset("orders", store=store)
    first = orders(90_000).drop(columns="count")
    second = first.assign(extra=np.arange(90_000) * 0.5)
    third = second.rename(columns={"price": "cost"})
    third.loc[[3, 80_000], "cost"] = 0.25
    fourth = third.assign(cost=third["extra"], extra=third["cost"])  # two columns change places
    frames = [first, second, third, fourth]
    return [(dataset.snapshot(frame), frame) for frame in frames]


def test_duckdb_reads_every_version(history):
    for snapshot, frame in history:
        for name in frame.select_dtypes("number"):
            reader = snapshot.to_reader()
            assert reader.schema.names == list(frame)
            found = duckdb.sql(f'select sum("{name}"), count(*), count(distinct "{name}") from reader').fetchall()[0]
            assert found == (pytest.approx(frame[name].sum()), len(frame), frame[name].nunique())
        assert duckdb.sql("select count(*) from snapshot where city = 'Oslo'").fetchall()[0] == (
            (frame["city"] == "Oslo").sum(),
        )


def test_polars_reads_every_version(history):
    for snapshot, frame in history:
        found = pl.DataFrame(snapshot)
        assert found.columns == list(frame)
        for name in frame:
            assert (
                found[name].cast(pl.String if frame[name].dtype == "category" else found[name].dtype).to_list()
                == frame[name].tolist()
            )


def test_one_file_holds_a_version(history, tmp_path):
    for snapshot, frame in history:
        path = snapshot.to_parquet(tmp_path / f"{snapshot.version}.parquet")
        pd.testing.assert_frame_equal(pd.read_parquet(path), frame.assign(city=frame["city"].astype("str")))
        assert duckdb.sql(f"select count(*) from '{path}'").fetchall()[0] == (90_000,)
        assert pq.read_metadata(path).num_rows == 90_000
    assert snapshot.to_parquet(tmp_path / "few.parquet", columns=["note"]) == tmp_path / "few.parquet"
    assert pq.read_schema(tmp_path / "few.parquet").names == ["note"]


def test_an_empty_version_makes_an_empty_file(store, tmp_path):
    snapshot = ml.Dataset("none", store=store).snapshot(orders(0))

    assert pq.read_table(snapshot.to_parquet(tmp_path / "none.parquet")).num_rows == 0


def test_files_are_listed_where_each_is_whole(history):
    (first, frame), *others = history

    files = first.files()

    assert pl.read_parquet(files)["price"].to_list() == frame["price"].tolist()
    listed = [str(file) for file in files]
    assert duckdb.sql(f"select sum(price) from read_parquet({listed})").fetchall()[0][0] == pytest.approx(
        frame["price"].sum()
    )
    for snapshot, _ in others:
        with pytest.raises(errors.InvalidInputError, match="to_reader"):
            snapshot.files()


@pytest.mark.parametrize("place", [0, 150_000, -1])
def test_files_with_nulls_beside_files_without(store, place):
    """A column stands as required in files in which none of its values is null."""
    prices, notes = np.arange(300_000.0), np.array(["fine"] * 300_000, object)
    notes[place] = None
    table = pa.table({"price": pa.array(prices, mask=pd.isna(notes)), "note": pa.array(notes)})
    snapshot = ml.Dataset("orders", store=store).snapshot(table)
    files = snapshot.files()
    listed = [str(file) for file in files]
    required = {pq.read_schema(file).field("note").nullable for file in files}

    assert required == {True, False}
    assert snapshot.load().equals(table)
    assert pl.read_parquet(files).to_arrow().cast(table.schema).equals(table)
    assert duckdb.sql(f"from read_parquet({listed})").to_arrow_table().cast(table.schema).equals(table)
    assert pq.read_table(listed).cast(table.schema).equals(table)
    assert ds.dataset(listed).to_table(filter=ds.field("price").is_null()).num_rows == 1


def test_a_version_that_lost_rows_is_no_list_of_files(store):
    dataset = ml.Dataset("orders", store=store)
    dataset.snapshot(orders(200_000))
    rows = int(dataset[1].content.manifest.rows[0])

    fewer = dataset.snapshot(orders(200_000).iloc[rows:].reset_index(drop=True))

    assert fewer.written < 60_000
    with pytest.raises(errors.InvalidInputError, match="shares with another version"):
        fewer.files()
