"""Rows are compared exactly on request."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import mlops_lite as ml
from mlops_lite.errors import InvalidInputError


def test_exact_distance(store):
    dice = np.random.default_rng(0)
    before = pd.DataFrame({"x": dice.normal(size=20_000), "n": dice.poisson(5, 20_000)})
    now = pd.DataFrame({"x": np.append(dice.normal(0.02, 1, 4999), np.nan), "n": dice.poisson(5, 5000)})
    monitor = ml.Monitor("m", reference=ml.Dataset("d", store=store).snapshot(before), checks=["ks"], store=store)
    report = monitor.check(now, exact=True)
    for name in ("x", "n"):
        expected = stats.ks_2samp(before[name], now[name].dropna(), method="asymp").statistic
        assert report[name].leading.statistic == pytest.approx(expected, abs=1e-12)


def test_exact_needs_rows(store):
    monitor = ml.Monitor("m", reference={"x": np.arange(100.0)}, checks=["ks"], store=store)
    with pytest.raises(InvalidInputError, match="only its profile was kept"):
        monitor.check({"x": np.arange(10.0)}, exact=True)
