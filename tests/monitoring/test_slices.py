"""Slices: where the model is weakest."""

import numpy as np
import pytest

import mlops_lite as ml


@pytest.fixture
def rows(draw):
    found = draw(6000, 0)
    wrong = (found["city"] == "Oslo") & (np.random.default_rng(1).random(6000) < 0.45)
    return found.assign(churned=np.where(wrong, 1 - found["churned"], found["churned"]))


def test_the_worst_slice_is_named(store, rows, watch):
    monitor = ml.Monitor("churn", reference=rows, by=["city", "age"], store=store, **watch)
    report = monitor.check(rows)
    named = [finding for finding in report.findings if finding.kind == "slice.roc_auc"]
    assert "city=Oslo, worse than elsewhere" in named[0].sentence
    assert report.metrics["roc_auc[city=Oslo]"].value < report.metrics["roc_auc[city=Rome]"].value
    assert report.ok  # a warning: the slice was as bad in the reference


def test_equal_slices_are_no_finding(store, draw, watch):
    monitor = ml.Monitor("churn", reference=draw(3000, 0), by="city", store=store, **watch)
    report = monitor.check(draw(3000, 1))
    assert not any(finding.kind.startswith("slice.") for finding in report.findings)
    assert len([name for name in report.metrics if "[" in name]) == 3


def test_few_rows_make_no_slices(store, draw, watch):
    monitor = ml.Monitor("churn", reference=draw(3000, 0), by="city", store=store, **watch)
    assert not any("[" in name for name in monitor.check(draw(40, 1)).metrics)
