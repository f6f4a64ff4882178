"""Every metric gives what scikit-learn gives."""

import numpy as np
import pytest
import sklearn.metrics as theirs
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_lite.errors import InvalidInputError, NotFoundError
from mlops_lite.stats import metrics, ranking

SEEDS = st.integers(0, 2**32 - 1)


def binary(seed, rows=60):
    dice = np.random.default_rng(seed)
    y = dice.integers(0, 2, rows)
    y[:2] = [0, 1]
    score = np.round(np.clip(dice.normal(0.4 + 0.2 * y, 0.25), 0, 1), int(dice.integers(1, 6)))
    return y, score, dice.integers(1, 5, rows).astype(float)


CLASSIFICATION = {
    "accuracy": theirs.accuracy_score,
    "balanced_accuracy": theirs.balanced_accuracy_score,
    "precision": lambda y, p, sample_weight: theirs.precision_score(y, p, sample_weight=sample_weight, zero_division=0),
    "recall": theirs.recall_score,
    "f1": theirs.f1_score,
}


@pytest.mark.parametrize("name", CLASSIFICATION)
@settings(max_examples=30, deadline=None)
@given(seed=SEEDS)
def test_predictions_of_two_classes(name, seed):
    y, score, weights = binary(seed)
    p = (score > 0.5).astype(int)
    assert metrics.get(name)(y, p) == pytest.approx(CLASSIFICATION[name](y, p, sample_weight=None), abs=1e-12)
    assert metrics.get(name)(y, p, weights) == pytest.approx(
        CLASSIFICATION[name](y, p, sample_weight=weights), abs=1e-12
    )


SCORES = {
    "roc_auc": theirs.roc_auc_score,
    "average_precision": theirs.average_precision_score,
    "log_loss": theirs.log_loss,
    "brier_score": theirs.brier_score_loss,
}


@pytest.mark.parametrize("name", SCORES)
@settings(max_examples=30, deadline=None)
@given(seed=SEEDS)
def test_scores_of_two_classes(name, seed):
    y, score, weights = binary(seed)
    assert metrics.get(name)(y, score) == pytest.approx(SCORES[name](y, score), abs=1e-12)
    assert metrics.get(name)(y, score, weights) == pytest.approx(
        SCORES[name](y, score, sample_weight=weights), abs=1e-12
    )


@pytest.mark.parametrize("average", ["macro", "weighted"])
@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_averages_over_classes(name, average, seed):
    dice = np.random.default_rng(seed)
    y, p, weights = dice.integers(0, 4, 50), dice.integers(0, 4, 50), dice.integers(1, 4, 50).astype(float)
    expected = getattr(theirs, f"{name}_score")(y, p, average=average, sample_weight=weights, zero_division=0)
    assert metrics.get(f"{name}_{average}")(y, p, weights) == pytest.approx(expected, abs=1e-12)
    if average == "macro":
        assert metrics.get(name)(y, p, weights) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_scores_of_three_classes(seed):
    dice = np.random.default_rng(seed)
    y = np.concatenate(([0, 1, 2], dice.integers(0, 3, 60)))
    p = dice.dirichlet([1, 1, 1], len(y))
    found = metrics.evaluate(["roc_auc", "log_loss", "average_precision", "brier_score"], y, score=p)
    assert found["roc_auc"] == pytest.approx(theirs.roc_auc_score(y, p, multi_class="ovr"), abs=1e-12)
    assert found["log_loss"] == pytest.approx(theirs.log_loss(y, p), abs=1e-12)
    assert found["average_precision"] == pytest.approx(theirs.average_precision_score(y, p), abs=1e-12)
    assert found["brier_score"] == pytest.approx(theirs.brier_score_loss(y, p, scale_by_half=False), abs=1e-12)


REGRESSION = {
    "mae": theirs.mean_absolute_error,
    "mse": theirs.mean_squared_error,
    "rmse": theirs.root_mean_squared_error,
    "mape": theirs.mean_absolute_percentage_error,
    "pinball": theirs.mean_pinball_loss,
    "median_absolute_error": theirs.median_absolute_error,
    "r2": theirs.r2_score,
}


