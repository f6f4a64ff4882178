"""Damage is found when it is read, and told by version, column and rows."""

import os

import numpy as np
import pandas as pd
import pytest

import mlops_lite as ml
from mlops_lite import errors
from tests.data.tables import orders


@pytest.fixture
def dataset(store):
    return ml.Dataset("orders", store=store)


def spoil(dataset, digest, place=0.5):
    path = dataset.store.objects.path(digest)
    data = bytearray(path.read_bytes())
    data[int(len(data) * place)] ^= 0x10
    path.chmod(0o644)
    path.write_bytes(data)


def test_a_damaged_part_says_which_version_column_and_rows(dataset):
    frame = orders(100_000)
    snapshot = dataset.snapshot(frame)
    spoil(dataset, snapshot.content.manifest.files[0])

    with pytest.raises(errors.DamagedError) as caught:
        dataset.load()

    error = caught.value
    assert error.version == "dataset/orders@1" and error.column in frame.columns and error.other is None
    assert f"Column '{error.column}', rows {error.rows[0]:,} to {error.rows[1]:,}" in str(error)
    starts = snapshot.content.manifest.starts.tolist()
    assert error.rows[0] in starts
    others = [name for name in frame.columns if name != error.column]
    pd.testing.assert_frame_equal(dataset.load(columns=others), frame[others])


@pytest.mark.parametrize("place", np.linspace(0, 0.999, 25))
def test_no_flipped_bit_gives_wrong_rows(dataset, place):
    frame = orders(40_000)
    snapshot = dataset.snapshot(frame)
    spoil(dataset, snapshot.content.manifest.files[0], place)

    try:
        found = dataset.load()
    except errors.DamagedError as error:
        assert "rows" in str(error)
    else:
        pd.testing.assert_frame_equal(found, frame)  # a bit that nobody reads
    assert not dataset.store.verify().ok


def test_a_missing_part_says_so(dataset):
    snapshot = dataset.snapshot(orders(1_000))
    dataset.store.objects.path(snapshot.content.manifest.files[0]).unlink()

    with pytest.raises(errors.DamagedError, match=r"dataset/orders@1: Column 'order', rows 0 to 999: .* is missing"):
        dataset.load()


def test_another_version_that_still_holds_the_values_is_named(dataset):
    frame = orders(1_000)
    dataset.snapshot(frame.assign(price=0.5))
    dataset.snapshot(frame.assign(price=1.5))
    third = dataset.snapshot(frame.assign(price=0.5))  # written again: the version before lacks it
    manifest = third.content.manifest
    price = manifest.files[manifest.cells.file[manifest.schema.names.index("price"), 0]]
    assert price not in dataset[1].content.manifest.files
    dataset.store.objects.path(price).unlink()

    with pytest.raises(errors.DamagedError, match="dataset/orders@1 holds the same values in another file"):
        dataset.load()


def test_a_damaged_manifest_is_found(dataset):
    snapshot = dataset.snapshot(orders(100))
    spoil(dataset, snapshot._record.body["manifest"])

    with pytest.raises(errors.DamagedError):
        dataset.load()


def test_a_copy_of_the_store_gives_lost_parts_back(dataset, tmp_path):
    frame = orders(1_000)
    snapshot = dataset.snapshot(frame)
    copy = ml.Store(tmp_path / "copy")
    dataset.store.sync(to=copy)
    dataset.store.objects.path(snapshot.content.manifest.files[0]).unlink()

    copy.sync(to=dataset.store)

    pd.testing.assert_frame_equal(dataset.load(), frame)


def test_garbage_collection_keeps_every_version(dataset):
    frames = [orders(20_000), orders(20_000).assign(price=1.0), orders(20_000).drop(columns="note")]
    for frame in frames:
        dataset.snapshot(frame)
    dataset.store.gc(dry_run=False, grace_s=0)

    for version, frame in enumerate(frames, 1):
        pd.testing.assert_frame_equal(dataset.load(version), frame)


def test_a_store_that_went_away_is_not_called_damaged(tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a").write_text("a")
    tables, trees = (ml.Dataset(name, store=tmp_path / "s") for name in ("orders", "tree"))
    table, tree = tables.snapshot(orders(2_000)), trees.snapshot(tmp_path / "tree")
    assert len(table.content.manifest.files)
    os.rename(tmp_path / "s", tmp_path / "moved")

    for read in (table.load, tables.load, table.to_arrow, tables.versions, tree.path, trees.load, table.files):
        with pytest.raises(errors.StoreUnavailableError, match="is not there any more"):
            read()
    with pytest.raises(errors.StoreUnavailableError, match="is not there any more"):
        list(table.to_batches())


def test_a_store_that_does_not_answer_is_not_called_damaged(monkeypatch):
    store = ml.Store("memory://no-answer")
    snapshot = ml.Dataset("orders", store=store).snapshot(orders(2_000))
    assert len(snapshot.content.manifest.files)
    asked = []

    def refuses(path, *rest):
        asked.append(path)
        raise OSError("no answer")

    for name in ("read", "read_many", "read_ranges", "exists", "stat"):
        monkeypatch.setattr(store.backend, name, refuses)
    with pytest.raises(errors.StoreUnavailableError, match="no answer"):
        snapshot.load()
    assert len(asked) == 1  # nor is every column asked for again
    with pytest.raises(errors.StoreUnavailableError, match="no answer"):
        assert "ab" * 32 in store.objects
