"""Streams are watched row by row, and resumed elsewhere."""

import random

import numpy as np
import pandas as pd
import pytest

import mlops_lite as ml
from mlops_lite.errors import InvalidInputError, NotFoundError


@pytest.fixture
def reference():
    return pd.DataFrame({"x": np.random.default_rng(0).normal(100, 5, 2000)})


def test_a_change_is_a_finding_and_a_record(store, reference):
    monitor = ml.Monitor(
        "s", reference=reference, streams={"x": ["page_hinkley", "adwin"], "error": "ddm"}, store=store
    )
    dice, found = random.Random(0), []
    for step in range(1500):
        found += monitor.update({"x": dice.gauss(100 if step < 1000 else 110, 5), "error": 0, "other": "text"})
    assert {finding.kind for finding in found} == {"stream.page_hinkley", "stream.adwin"}
    records = [record for record in store.log("monitor", "s").history() if record.action == "stream"]
    assert len(records) == sum(1 for record in records if record.body["found"])


def test_another_process_goes_on(store, reference):
    monitor = ml.Monitor("s", reference=reference, streams={"x": "page_hinkley"}, store=store)
    for _ in range(100):
        monitor.update({"x": 100.0})
    monitor.flush()
    again = ml.Monitor("s", store=store)
    again.update({"x": 100.0})
    assert again._streaming._detectors["x", "page_hinkley"]._count == 101


def test_small_tables_and_missing_values(store, reference):
    monitor = ml.Monitor("s", reference=reference, streams={"x": "page_hinkley"}, store=store)
    monitor.update(pd.DataFrame({"x": [100.0, np.nan, 101.0]}))
    monitor.update({"x": None})
    assert monitor._streaming._detectors["x", "page_hinkley"]._count == 2


def test_streams_must_be_chosen(store, reference):
    monitor = ml.Monitor("s", reference=reference, store=store)
    with pytest.raises(InvalidInputError, match="watches no stream"):
        monitor.update({"x": 1.0})
    with pytest.raises(NotFoundError, match="Did you mean 'adwin'"):
        ml.Monitor("s", reference=reference, streams={"x": "adwing"}, store=store)


def test_a_stream_takes_numbers_only(store):
    monitor = ml.Monitor("text", reference={"x": np.arange(9.0)}, streams={"x": "adwin"}, store=store)
    with pytest.raises(ml.errors.InvalidInputError, match="takes numbers"):
        monitor.update({"x": "a"})
