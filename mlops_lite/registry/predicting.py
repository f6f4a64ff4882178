"""Predictions of models of every library, in one shape."""

from __future__ import annotations

import sys
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from mlops_lite.errors import InvalidTypeError

__all__ = ["Predicted", "predict"]


@attrs.frozen(eq=False)
class Predicted:
    """What a model gave.

    Parameters
    ----------
    prediction : ndarray of shape (n,) or (n, outputs)
        Classes or values.
    score : ndarray of shape (n,) or (n, classes), optional
        Probabilities: of the second class where there are two, else one column a class.
    classes : ndarray, optional
        The classes, in the order of the columns of probabilities.
    """

    prediction: NDArray[Any]
    score: NDArray[Any] | None = None
    classes: NDArray[Any] | None = None


def predict(model: Any, X: Any) -> Predicted:
    """Ask a model for predictions.

    Parameters
    ----------
    model : object
        With ``predict`` and, where it has probabilities, ``predict_proba`` (scikit-learn and what follows it, xgboost,
        lightgbm, deployments), a module of PyTorch, or any callable.
    X : table or array
        As the model takes it.

    Returns
    -------
    Predicted

    Raises
    ------
    InvalidTypeError
        The model has no ``predict`` and cannot be called.

    Examples
    --------
    >>> predict(lambda X: X.sum(axis=1), np.ones((2, 3))).prediction
    array([3., 3.])
    """
    if _is_module(model):
        return Predicted(_run_module(model, X))
    if not callable(getattr(model, "predict", None)):
        if not callable(model):
            raise InvalidTypeError(
                f"A {type(model).__name__} has no predict() and cannot be called.",
                remedy="Register what makes the predictions: a pipeline, a function, an object with predict().",
            )
        return Predicted(_array(model(X)))
    if type(model).__module__.partition(".")[0] == "xgboost" and type(model).__name__ == "Booster":
        return Predicted(_array(model.predict(sys.modules["xgboost"].DMatrix(X))))
    prediction = _array(model.predict(X))
    if not callable(getattr(model, "predict_proba", None)):
        return Predicted(prediction)
    return Predicted(prediction, _score(_array(model.predict_proba(X))), _classes(model))


def _score(probabilities: NDArray[Any]) -> NDArray[Any]:
    return probabilities[:, 1] if probabilities.ndim == 2 and probabilities.shape[1] == 2 else probabilities


def _classes(model: Any) -> NDArray[Any] | None:
    found = getattr(model, "classes_", None)
    return None if found is None else np.asarray(found)


def _array(value: Any) -> NDArray[Any]:
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    return np.asarray(value)


def _is_module(model: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def _run_module(model: Any, X: Any) -> NDArray[Any]:
    """Run a module as it serves: evaluating, without gradients; afterwards it is in the mode in which it was."""
    torch = sys.modules["torch"]
    inputs = X if isinstance(X, torch.Tensor) else torch.as_tensor(np.array(X))
    floating = next((each.dtype for each in model.parameters() if each.is_floating_point()), None)
    if floating is not None and inputs.is_floating_point():
        inputs = inputs.to(floating)
    training = model.training
    try:
        with torch.no_grad():
            return _array(model.eval()(inputs))
    finally:
        model.train(training)
