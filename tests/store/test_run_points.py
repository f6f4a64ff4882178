"""A journal reads back what was written, however it was torn."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mlops_lite.base import canonical
from mlops_lite.store import run_cells as cells
from mlops_lite.store.run_points import read

NAME = cells.block(cells.NAME, 0, 0.0, b"loss")


def rows(count, begin=0):
    return [cells.point(0, begin + step, 1.0 + step, step / 2) for step in range(count)]


def test_blocks_and_points_may_alternate():
    event = cells.block(cells.EVENT, 0, 2.0, canonical.encode({"op": "params", "values": {"a": 1}}))
    steps, values = np.arange(5, dtype="<i8"), np.linspace(0, 1, 5)
    array = cells.block(cells.ARRAY_FLOAT, 0, 1.5, steps.tobytes() + values.tobytes())
    content = read(NAME + rows(1)[0] + event + array + rows(2, 7)[1])
    assert content.points["loss"].step.tolist() == [0, 0, 1, 2, 3, 4, 8]
    assert content.events == [(2.0, {"op": "params", "values": {"a": 1}})] and content.damaged == 0


@given(st.integers(0, 400), st.binary(max_size=70))
def test_a_torn_end_costs_what_was_torn_and_no_more(cut, rubbish):
    data = NAME + b"".join(rows(10))
    content = read(data[:cut] + rubbish)
    whole = max(0, min(10, (cut - len(NAME)) // cells.CELL))
    steps = content.points["loss"].step.tolist() if "loss" in content.points else []
    assert steps == list(range(whole)) if cut >= len(NAME) else steps == []


@given(st.integers(0, 9), st.integers(0, 31), st.integers(1, 255))
def test_a_damaged_cell_costs_one_point(row, place, change):
    data = bytearray(NAME + b"".join(rows(10)))
    data[len(NAME) + row * cells.CELL + place] ^= change
    content = read(bytes(data))
    assert content.points["loss"].step.tolist() == [step for step in range(10) if step != row]
    assert content.damaged == cells.CELL


def test_a_damaged_payload_costs_its_block():
    data = bytearray(NAME + cells.block(cells.EVENT, 0, 0.0, b'{"op":"x"}') + rows(1)[0])
    data[len(NAME) + cells.CELL + 2] ^= 1
    content = read(bytes(data))
    assert content.events == [] and content.points["loss"].step.tolist() == [0] and content.damaged > 0


def test_points_that_hide_in_a_payload_are_no_points():
    steps = np.frombuffer(rows(1)[0] * 2, "<i8")
    array = cells.block(cells.ARRAY_INT, 0, 0.0, steps.tobytes() + steps.tobytes())
    content = read(NAME + array)
    assert len(content.points["loss"].step) == len(steps)


def test_whole_numbers_stay_whole_and_mixed_ones_become_floats():
    whole = [cells.point(0, 0, 0.0, 2**60 + 1)]
    assert read(NAME + whole[0]).points["loss"].value.tolist() == [2**60 + 1]
    mixed = read(NAME + whole[0] + cells.point(0, 1, 1.0, math.nan)).points["loss"].value
    assert mixed[0] == float(2**60) and math.isnan(mixed[1])
