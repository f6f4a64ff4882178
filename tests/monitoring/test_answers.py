"""A prediction log of several methods: each column of answers is judged over the rows of its method."""

import numpy as np
import pytest

import mlops_lite as ml


@pytest.fixture
def monitor(store, draw):
    named = {"target": "churned", "score": "score", "prediction": "prediction", "id": "id"}
    return ml.Monitor("churn", reference=log(draw(3000, 0)), store=store, **named)


def log(rows):
    return rows.rename(columns={"p": "score", "label": "prediction"})


def mixed(rows, other="predict"):
    """Half of the rows were asked for a class, half for a probability."""
    asked = np.arange(len(rows)) % 2 == 0
    rows = log(rows).assign(method=np.where(asked, other, "predict_proba"))
    rows["prediction"] = rows["prediction"].astype(float).where(asked)
    rows["score"] = rows["score"].where(~asked)
    return rows


def test_nothing_is_missing_where_the_other_was_asked_for(monitor, draw):
    report = monitor.check(mixed(draw(2000, 1)))
    assert report.ok, report.summary()
    assert report["prediction"].current["missing"] == report["score"].current["missing"] == 0
    assert report.metrics["roc_auc"].value > 0.8 and report.metrics["accuracy"].value > 0.6


def test_labels_that_come_later_are_held_against_each(monitor, draw):
    rows = draw(2000, 1)
    first = monitor.check(mixed(rows).drop(columns="churned"))
    assert first.ok and "estimated_roc_auc" in first.metrics
    revised = monitor.label(rows["id"], rows["churned"])[0]
    assert revised.ok and revised.metrics["roc_auc"].value > 0.8


def test_what_is_missing_besides_is_still_found(monitor, draw):
    rows = mixed(draw(2000, 1))
    rows.loc[rows.index[:600], "score"] = np.nan
    report = monitor.check(rows.drop(columns="churned"))
    assert "quality.missing:score" in {finding.key for finding in report.findings}


@pytest.mark.parametrize("other", ["card", "predict_proba"])
def test_a_column_of_that_name_that_says_no_such_thing_changes_nothing(monitor, draw, other):
    report = monitor.check(mixed(draw(2000, 1), other).drop(columns="churned"))
    assert "quality.missing:score" in {finding.key for finding in report.findings}