@pytest.mark.parametrize("name", REGRESSION)
@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_regression(name, seed):
    dice = np.random.default_rng(seed)
    y = dice.normal(0, 10, 40)
    y[0] = 0
    p = y + dice.normal(1, 2, 40)
    assert metrics.get(name)(y, p) == pytest.approx(REGRESSION[name](y, p), rel=1e-12)
    weights = dice.integers(1, 4, 40)
    if name != "median_absolute_error":  # theirs is a weighted percentile, which is no median of repeated rows
        assert metrics.get(name)(y, p, weights) == pytest.approx(
            REGRESSION[name](y, p, sample_weight=weights), rel=1e-12
        )


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS)
def test_rankings(seed):
    dice = np.random.default_rng(seed)
    y = dice.integers(0, 4, (6, 8))
    y[:, 0] = 1
    p = np.round(dice.random((6, 8)), int(dice.integers(1, 5)))
    assert metrics.get("ndcg")(y, p) == pytest.approx(theirs.ndcg_score(y, p), abs=1e-12)
    relevant = (y > 1).astype(int)
    expected = theirs.label_ranking_average_precision_score(relevant, p)
    assert metrics.get("map")(relevant, p) == pytest.approx(expected, abs=1e-12)


def test_ragged_queries_equal_those_computed_one_by_one():
    query, y, p = np.array([1, 1, 2, 2, 2]), np.array([0, 1, 1, 0, 2]), np.array([0.2, 0.1, 0.5, 0.7, 0.9])
    whole = metrics.get("ndcg")(*ranking.by_query(query, y, p))
    parts = [theirs.ndcg_score([y[query == q]], [p[query == q]]) for q in (1, 2)]
    assert whole == pytest.approx(np.mean(parts), abs=1e-12)


def test_first_relevant_item():
    assert metrics.get("mrr")(np.array([[0, 1, 1], [0, 0, 0]]), np.array([[3, 2, 1], [1, 2, 3]])) == 0.25


def test_calibration_error_by_hand():
    y, p = np.array([0, 1, 1, 1]), np.array([0.05, 0.05, 0.95, 0.95])
    assert metrics.get("calibration_error")(y, p) == pytest.approx((2 * 0.45 + 2 * 0.05) / 4)


def test_classes_of_any_kind():
    y = np.array(["no", "yes", "yes"], dtype=object)
    found = metrics.evaluate(["accuracy", "f1", "roc_auc"], y, prediction=["no", "yes", "no"], score=[0.1, 0.9, 0.4])
    assert found == {"accuracy": pytest.approx(2 / 3), "f1": pytest.approx(2 / 3), "roc_auc": 1.0}


def test_two_columns_mean_the_second_class():
    y, p = [0, 1, 1, 0], np.array([0.1, 0.9, 0.4, 0.2])
    two = np.column_stack((1 - p, p))
    assert metrics.evaluate(["log_loss"], y, score=two) == metrics.evaluate(["log_loss"], y, score=p)


def test_one_class_has_no_auc():
    assert np.isnan(metrics.evaluate(["roc_auc"], [1, 1], score=[0.5, 0.6])["roc_auc"])


@pytest.mark.parametrize("name", metrics.names())
def test_nothing_gives_no_number(name):
    metric = metrics.get(name)
    empty = np.zeros((0, 3)) if metric.task == "ranking" else np.zeros(0, dtype=int)
    assert np.isnan(metric(empty, empty))


def test_unknown_metric_names_the_nearest():
    with pytest.raises(NotFoundError, match="Did you mean 'roc_auc'"):
        metrics.get("roc_auk")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y": [0, 1], "score": [0.5, 1.5]}, r"outside \[0, 1\]"),
        ({"y": [0, 1], "score": [0.5, np.nan]}, r"or NaN"),
        ({"y": [0, 1], "score": [0.5]}, "2 rows"),
        ({"y": [0, 1], "score": ["a", "b"]}, "not numeric"),
        ({"y": [0, 1, 2], "score": [0.1, 0.2, 0.3]}, "one column"),
        ({"y": ["a", "z"], "score": [0.1, 0.2], "classes": ["a", "b"]}, "'z', which is no class"),
        ({"y": [0, 1], "score": None}, "needs a score"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        metrics.evaluate(["roc_auc"], **arguments)
