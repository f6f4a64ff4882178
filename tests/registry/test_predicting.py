"""Predictions in one shape, whatever the library."""

import numpy as np
import pytest

from mlops_lite.errors import InvalidTypeError
from mlops_lite.registry.predicting import predict

X = np.random.default_rng(0).normal(size=(30, 3))
Y = np.array(["no", "yes"] * 15)


def test_a_classifier_of_two_classes_gives_the_probability_of_the_second():
    linear = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
    model = linear.LogisticRegression().fit(X, Y)
    found = predict(model, X)
    assert found.prediction.tolist() == model.predict(X).tolist()
    assert np.array_equal(found.score, model.predict_proba(X)[:, 1])
    assert found.classes.tolist() == ["no", "yes"]


def test_one_of_three_gives_a_column_a_class():
    linear = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
    assert predict(linear.LogisticRegression().fit(X, np.arange(30) % 3), X).score.shape == (30, 3)


def test_a_regressor_and_a_function_give_values():
    linear = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
    found = predict(linear.LinearRegression().fit(X, X[:, 0]), X)
    assert found.score is None
    assert predict(lambda values: values[:, 0], X).prediction.tolist() == X[:, 0].tolist()


def test_a_module_runs_without_gradients_and_stays_in_its_mode():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Dropout(0.9))
    first = predict(net, X).prediction
    assert first.shape == (30, 2)
    assert np.array_equal(first, predict(net, X).prediction)
    assert net.training


def test_a_booster_takes_arrays():
    xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")
    booster = xgboost.train({}, xgboost.DMatrix(X, np.arange(30) % 2), 2)
    assert predict(booster, X).prediction.shape == (30,)


def test_what_cannot_predict_says_so():
    with pytest.raises(InvalidTypeError, match=r"has no predict\(\) and cannot be called"):
        predict({"w": 1}, X)
