"""What the newest version holds is recognised without SHA-256, and nothing else is taken for it."""

import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlops_lite as ml
from mlops_lite.data import recognizer
from mlops_lite.data.address import address, content
from mlops_lite.data.recognizer import Recognizer
from mlops_lite.store.cache import Cache
from tests.data.tables import orders
from tests.data.test_addresses import KINDS, whole

ROWS = 120_000


@pytest.fixture
def dataset(store):
    return ml.Dataset("orders", store=store)


@pytest.fixture
def taken(monkeypatch):
    """List the addresses that SHA-256 was taken for."""
    found = []
    plain = recognizer.taken
    monkeypatch.setattr(recognizer, "taken", lambda pieces: found.append(plain(pieces)) or found[-1])
    return found


def entries():
    """Give the entries of the cache."""
    return [path for path in (Cache().folder / "columns").rglob("*") if path.is_file()]


def large(dataset):
    """Give the cells that are worth recognising."""
    manifest = dataset["latest"].content.manifest
    table = dataset["latest"].to_arrow()
    starts = manifest.starts.tolist()
    ends = [*starts[1:], manifest.num_rows]
    sizes = {
        (column, part): sum(
            memoryview(piece).nbytes for piece in content(table.column(column)[start:end].combine_chunks())
        )
        for column in range(table.num_columns)
        for part, (start, end) in enumerate(zip(starts, ends, strict=True))
    }
    return {manifest.cells.address[place].tobytes() for place, size in sizes.items() if size >= 1 << 14}


def test_unchanged_columns_are_hashed_by_blake3_alone(dataset, taken):
    dataset.snapshot(orders(ROWS))
    first = len(taken)
    dataset.snapshot(orders(ROWS))

    assert len(large(dataset)) > 10
    assert not large(dataset) & set(taken[first:])


def test_what_changed_is_not_recognised(dataset, taken):
    frame = orders(ROWS)
    dataset.snapshot(frame)
    first = len(taken)
    frame.loc[70_000, "price"] += 1
    dataset.snapshot(frame)

    assert len(large(dataset) & set(taken[first:])) == 1
    pd.testing.assert_frame_equal(dataset.load(), frame, check_exact=True)


def test_rows_appended_leave_the_others_known(dataset, taken):
    frame = orders(ROWS)
    dataset.snapshot(frame[:110_000])
    dataset.append(frame[110_000:])
    first = len(taken)

    assert dataset.snapshot(frame).version == 2
    assert not large(dataset) & set(taken[first:])


def test_a_version_that_was_rolled_back_to_is_known(dataset, taken):
    dataset.snapshot(orders(ROWS))
    dataset.snapshot(orders(ROWS)[: ROWS // 2])
    dataset.rollback(1)
    first = len(taken)
    dataset.snapshot(orders(ROWS))

    assert not large(dataset) & set(taken[first:])


def test_what_is_kept_is_bounded(dataset, monkeypatch):
    monkeypatch.setattr(recognizer, "_MOST_BYTES", 1 << 14)
    monkeypatch.setattr(recognizer, "_key", lambda manifest: f"00/{manifest.digest}")
    for rows in range(ROWS, ROWS + 8):
        dataset.snapshot(orders(rows))

    assert len(entries()) < 5


def test_small_tables_leave_no_entry(dataset):
    dataset.snapshot(orders(100))

    assert entries() == []


def test_the_digest_is_the_same_without_the_package(dataset, monkeypatch):
    here = dataset.snapshot(orders(ROWS)).digest
    (entry,) = entries()
    entry.unlink()
    monkeypatch.setitem(sys.modules, "blake3", None)

    assert ml.Dataset("other", store=dataset.store).snapshot(orders(ROWS)).digest == here
    assert entries() == []


@pytest.mark.parametrize("damage", [b"", b"short", None])
def test_a_damaged_entry_costs_time_only(dataset, damage):
    digest = dataset.snapshot(orders(ROWS)).digest
    (entry,) = entries()
    size = entry.stat().st_size
    entry.write_bytes(np.random.default_rng(0).bytes(size) if damage is None else damage)

    assert dataset.snapshot(orders(ROWS)).digest == digest
    assert len(dataset) == 1
    dataset.snapshot(orders(ROWS - 1))
    pd.testing.assert_frame_equal(dataset.load(), orders(ROWS - 1), check_exact=True)


def test_a_cache_that_cannot_be_written_is_passed_over(dataset, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MLOPS_LITE_CACHE", str(tmp_path / "file"))

    assert dataset.snapshot(orders(ROWS)).num_rows == ROWS


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 9), place=st.integers(0, 39_999), data=st.data())
@settings(max_examples=10, deadline=None)
def test_an_address_is_that_of_the_content(kind, seed, place, data):
    known = Recognizer(Cache(), None)
    column = whole(kind, 40_000, np.random.default_rng(seed))
    values = column.to_pylist()
    values[place] = values[data.draw(st.integers(0, 39_999))]
    other = pa.array(values, column.type)

    for one in (column, other, column, other):
        assert known.address(content(one)) == address(one)
