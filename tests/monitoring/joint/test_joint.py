"""Columns that move together are found by a monitor."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import mlops_lite as ml
from mlops_lite.errors import InvalidInputError, NotFoundError


def rows(seed, turned=False, count=1500):
    dice = np.random.default_rng(seed)
    one = dice.normal(size=count)
    other = (-one if turned else one) * 0.8 + 0.6 * dice.normal(size=count)
    words = np.where(one + dice.normal(0, 0.1, count) > 0, "good news", "bad")
    return pd.DataFrame({"one": one, "other": other, "text": words, "level": dice.choice(["a", "b"], count)})


@pytest.mark.parametrize("name", ["mmd", "domain_classifier"])
def test_what_no_column_shows(name, store):
    reference = ml.Dataset("rows", store=store).snapshot(rows(0))
    monitor = ml.Monitor("j", reference=reference, joint={name: ["one", "other", "level"]}, store=store, looks=1)
    assert monitor.check(rows(1)).ok
    report = monitor.check(rows(2, turned=True))
    assert [finding.kind for finding in report.findings] == [f"drift.{name}"]


def test_arrays_in_cells_and_embedded_text(store):
    dice = np.random.default_rng(0)

    def table(mean):
        vectors = pa.FixedSizeListArray.from_arrays(pa.array(dice.normal(mean, 1, 2000)), 5)
        return pa.table({"vector": vectors, "text": ["a" * int(each) for each in 5 + dice.integers(0, 4, 400)]})

    reference = ml.Dataset("rows", store=store).snapshot(table(0))
    lengths = {"text": lambda values: np.array([[len(value)] for value in values])}
    monitor = ml.Monitor("e", reference=reference, joint={"mmd": ["vector", "text"]}, embed=lengths, store=store)
    assert monitor.check(table(0)).ok
    assert "drift.mmd" in {finding.kind for finding in monitor.check(table(1)).findings}


def test_rows_are_needed(store):
    monitor = ml.Monitor("j", reference=rows(0), joint={"mmd": ["one", "other"]}, store=store)
    with pytest.raises(InvalidInputError, match="needs rows"):
        monitor.check(rows(1))
    with pytest.raises(NotFoundError, match="Did you mean 'mmd'"):
        ml.Monitor("j", reference=rows(0), joint={"mmdd": ["one"]}, store=store)
