"""Encodings follow the values, so that files are small and quick to write and to read."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_lite.data.parquet import encode

ROWS = 20_000
DICE = np.random.default_rng(0)
TEXTS = [f"{number:016}" for number in DICE.integers(0, 10**15, ROWS)]


def written(values):
    data = encode([pa.table({"x": values})])
    file = pq.ParquetFile(pa.BufferReader(data))
    assert file.read()["x"].combine_chunks().equals(pa.array(values))
    return file.metadata.row_group(0).column(0)


@pytest.mark.parametrize(
    ("values", "encoding", "codec"),
    [
        (np.round(DICE.gamma(2, 20, ROWS), 2), "RLE_DICTIONARY", "LZ4"),
        (np.round(DICE.gamma(2, 20, ROWS), 1).astype(np.float32), "RLE_DICTIONARY", "LZ4"),
        (DICE.normal(size=ROWS), "BYTE_STREAM_SPLIT", "LZ4"),
        (np.arange(ROWS, dtype=float), "BYTE_STREAM_SPLIT", "ZSTD"),
        (np.arange(ROWS), "DELTA_BINARY_PACKED", "UNCOMPRESSED"),
        (DICE.integers(0, 9, ROWS), "DELTA_BINARY_PACKED", "UNCOMPRESSED"),
        (np.arange(ROWS).astype("M8[us]"), "DELTA_BINARY_PACKED", "UNCOMPRESSED"),
        ((np.arange(ROWS) % 7).astype("M8[us]"), "RLE_DICTIONARY", "LZ4"),
        (DICE.random(ROWS) < 0.5, "PLAIN", "LZ4"),
        (TEXTS, "DELTA_LENGTH_BYTE_ARRAY", "ZSTD"),
        (["Bern", "Oslo"] * (ROWS // 2), "RLE_DICTIONARY", "LZ4"),
        (TEXTS[:400] * (ROWS // 400), "RLE_DICTIONARY", "ZSTD"),
        (pa.nulls(ROWS, pa.float64()), "RLE_DICTIONARY", "LZ4"),
    ],
)
def test_each_column_has_the_encoding_that_suits_it(values, encoding, codec):
    column = written(pa.array(values))

    assert encoding in column.encodings and column.compression == codec


@pytest.mark.parametrize(("digits", "most"), [(0, 0.15), (2, 0.5), (16, 0.9)])
def test_the_fewer_digits_the_smaller(digits, most):
    column = written(pa.array(np.round(DICE.gamma(2, 20, ROWS), digits)))

    assert column.total_compressed_size < most * 8 * ROWS


def test_the_largest_part_decides_for_a_file():
    prices = np.round(DICE.gamma(2, 20, ROWS), 2)
    parts = [pa.table({"x": prices[:9]}), pa.table({"x": prices})]

    file = pq.ParquetFile(pa.BufferReader(encode(parts)))

    assert all("RLE_DICTIONARY" in file.metadata.row_group(group).column(0).encodings for group in (0, 1))


@pytest.mark.parametrize("room", [0, 1_000, 1_000_000])
def test_memory_that_is_too_small_is_left_alone(room):
    table = pa.table({"x": DICE.normal(size=ROWS)})
    memory = pa.allocate_buffer(room)

    data = encode([table], memory)

    assert pq.read_table(pa.BufferReader(data)).equals(table)
    assert (memory.address <= data.address < memory.address + room) == (room > 8 * ROWS)
