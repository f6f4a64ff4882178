"""Runs can be looked at: in a notebook, in a terminal, as curves with and without matplotlib."""

import importlib.util
import re

import numpy as np
import pandas as pd
import pytest

import mlops_lite as ml
from mlops_lite.tracking.plot import Curves

EVIL = "<script>alert(1)</script>"


@ml.track_run(experiment="churn", seed=0, tags={"team": EVIL})
def train(data, depth=6, rate=0.1):
    for step in range(50):
        ml.log(loss=1 / (step + 1), auc=step / 50)
    ml.log_artifact(EVIL, b"abc")
    ml.workspace.made("model/churn@1")
    if depth == 7:
        raise ValueError(EVIL)


@pytest.fixture
def runs():
    for depth in (3, 6, 9):
        train(pd.DataFrame({"a": [1, 2]}), depth=depth)
    with pytest.raises(ValueError, match="script"):
        train(EVIL, depth=7)
    return ml.runs()


def test_a_run_shows_how_it_stands_and_what_went_in_and_out(runs):
    run = runs[0].note(EVIL)
    for drawn in (str(run), run._repr_html_()):
        assert run.ref in drawn and "failed" in drawn and "ValueError" in drawn
        for word in ("depth", "loss", "auc", "model/churn@1", "def train", "packages", "churn", "seed"):
            assert word in drawn, word
    assert run._repr_html_().count("<svg") == 2  # a curve for each metric
    assert repr(run) == f"<Run {run.id} train failed>"


def test_a_list_shows_what_varies(runs):
    for drawn in (str(runs), runs._repr_html_()):
        assert "4 runs of train" in drawn and "depth" in drawn and "rate" not in drawn
    assert all(run.id in runs._repr_html_() for run in runs)
    assert str(ml.runs(where="depth == 100")).splitlines()[2] == "0 runs"


def test_nothing_of_the_user_reaches_the_page_unescaped_and_no_view_is_large(runs):
    for value in (runs, *runs):
        page = value._repr_html_()
        assert "<script" not in page and EVIL not in page
        assert len(page.encode()) <= 8_000


def test_an_open_run_and_one_without_anything_can_be_looked_at():
    with ml.start_run() as run:
        assert "running" in str(run) and "running" in run._repr_html_()
    assert "finished" in str(ml.get(run.ref))


def test_a_long_list_and_a_wide_run_are_cut_and_say_so():
    with ml.start_run() as run:
        ml.log_params({f"p{number}": "x" * 500 for number in range(100)})
        ml.log({f"m{number}": number for number in range(100)})
    for _ in range(20):
        with ml.start_run():
            pass
    assert "21 runs of block, the first 12" in str(ml.runs())
    assert len(run._repr_html_().encode()) <= 8_000 and "88 more" in str(run)


def test_curves_are_drawn_with_matplotlib_where_it_is(runs):
    pytest.importorskip("matplotlib")
    figure = runs[1].plot("loss", "auc")
    assert [line.get_label() for line in figure.axes[0].lines] == ["loss", "auc"]
    assert figure.axes[0].lines[0].get_ydata().tolist() == runs[1].history("loss").value.tolist()
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_curves_are_drawn_without_it_too(runs, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "matplotlib" else real(name))
    drawn = runs[1].plot()
    assert isinstance(drawn, Curves)
    assert re.search(r"<svg.*</svg>", drawn._repr_html_()) and "loss" in str(drawn)


def test_curves_of_any_length_and_value_are_drawn():
    names = [f"curve {number}" for number in range(7)]
    with ml.start_run() as run:
        for name in names:
            ml.log({name: np.append(np.random.default_rng(0).normal(size=10_000), [np.nan, np.inf])})
    page = Curves({name: run.history(name) for name in names}, "Seven")._repr_html_()
    assert page.count("<svg") == 3 and all(name in page for name in names)
