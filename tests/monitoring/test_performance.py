"""Performance with labels: every task, metrics of one's own, classes of any kind."""

import numpy as np
import pandas as pd
import pytest

import mlops_lite as ml


def names(report):
    return {finding.kind for finding in report.findings}


def test_regression(store):
    dice = np.random.default_rng(0)

    def rows(noise):
        y = dice.normal(100, 20, 3000)
        return pd.DataFrame({"y": y, "yhat": y + dice.normal(0, noise, 3000)})

    monitor = ml.Monitor("r", reference=rows(5), target="y", prediction="yhat", store=store)
    assert monitor.definition.task == "regression"
    assert monitor.check(rows(5)).ok
    report = monitor.check(rows(8))
    assert "performance.mean_absolute_error" in names(report)
    assert set(report.metrics) >= {"mean_absolute_error", "root_mean_squared_error", "r2"}


def test_ranking(store):
    dice = np.random.default_rng(0)

    def rows(skill):
        gain = dice.integers(0, 3, 4000)
        return pd.DataFrame(
            {"q": np.repeat(np.arange(400), 10), "gain": gain, "s": skill * gain + dice.normal(size=4000)}
        )

    monitor = ml.Monitor("q", reference=rows(1.5), target="gain", score="s", group="q", store=store)
    assert monitor.check(rows(1.5)).ok
    assert "performance.ndcg" in names(monitor.check(rows(0.3)))


def test_several_classes(store):
    dice = np.random.default_rng(0)
    kinds = np.array(["bird", "cat", "dog"])

    def rows(right):
        truth = dice.integers(0, 3, 3000)
        score = dice.dirichlet([1, 1, 1], 3000)
        score = (1 - right) * score + right * np.eye(3)[truth]
        frame = pd.DataFrame(score, columns=["p bird", "p cat", "p dog"])
        return frame.assign(kind=kinds[truth], guess=kinds[score.argmax(1)])

    columns = {"bird": "p bird", "cat": "p cat", "dog": "p dog"}
    monitor = ml.Monitor(
        "k", reference=rows(0.3), target="kind", score=columns, prediction="guess", metrics="accuracy", store=store
    )
    assert monitor.definition.classes == ("bird", "cat", "dog")
    report = monitor.check(rows(0.3))
    assert 0.5 < report.metrics["roc_auc"].value <= 1
    assert "performance.accuracy" in names(monitor.check(rows(0.1)))


def test_metrics_of_ones_own(store, draw, watch):
    def cost(y, p):
        return float(np.mean(np.where(y == 1, 5 * (1 - p), p)))

    monitor = ml.Monitor("own", reference=draw(1000, 0), metrics=["roc_auc", cost], store=store, **watch)
    report = monitor.check(draw(1000, 1))
    found = report.metrics["cost"]
    assert found.low < found.value < found.high


def test_false_alarms_of_the_model(store, draw, watch):
    """Over many checks of one monitor without any change, the model alarms within alpha."""
    monitor = ml.Monitor("f", reference=draw(5000, 0), looks=20, checks=["missing"], store=store, **watch)
    assert sum(not monitor.check(draw(500, 100 + seed)).ok for seed in range(20)) <= 1


@pytest.mark.parametrize("width", ["int8", "float32", "bool", "object"])
def test_labels_of_every_type(width, store, draw, watch):
    monitor = ml.Monitor("w", reference=draw(1000, 0), store=store, memory=1, **watch)
    expected = monitor.check(draw(500, 1)).metrics["roc_auc"]
    assert monitor.check(draw(500, 1).astype({"churned": width})).metrics["roc_auc"] == expected
