"""What needs a learner: the only file that imports scikit-learn (extra ``learn``)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlops_lite.errors import MissingLibraryError

__all__ = ["expected_losses", "told_apart"]

_FOLDS = 5


def _boosting() -> Any:
    try:
        from sklearn import ensemble
    except ImportError as error:
        raise MissingLibraryError(
            "This needs scikit-learn, which is not installed.", remedy='pip install "mlops_lite[learn]"'
        ) from error
    return ensemble


def told_apart(reference: NDArray[Any], current: NDArray[Any], seed: int = 0) -> tuple[float, float]:
    """Let a classifier tell two samples apart (Lopez-Paz and Oquab, 2017).

    Gradient-boosted trees are fitted on half of the rows of both and asked about the other half. (To let every row be
    asked about, in turns, would make the answers hang together, and the p-value wrong.)

    Returns
    -------
    auc : float
        How well it does on rows that it has not seen; about 0.5 without a change.
    p_value : float
        Of one side, from the normal law of the rank sum (Mann and Whitney, 1947).
    """
    from scipy.special import ndtr

    from mlops_lite.stats.classification import roc_auc

    ensemble = _boosting()
    X = np.concatenate((reference, current)).astype(np.float64)
    y = np.repeat([0, 1], [len(reference), len(current)])
    asked = np.random.default_rng(seed).permutation(len(y)) % 2 == 1
    n, m = int((y[asked] == 0).sum()), int(y[asked].sum())
    if not n or not m or len(np.unique(y[~asked])) < 2:
        return 0.5, 1.0
    learner = ensemble.HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=15, random_state=seed)
    auc = roc_auc(y[asked], learner.fit(X[~asked], y[~asked]).predict_proba(X[asked])[:, 1])
    return auc, float(ndtr(-(auc - 0.5) * np.sqrt(12 * n * m / (n + m + 1))))


def expected_losses(
    features: NDArray[Any], losses: NDArray[Any], current: NDArray[Any], seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Predict the losses of rows from those of the reference.

    Parameters
    ----------
    features : ndarray of shape (n, d)
        Of the reference, with what the model predicted as one of them.
    losses : ndarray of shape (n,)
    current : ndarray of shape (m, d)

    Returns
    -------
    expected : ndarray of shape (m,)
    residuals : ndarray of shape (n,)
        Of the losses of the reference, each predicted without its own row.
    variances : ndarray of shape (m,)
        How far the loss of each row is likely to lie from what is expected, squared: rows may have moved to where
        losses scatter more.
    """
    ensemble = _boosting()

    def fitted(rows: NDArray[np.bool_]) -> Any:
        learner = ensemble.HistGradientBoostingRegressor(max_iter=100, max_leaf_nodes=31, random_state=seed)
        return learner.fit(features[rows], losses[rows])

    fold = np.random.default_rng(seed).permutation(len(losses)) % _FOLDS
    residuals = np.zeros(len(losses))
    for part in range(_FOLDS):
        held = fold == part
        residuals[held] = losses[held] - fitted(~held).predict(features[held])
    expected = fitted(np.ones(len(losses), dtype=bool)).predict(current)
    spread = ensemble.HistGradientBoostingRegressor(max_iter=40, max_leaf_nodes=15, random_state=seed)
    variances = spread.fit(features, residuals**2).predict(current)
    return np.maximum(expected, 0.0), residuals, np.maximum(variances, 0.0)
