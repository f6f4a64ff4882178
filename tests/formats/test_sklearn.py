"""Estimators of scikit-learn open without code of their own, predict the same, and go on learning."""

import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.cluster import Birch, KMeans, MiniBatchKMeans
from sklearn.decomposition import PCA, LatentDirichletAllocation
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, SGDClassifier
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

from mlops_lite import formats
from tests.formats.generate_names import head_of, pipelines
from tests.formats.test_formats import put

RNG = np.random.default_rng(0)
X = np.abs(RNG.normal(size=(200, 30)))
Y = (X[:, 0] > np.median(X[:, 0])).astype(int)


PREDICTORS = [
    RandomForestClassifier(20),
    GradientBoostingClassifier(n_estimators=5),
    HistGradientBoostingClassifier(max_iter=5),
    LogisticRegression(),
    SVC(),
    KNeighborsClassifier(),
    KMeans(3),
    MLPClassifier((8,)),
    GaussianNB(),
    SGDClassifier(loss="log_loss"),
]


@pytest.mark.parametrize("estimator", PREDICTORS, ids=lambda one: type(one).__name__)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_it_predicts_the_same_at_known(estimator, store):
    fitted = estimator.fit(X, Y)
    stored = put(store, fitted)
    assert (stored.format, stored.level, stored.reason) == ("sklearn", "known", "")
    for how in ({}, {"readonly": True}, {"copy": True}):
        assert np.array_equal(formats.load(stored, store, trusted="known", **how).predict(X), fitted.predict(X))


def test_pipelines_of_many_parts_open_at_known(store):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for value in pipelines(X[:60, :4], Y[:60]):
            stored = put(store, value)
            assert stored.level == "known", (value, stored.reason)
            formats.load(stored, store, trusted="known")


@pytest.mark.parametrize(
    "estimator",
    [GaussianNB(), MultinomialNB(), MLPClassifier((8,)), MiniBatchKMeans(3), Birch(n_clusters=2),
     LatentDirichletAllocation(3)],
    ids=lambda one: type(one).__name__,
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_it_goes_on_learning_after_it_was_opened(estimator, store):
    """Arrays can be written to; with read-only ones all of these fail."""
    big = np.tile(X, (1, 40))  # so that the arrays lie outside the pickle
    classifies = hasattr(estimator, "predict_proba")
    fitted = estimator.partial_fit(big, Y, classes=[0, 1]) if classifies else estimator.partial_fit(big)
    stored = put(store, fitted)
    found = formats.load(stored, store, trusted="known")
    found.partial_fit(big, Y) if classifies else found.partial_fit(big)
    formats.load(stored, store, trusted="known", verify="always")


@pytest.mark.parametrize("estimator", [Lasso(warm_start=True), ElasticNet(warm_start=True)], ids=repr)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_warm_start_starts_warm(estimator, store):
    big = np.tile(X, (1, 40))
    found = formats.load(put(store, estimator.fit(big, Y)), store, trusted="known")
    found.fit(big, Y)


def test_a_vocabulary_of_texts_stays(store):
    fitted = TfidfVectorizer().fit(["one two", "two three"])
    found = formats.load(put(store, fitted), store, trusted="known")
    assert found.transform(["three two"]).toarray().tolist() == fitted.transform(["three two"]).toarray().tolist()


def test_fortran_order_stays(store):
    fitted = PCA(5).fit(np.tile(X, (1, 100)))
    fitted.components_ = np.asfortranarray(fitted.components_)
    found = formats.load(put(store, fitted), store, trusted="known")
    assert found.components_.flags.f_contiguous
    assert np.array_equal(found.components_, fitted.components_)


def test_an_estimator_with_a_function_of_one_s_own_needs_code(store):
    from sklearn.preprocessing import FunctionTransformer

    stored = put(store, FunctionTransformer(lambda values: values + 1))
    assert stored.level == "code"
    assert "by value" in stored.reason


def test_arrays_of_a_kilobyte_or_two_stand_in_the_pickle_and_larger_ones_do_not():
    small, large = head_of({"x": np.zeros(500), "y": slice(1)}), head_of({"x": np.zeros(600), "y": slice(1)})
    assert len(small) > 4000
    assert len(large) < 300
