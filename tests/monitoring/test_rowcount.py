"""Numbers of rows beside those of the last checks, and numbers that are none."""

import numpy as np
import pytest

import mlops_lite as ml
from mlops_lite.monitoring.rowcount import judge_count
from mlops_lite.stats.counts import unlike


def kinds(report):
    return {finding.kind: finding.severity for finding in report.findings}


def test_half_of_the_usual_rows_is_a_warning(store, draw):
    monitor = ml.Monitor("churn", reference=draw(3000, 0), store=store)
    for day in range(6):
        assert "quality.rows" not in kinds(monitor.check(draw(1000 + 10 * day, day + 1)))
    report = monitor.check(draw(400, 9))
    found = next(finding for finding in report.findings if finding.kind == "quality.rows")
    assert (found.severity, found.statistic, report.ok) == ("warning", 400, True)
    assert "400 rows; the last 6 checks had about 1,0" in found.sentence


def test_nothing_is_said_by_few_checks_or_of_small_changes():
    assert judge_count([1000] * 4, 10, 0.05) == []
    assert judge_count([1000] * 5, 0, 0.05) == []  # no rows at all is a finding of its own
    assert judge_count([10**6] * 7, 10**6 + 20_000, 0.05)[0].severity == "ok"  # certain, but small


def test_the_rate_is_kept_for_counts_of_any_spread():
    dice = np.random.default_rng(0)
    for mean, spread in ((50, 0.0), (2000, 0.0), (2000, 0.3)):
        days = dice.poisson(mean * np.exp(dice.normal(0, spread, (4000, 8))))
        alarms = np.mean([unlike(row[:7], row[7])[1] <= 0.05 for row in np.maximum(days, 1)])
        assert alarms <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 4000)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_new_infinities_are_a_warning(store, draw, value):
    monitor = ml.Monitor("churn", reference=draw(3000, 0), store=store)
    rows = draw(2000, 1)
    rows.loc[:4, "income"] = value
    found = next(finding for finding in monitor.check(rows).findings if finding.kind == "quality.infinite")
    assert (found.column, found.severity, found.statistic) == ("income", "warning", 5)


def test_infinities_that_the_reference_had_are_none(store, draw):
    rows = draw(3000, 0)
    rows.loc[:4, "income"] = np.inf
    monitor = ml.Monitor("churn", reference=rows, store=store)
    assert "quality.infinite" not in kinds(monitor.check(rows))
