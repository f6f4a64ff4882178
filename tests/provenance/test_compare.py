"""Runs and model versions stand side by side, and what differs between them is what is said to."""

import numpy as np
import pandas as pd
import pytest

import mlops_lite as ml
from mlops_lite.errors import InvalidInputError, InvalidTypeError, NotFoundError
from mlops_lite.registry import Registry

linear_model = pytest.importorskip("sklearn.linear_model")

FACTOR = 1
EVIL = "<script>"


@ml.track_run(experiment="compare")
def train(depth, model="ridge"):
    for step in range(depth):
        ml.log(loss=FACTOR / (step + 1), step=step)
    ml.log(auc=0.9 + depth / 100)
    ml.workspace.uses("dataset/flights@" + str(depth))


@pytest.fixture
def runs(store):
    for _ in range(7):
        store.log("dataset", "flights").append({}, action="snapshot")
    train(3)
    train(6)
    train(6, model=EVIL)
    return ml.runs(order_by="started_at")


def test_parameters_metrics_and_data_stand_in_columns(runs):
    found = ml.compare(*runs)
    assert found.names == [run.ref for run in runs]
    assert found.params.loc["depth"].tolist() == [3, 6, 6]
    assert found.metrics.loc["auc"].tolist() == [0.93, 0.96, 0.96]
    assert found.data.loc["flights"].tolist() == [3, 6, 6]
    assert len(found.packages) == 0 and set(found.code.values()) == {""}
    frame = found.to_frame()
    assert frame["params.depth"].tolist() == [3, 6, 6] and frame.index.tolist() == found.names


def test_a_list_of_runs_an_id_and_a_ref_name_runs_too(runs):
    assert ml.compare(runs).names == ml.compare(runs[0].id, str(runs[1].ref), runs[2]).names
    assert ml.compare(runs[0], runs[0]).names == [runs[0].ref, f"{runs[0].ref} (2)"]


def test_curves_of_each_are_read_and_drawn(runs, monkeypatch):
    found = ml.compare(*runs)
    curves = found.curves("loss")
    assert [len(curve) for curve in curves.values()] == [3, 6, 6]
    assert len(found.plot("loss").axes[0].lines) == 3
    with pytest.raises(NotFoundError, match=r"None of these runs logged 'los'. Did you mean 'loss'\?"):
        found.curves("los")


def test_code_that_differs_is_shown_as_a_difference(runs, monkeypatch):
    monkeypatch.setitem(globals(), "FACTOR", 2)
    train(3)
    found = ml.compare(runs[0], train.last_run)
    (difference,) = found.code.values()
    assert "-FACTOR = 1\n+FACTOR = 2\n" in difference and difference.startswith(f"--- {runs[0].ref}")


def test_a_package_that_only_one_has_loaded_is_no_difference(runs):
    found = ml.compare(*runs)
    side = found._sides[1]
    side.__dict__["packages"] = {**side.packages, "another": "1.0"}
    assert len(found.packages) == 0


def test_packages_that_differ_are_named(runs):
    found = ml.compare(*runs)
    side = found._sides[1]
    side.__dict__["packages"] = {**side.packages, "numpy": "0.1", "python": "3.9"}
    assert found.packages.index.tolist() == ["python", "numpy"]
    assert found.packages.loc["numpy"].tolist() == [np.__version__, "0.1", np.__version__]


@pytest.fixture
def versions():
    dice = np.random.default_rng(0)
    X = pd.DataFrame(dice.normal(size=(400, 3)), columns=list("abc"))
    y = (X["a"] + dice.normal(size=400) > 0).astype(int)
    registry = Registry()
    for C in (1e-4, 1.0):

        @ml.track_run(name="fit")
        def fit(C):
            model = linear_model.LogisticRegression(C=C).fit(X[["b", "c"]] if C < 1 else X[["a", "b"]], y)
            registry.register("churn", model, metrics={"auc": C}, example=X[list(model.feature_names_in_)].head())

        fit(C)
    return X.assign(churned=y)


