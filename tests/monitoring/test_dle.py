"""The errors of a regression are estimated while labels are awaited."""

import numpy as np
import pandas as pd
import pytest

import mlops_lite as ml


def rows(seed, hard=0.5, count=4000):
    """Rows of which a share is hard: there the errors are four times as large."""
    dice = np.random.default_rng(seed)
    is_hard = dice.random(count) < hard
    x = dice.normal(size=count)
    y = 3 * x + dice.normal(size=count) * np.where(is_hard, 4.0, 1.0)
    return pd.DataFrame({"x": x, "kind": np.where(is_hard, "hard", "easy"), "y": y, "yhat": 3 * x})


@pytest.fixture
def monitor(store):
    reference = ml.Dataset("rows", store=store).snapshot(rows(0))
    return ml.Monitor("r", reference=reference, target="y", prediction="yhat", features=["x", "kind"], store=store)


@pytest.mark.parametrize("hard", [0.5, 0.9])
def test_the_estimate_is_near_what_the_labels_say(hard, monitor):
    found = rows(1, hard)
    truth = np.abs(found["y"] - found["yhat"]).mean()
    report = monitor.check(found.drop(columns="y"))
    guess = report.metrics["estimated_mean_absolute_error"]
    assert guess.value == pytest.approx(truth, rel=0.05)
    assert guess.low < guess.value < guess.high
    warned = "performance.estimated_mean_absolute_error" in {finding.kind for finding in report.findings}
    assert warned == (hard == 0.9)


def test_rows_whose_losses_scatter_more_have_wider_intervals(monitor):
    easy, hard = (monitor.check(rows(1, share).drop(columns="y")).metrics for share in (0.05, 0.95))
    widths = [each.high - each.low for each in (one["estimated_mean_absolute_error"] for one in (easy, hard))]
    assert widths[1] > 1.5 * widths[0]


def test_without_features_nothing_is_estimated(store):
    monitor = ml.Monitor("r", reference=rows(0), target="y", prediction="yhat", store=store)
    assert monitor.check(rows(1).drop(columns="y")).metrics == {}


def test_rows_outside_the_reference_are_warned_of(store):
    def rows(seed, shift=0.0):
        dice = np.random.default_rng(seed)
        x = dice.normal(shift, 1, 2000)
        return pd.DataFrame({"x": x, "pred": 2 * x, "y": 2 * x + dice.normal(size=2000)})

    snapshot = ml.Dataset("r", store=store).snapshot(rows(0))
    monitor = ml.Monitor("r", reference=snapshot, target="y", prediction="pred", features=["x"], store=store)

    def support(report):
        return [each.severity for each in report.findings if each.kind == "performance.support"]

    assert support(monitor.check(rows(1).drop(columns="y"))) == []
    assert support(monitor.check(rows(1, shift=4).drop(columns="y"))) == ["warning"]
    without = monitor.check(rows(1).drop(columns=["x", "y"]))  # findings, no error
    alerts = {each.kind for each in without.findings if each.severity == "alert"}
    assert alerts == {"performance.input", "quality.schema"}
