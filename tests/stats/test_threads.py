"""Columns side by side on threads."""

import numpy as np
import pytest

from mlops_lite.stats import threads as module
from mlops_lite.stats.profile import profile
from mlops_lite.stats.threads import Threads

BLOCK = {"a": np.zeros(3), "b": np.array(["x", "y", "x"]), "c": np.zeros(3), "d": np.array(["x", "y", "z"])}


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("rows", [0, module._LEVELS, module._NUMBERS])
def test_each_column_once_and_in_order(count, rows):
    seen = []
    with Threads(count) as threads:
        assert threads.map(lambda name: seen.append(name) or name.upper(), BLOCK, rows) == ["A", "B", "C", "D"]
    assert sorted(seen) == list(BLOCK)


@pytest.mark.parametrize("bad", ["a", "d"])
@pytest.mark.parametrize("error", [ValueError, IndexError])
def test_what_goes_wrong_is_raised(bad, error):
    def fail(name):
        if name == bad:
            raise error(name)

    with Threads(2) as threads, pytest.raises(error, match=bad):
        threads.map(fail, BLOCK, module._NUMBERS)


def test_no_column():
    with Threads(2) as threads:
        assert threads.map(str, {}, module._NUMBERS) == []


def test_a_profile_on_threads_is_the_one_without(monkeypatch):
    dice = np.random.default_rng(0)
    rows = {f"n{i}": dice.normal(size=5_000) for i in range(6)} | {"c": dice.integers(0, 9, 5_000).astype(str)}
    rows["n1"][::7], rows["n2"][::5], rows["n3"][3] = np.nan, np.inf, -np.inf
    alone = profile(rows, threads=1)
    monkeypatch.setattr(module, "_NUMBERS", 100)
    assert profile(rows, alone.frame, threads=3).encode() == alone.encode()
    finite = rows["n2"][np.isfinite(rows["n2"])]
    assert alone["n2"].maximum == finite.max() and alone["n2"].mean == pytest.approx(finite.mean())
    assert alone["n1"].mean == pytest.approx(np.nanmean(rows["n1"]))
