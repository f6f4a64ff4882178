"""Performance is estimated while labels are awaited."""

import numpy as np
import pytest

import mlops_lite as ml


@pytest.fixture
def monitor(store, draw, watch):
    return ml.Monitor("churn", reference=draw(4000, 0), store=store, **watch)


def test_the_estimate_comes_first_and_the_truth_later(monitor, draw):
    rows = draw(2000, 1)
    report = monitor.check(rows.drop(columns="churned"))
    guess = report.metrics["estimated_roc_auc"]
    assert report.ok
    truth = monitor.label(rows["id"], rows["churned"])[0]
    assert truth.metrics["roc_auc"].value in guess
    assert truth.metrics["estimated_roc_auc"] == guess
    assert not any("concept" in finding.kind for finding in truth.measurements)


def test_that_the_truth_is_another_is_said(monitor, draw):
    rows = draw(2000, 1, flip=0.4)
    monitor.check(rows.drop(columns="churned"))
    truth = monitor.label(rows["id"], rows["churned"])[0]
    assert "performance.concept.roc_auc" in {finding.kind for finding in truth.findings}


def test_rows_that_became_harder_are_a_warning(monitor, draw):
    rows = draw(8000, 1)
    hard = rows[np.abs(rows["p"] - 0.5) < 0.3]
    report = monitor.check(hard.drop(columns="churned"))
    found = {finding.kind: finding for finding in report.findings}
    assert found["performance.estimated_roc_auc"].severity == "warning"


def test_too_few_labels_give_no_estimate(store, draw, watch):
    monitor = ml.Monitor("churn", reference=draw(150, 0), store=store, **watch)
    assert monitor.check(draw(500, 1).drop(columns="churned")).metrics == {}


def test_scores_beyond_the_reference_are_told(store, draw, watch):
    middle = draw(6000, 0)
    monitor = ml.Monitor("churn", reference=middle[np.abs(middle["p"] - 0.5) < 0.4], store=store, **watch)
    report = monitor.check(draw(2000, 1).drop(columns="churned"))
    assert "performance.support" in {finding.kind for finding in report.findings}