def test_models_are_evaluated_on_the_same_rows_with_intervals(versions):
    found = ml.compare("churn@1", "churn@2", on=versions, target="churned", metrics=["roc_auc", "accuracy"])
    assert found.names == ["churn@1", "churn@2"]
    worse, better = found.scores.loc["roc_auc"]
    assert worse.low <= worse.value <= worse.high and float(better) > float(worse)
    gain = found.differences.loc["roc_auc", "churn@2"]
    assert float(gain) == pytest.approx(float(better) - float(worse)) and gain.low > 0
    assert found.differences.columns.tolist() == ["churn@2"]
    assert found.metrics.loc["auc"].tolist() == [1e-4, 1.0] and found.params.loc["C"].tolist() == [1e-4, 1.0]
    assert found.to_frame()["scores.accuracy"].map(float).between(0, 1).all()


def test_a_run_is_evaluated_by_the_model_that_it_registered(versions):
    run = ml.runs(where="name == 'fit'")[0]
    found = ml.compare("churn@1", run, on=versions, target="churned")
    assert {"roc_auc", "accuracy"} <= set(found.scores.index)
    assert found.scores.columns.tolist() == ["churn@1", run.ref]


def test_regressors_are_judged_as_such():
    dice = np.random.default_rng(0)
    X = dice.normal(size=(100, 2))
    y = X @ [1.0, 2.0]
    for number in (10, 100):
        Registry().register(
            "price", linear_model.LinearRegression().fit(X[:number], y[:number] + dice.normal(size=number))
        )
    found = ml.compare("price@1", "price@2", on=(X, y))
    assert "mean_absolute_error" in found.scores.index or "root_mean_squared_error" in found.scores.index


def test_what_cannot_be_compared_is_refused_with_the_call_that_can(runs, store):
    with pytest.raises(InvalidInputError, match=r"nothing to compare it with.*churn@1"):
        ml.compare(runs[0])
    with pytest.raises(InvalidInputError, match=r"nothing to compare\."):
        ml.compare()
    with pytest.raises(InvalidTypeError, match=r"of the type int cannot be compared.*diff\(1, 2\)"):
        ml.compare(runs[0], 3)
    with pytest.raises(NotFoundError, match=r"There is no model 'churn'"):
        ml.compare(runs[0], "churn@1")
    with pytest.raises(InvalidInputError, match=r"registered no model that could be evaluated"):
        ml.compare(*runs, on=pd.DataFrame({"y": [1]}), target="y")
    with pytest.raises(InvalidInputError, match=r"Say on what"):
        ml.compare(*runs, metrics=["roc_auc"])


def test_a_metric_and_a_column_that_are_not_there_are_named(versions):
    with pytest.raises(NotFoundError, match=r"'roc_acu'. Did you mean 'roc_auc'"):
        ml.compare("churn@1", "churn@2", on=versions, target="churned", metrics=["roc_acu"])
    with pytest.raises(NotFoundError, match=r"no column 'churn'. Did you mean 'churned'"):
        ml.compare("churn@1", "churn@2", on=versions, target="churn")
    with pytest.raises(InvalidInputError, match=r"needs the truth"):
        ml.compare("churn@1", "churn@2", on=versions)


def test_data_are_compared_by_their_refs(runs, store):
    found = ml.compare(*runs)
    with pytest.raises(NotFoundError, match=r"No side was made from 'flight'. Did you mean 'flights'"):
        found.diff("flight")
    with pytest.raises(NotFoundError, match=r"There is no side 'other'"):
        found.diff("flights", "other")
    dataset = ml.Dataset("trips")
    old, new = (dataset.snapshot(pd.DataFrame({"id": [1, 2, 3], "v": [1, 2, last]}), key="id") for last in (3, 4))
    for snapshot in (old, new):
        with ml.start_run():
            ml.workspace.uses(snapshot)
    difference = ml.compare(*ml.runs(limit=2, order_by="started_at", where="name == 'block'")).diff("trips")
    assert len(difference.changed) == 1 and len(difference.added) == 0


def test_a_comparison_and_a_reproduction_can_be_looked_at(runs, versions):
    shown = [
        ml.compare(*runs),
        ml.compare("churn@1", "churn@2", on=versions, target="churned"),
        ml.compare("churn@1", runs[2]),
        ml.reproduce(runs[2]),
    ]
    for value in shown:
        page = value._repr_html_()
        assert EVIL not in page and len(page.encode()) <= 9_000
        assert str(value).count("\n") > 2 and repr(value).startswith("<")
    assert "roc_auc" in str(shown[1]) and "depth" in str(shown[0])
    compared, alike = str(shown[1]).split("The same for all")
    assert "How much each scores more than churn@1" in compared and "scores more" not in alike
    assert "identical" in str(shown[3]) and "Nothing differs" in str(shown[3])
