"""Cuts follow the content: rows put in or taken out move no cut but their own."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_lite.data.cut import Cut, Cutter, choose


def ends(rule, table, block):
    cutter, found, start = Cutter(rule), [], 0
    for place in range(0, table.num_rows, block):
        found += [start + cut for cut in cutter.cuts(table.slice(place, block))]
        start += min(block, table.num_rows - place)
    return found


def table(rows, seed=0):
    dice = np.random.default_rng(seed)
    ids = dice.permutation(rows * 3)[:rows]
    return pa.table({"id": ids, "text": pa.array(ids).cast(pa.string()), "x": dice.normal(size=rows)})


@pytest.mark.parametrize("column", ["id", "text", "x"])
def test_parts_have_about_the_size_that_was_asked_for(column):
    rule = Cut((column,), 10)

    sizes = np.diff([0, *ends(rule, table(300_000), 300_000)])

    assert sizes.min() >= rule.least
    assert sizes.max() <= rule.most
    assert 0.7 * 2**10 < sizes.mean() < 1.3 * 2**10


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5_000), st.sampled_from(["id", "text", "x"]))
def test_blocks_do_not_move_cuts(block, column):
    whole = table(20_000)

    assert ends(Cut((column,), 10), whole, block) == ends(Cut((column,), 10), whole, 20_000)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 50_000), st.integers(1, 200))
def test_an_insertion_moves_few_cuts(place, count):
    rule, whole = Cut(("id",), 10), table(50_000)
    more = pa.concat_tables([whole.slice(0, place), table(count, seed=9), whole.slice(place)])

    before = {end if end <= place else end + count for end in ends(rule, whole, 50_000)}
    after = set(ends(rule, more, 50_000 + count))

    assert len(before ^ after) <= 12


def test_numbers_that_rise_evenly_are_cut_evenly():
    rising = pa.table({"id": np.arange(0, 10**9, 10**3)})

    sizes = np.diff([0, *ends(Cut(("id",), 12), rising, 10**6)])

    assert 2**11 < sizes.mean() < 2**13


def test_what_cannot_be_mixed_is_cut_at_the_most():
    rule = Cut((), 10)

    assert ends(rule, table(5_000), 700) == [2048, 4096]
    assert ends(Cut(("c",), 10), pa.table({"c": [7] * 5_000}), 999) == [2048, 4096]


def test_nulls_and_empty_texts_are_values_too():
    column = pa.array([None, "", "a", "abcdefgh", "abcdefghi", None] * 1000)

    assert ends(Cut(("c",), 10), pa.table({"c": column}), 6_000) == ends(Cut(("c",), 10), pa.table({"c": column}), 7)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"level": [1, 2] * 50, "id": range(100), "x": np.linspace(0, 1, 100)}, ("id",)),
        ({"x": np.linspace(0, 1, 100), "name": list(map(str, range(100)))}, ("name",)),
        ({"x": np.linspace(0, 1, 100), "flag": [True, False] * 50}, ("x",)),
        ({"a": [1, 2] * 50, "b": [1] * 100}, ("a", "b")),
        ({"a": [[1]] * 100}, ()),
    ],
)
def test_the_column_that_tells_rows_apart_is_chosen(columns, expected):
    assert choose(pa.table({name: list(values) for name, values in columns.items()}), 100).columns == expected


def test_wide_rows_make_short_parts_and_very_many_rows_long_ones():
    narrow = pa.table({"a": np.random.default_rng(0).normal(size=4096)})
    wide = pa.table({f"x{place}": np.random.default_rng(place).normal(size=4096) for place in range(500)})

    assert choose(narrow, 4096).bits == 15
    assert choose(wide, 4096).bits == 11
    assert choose(narrow, 10**9).bits == 18
