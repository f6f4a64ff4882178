"""Declared rules are absolute."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import mlops_lite as ml
from mlops_lite.errors import InvalidInputError, NotFoundError
from mlops_lite.monitoring.rules import rule_of

ROWS = pd.DataFrame(
    {
        "age": np.arange(100.0),
        "city": ["Oslo", "Rome"] * 50,
        "key": np.arange(100),
        "seen": pd.date_range("2026-11-01", periods=100, freq="h"),
    }
)
AT = "2026-11-06"
BROKEN = {
    "between": ({"age": ml.rules.between(0, 50)}, ROWS, "at least 49 of the rows"),
    "between text": ({"age": ml.rules.between(0, 50)}, ROWS.assign(age="x"), "not numbers"),
    "missing": ({"age": ml.rules.not_missing()}, ROWS.assign(age=[None] + [1.0] * 99), "1.00%"),
    "missing share": ({"age": ml.rules.missing(at_most=0.5)}, ROWS.assign(age=np.nan), "100.00%"),
    "one of": ({"city": ml.rules.one_of(["Oslo"])}, ROWS, "'Rome' in 50 rows"),
    "few rows": ({"*": ml.rules.rows(at_least=1000)}, ROWS, "at least 1,000"),
    "many rows": ({"*": ml.rules.rows(at_most=10)}, ROWS, "at most 10"),
    "fresh": ({"seen": ml.rules.fresh(dt.timedelta(hours=1))}, ROWS, "before the check"),
    "fresh text": ({"city": ml.rules.fresh(60)}, ROWS, "not times"),
    "unique": ({"key": ml.rules.unique()}, ROWS.assign(key=1), "99 values that occur before"),
    "no duplicates": ({"*": ml.rules.no_duplicates()}, pd.concat([ROWS, ROWS]), "100 rows that occur before"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_rules(case, store):
    rules, rows, words = BROKEN[case]
    monitor = ml.Monitor("rules", reference=ROWS, rules=rules, store=store)
    report = monitor.check(rows, at=AT)
    found = [finding for finding in report.findings if finding.kind.startswith("rule.")]
    assert len(found) == 1
    assert words in found[0].sentence
    assert not report.ok


KEPT = {
    "age": [ml.rules.between(0, 99), ml.rules.not_missing()],
    "city": ml.rules.one_of(["Oslo", "Rome"]),
    "key": ml.rules.unique(),
    "seen": ml.rules.fresh(dt.timedelta(days=2)),
    "*": [ml.rules.rows(at_least=100, at_most=100), ml.rules.no_duplicates()],
}


def test_kept_rules(store):
    report = ml.Monitor("rules", reference=ROWS, rules=KEPT, store=store).check(ROWS, at=AT)
    assert report.ok
    assert not any(finding.kind.startswith("rule.") for finding in report.measurements)


def test_rules_are_read_back():
    for several in KEPT.values():
        for rule in several if isinstance(several, list) else [several]:
            assert rule_of(rule.describe()) == rule


def test_severity(store):
    rules = {"age": ml.rules.between(0, 5, severity="warning")}
    report = ml.Monitor("rules", reference=ROWS, rules=rules, store=store).check(ROWS)
    assert report.ok
    assert report.findings[0].severity == "warning"


def test_rules_that_are_none(store):
    with pytest.raises(InvalidInputError, match="Nothing lies between"):
        ml.rules.between(5, 1)
    with pytest.raises(InvalidInputError, match="no share"):
        ml.rules.missing(at_most=5)
    with pytest.raises(InvalidInputError, match="is none"):
        ml.Monitor("rules", reference=ROWS, rules={"age": "positive"}, store=store)
    with pytest.raises(NotFoundError, match="no column 'agee'"):
        ml.Monitor("rules", reference=ROWS, rules={"agee": ml.rules.unique()}, store=store)
    with pytest.raises(NotFoundError, match="no rule"):
        rule_of({"rule": "betwen"})
