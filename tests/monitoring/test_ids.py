"""Ids that repeat."""

import pandas as pd

import mlops_lite as ml


def kinds(report):
    return {finding.kind: finding.severity for finding in report.findings}


def test_ids_that_repeat_are_a_warning(store, draw, watch):
    monitor = ml.Monitor("churn", reference=draw(3000, 0), store=store, **watch)
    assert "quality.duplicates" not in kinds(monitor.check(draw(1000, 1)))
    rows = draw(1000, 2)
    report = monitor.check(pd.concat([rows, rows.iloc[:20]]))
    found = next(finding for finding in report.findings if finding.kind == "quality.duplicates")
    assert (found.column, found.severity, found.statistic) == ("id", "warning", 20)


def test_ids_that_repeat_in_the_reference_too_are_none(store, draw, watch):
    rows = draw(1000, 0)
    monitor = ml.Monitor("churn", reference=pd.concat([rows, rows]), store=store, **watch)
    assert "quality.duplicates" not in kinds(monitor.check(pd.concat([rows, rows])))
