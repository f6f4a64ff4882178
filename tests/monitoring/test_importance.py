"""Importances are those of the model, where none are told; findings are ranked by them."""

import numpy as np
import pandas as pd
import pytest

import mlops_lite as ml
from mlops_lite.errors import NotFoundError


def rows(count, seed, shift=0.0):
    dice = np.random.default_rng(seed)
    frame = pd.DataFrame({name: dice.normal(shift, 1, count) for name in ("strong", "weak", "none")})
    frame["wide"] = 1000 * frame["weak"]
    chance = 1 / (1 + np.exp(-3 * frame["strong"] - frame["weak"]))
    frame["y"] = (dice.random(count) < chance).astype(int)
    frame["p"] = chance
    return frame


class Linear:
    """A linear model, fitted or made up."""

    feature_names_in_ = ("strong", "weak", "none")
    coef_ = np.array([[3.0, -1.0, 0.0]])


class Forest:
    """A model that says of itself what matters."""

    feature_names_in_ = ("strong", "weak", "none")
    feature_importances_ = np.array([0.7, 0.3, 0.0])


class Silent:
    """A model that says nothing of itself."""

    classes_ = (0, 1)

    def predict_proba(self, X):
        p = 1 / (1 + np.exp(-3 * X["strong"].to_numpy() - X["weak"].to_numpy()))
        return np.column_stack((1 - p, p))


class Regression:
    """A model that says nothing of itself, of values."""

    def predict(self, X):
        return 3 * X["strong"].to_numpy() + X["weak"].to_numpy()


class Broken:
    """A model that cannot be asked."""

    def predict(self, X):
        raise ValueError("no")


def importances(store, made, **settings):
    example = rows(5, 9)[["strong", "weak", "none"]]
    ml.Registry(store=store).register("m", made, example=example)
    watch = {"target": "y", "score": "p", "model": "m@1"} | settings
    return ml.Monitor("m", reference=rows(3000, 0), store=store, **watch)


@pytest.mark.parametrize("model", [Linear(), Forest(), Silent()])
def test_the_order_is_that_of_the_model(store, model):
    found = importances(store, model).definition.of_model
    assert found["strong"] > 2 * found["weak"] > found["none"]
    assert found["none"] == pytest.approx(0, abs=1e-9)


def test_of_a_regression(store):
    frame = rows(3000, 0)
    frame["y"] = frame["p"] = 3 * frame["strong"] + frame["weak"]
    ml.Registry(store=store).register("r", Regression(), example=frame[["strong", "weak", "none"]].head())
    settings = {"target": "y", "prediction": "p", "model": "r@1", "task": "regression"}
    found = ml.Monitor("r", reference=frame, store=store, **settings).definition.of_model
    assert found["strong"] > 2 * found["weak"] > found["none"] == 0


def test_coefficients_are_counted_in_standard_deviations(store):
    class Wide:
        feature_names_in_ = ("strong", "wide")
        coef_ = np.array([1.0, 0.001])

    found = importances(store, Wide()).definition.of_model
    assert found["wide"] == pytest.approx(found["strong"], rel=0.1)


def test_findings_are_ranked_by_it(store):
    report = importances(store, Forest()).check(rows(3000, 1, shift=1.0))
    order = [f.column for f in report.findings if f.kind == "drift.distribution"]
    assert order.index("strong") < order.index("weak") < order.index("none")
    assert order.index("p") < order.index("none")


def test_what_is_told_counts_more(store):
    monitor = importances(store, Forest(), importance={"none": 1.0})
    assert monitor.definition.of_model == {}
    order = [f.column for f in monitor.check(rows(3000, 1, shift=1.0)).findings if f.kind == "drift.distribution"]
    assert order.index("none") < order.index("strong")


def test_a_model_that_cannot_be_asked_does_no_harm(store, caplog):
    with caplog.at_level("INFO", "mlops_lite.monitoring"):
        assert importances(store, Broken()).definition.of_model == {}
    assert "ValueError: no" in caplog.text


@pytest.mark.parametrize("model", ["nothing@1", "m@7", "m@champion", "deployment/nowhere"])
def test_a_model_that_is_not_there_is_refused(store, model):
    with pytest.raises(NotFoundError):
        importances(store, Forest(), model=model)
    assert store.log("monitor", "m").newest() is None
