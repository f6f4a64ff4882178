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


def noted(rows, method, day):
    """Give a prediction log: rows, and what is noted of each call."""
    times = np.datetime64("2026-01-01T00:00:00") + np.timedelta64(day, "D") + np.arange(len(rows)).astype("m8[s]")
    ids = [f"{day}-{number}" for number in range(len(rows))]
    notes = {"request_id": ids, "time": times, "deployment": "p@1", "model": "churn@1", "key": None, "error": None}
    seconds = np.random.default_rng(day).gamma(2, 0.001 * (1 + day), len(rows))
    return rows.assign(**notes, seconds=seconds, **({} if "method" in rows else {"method": method}))


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_a_log_as_reference_is_compared_by_its_answers(store, draw, method):
    monitor = ml.Monitor("log", reference=noted(mixed(draw(3000, 0)), "", 0), store=store, target="churned", id="id")
    asked = "score" if method == "predict" else "prediction"
    one = noted(log(draw(2000, 1)).assign(**{asked: np.nan}), method, 30)

    for rows in (noted(mixed(draw(2000, 2)), "", 30), one):
        report = monitor.check(rows.drop(columns="churned"))
        assert report.ok and not report.findings, report.summary()
    moved = monitor.check(noted(mixed(draw(2000, 3, shift=3)), "", 31).drop(columns="churned"))
    assert not moved.ok


def test_what_a_definition_names_stays(store, draw):
    rows = noted(mixed(draw(3000, 0)), "", 0)
    monitor = ml.Monitor(
        "log", reference=rows, store=store, target="churned", rules={"seconds": ml.rules.between(0, 1)}
    )

    report = monitor.check(noted(mixed(draw(2000, 2)), "", 30).assign(seconds=2.0))
    assert any(finding.column == "seconds" for finding in report.findings)


@pytest.mark.parametrize("by", [(), ("method",)])
def test_a_column_of_that_name_of_the_users_own_hides_no_metric(store, draw, by):
    rows = [log(draw(3000, seed)).assign(method=np.where(np.arange(3000) % 2, "card", "cash")) for seed in (0, 1)]
    monitor = ml.Monitor("own", reference=rows[0], store=store, target="churned", score="score", by=list(by))
    plain = ml.Monitor("plain", reference=rows[0].drop(columns="method"), store=store, target="churned", score="score")

    found = {name for name in monitor.check(rows[1]).metrics if "[" not in name}
    assert found == set(plain.check(rows[1].drop(columns="method")).metrics)
    unlabelled = [each.drop(columns="churned") for each in (rows[1], rows[1].drop(columns="method"))]
    assert set(monitor.check(unlabelled[0]).metrics) == set(plain.check(unlabelled[1]).metrics) != set()
    assert set(dict(monitor.definition.baseline)) == set(dict(plain.definition.baseline))


@pytest.mark.parametrize("by", [(), ("method",)])
def test_a_log_as_reference_keeps_its_metrics(store, draw, by):
    named = {"target": "churned", "score": "score", "prediction": "prediction", "id": "id"}
    monitor = ml.Monitor("log", reference=noted(mixed(draw(3000, 0)), "", 0), store=store, by=list(by), **named)

    assert {"roc_auc", "accuracy"} <= set(dict(monitor.definition.baseline))
