"""How much the columns matter to a model: as it says itself, else by what it loses without them."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlops_lite import frames, workspace
from mlops_lite.base.ref import Ref
from mlops_lite.monitoring.definition import Definition
from mlops_lite.stats import metrics
from mlops_lite.stats.profile import Profile
from mlops_lite.store import Store

__all__ = ["importances"]

_ROWS = 1000  # by which a model without importances of its own is tried
_logger = logging.getLogger("mlops_lite.monitoring")

Floats = NDArray[np.float64]


def importances(definition: Definition, data: Any, profile: Profile, store: Store) -> dict[str, float]:
    """Find how much each column matters to the monitored model.

    In this order: ``feature_importances_``; ``coef_``, in standard deviations of the reference; how much the leading
    metric loses when one column is shuffled among the labelled rows of the reference (Breiman, 2001; Fisher, Rudin and
    Dominici, 2019).

    Parameters
    ----------
    definition : Definition
    data : table or snapshot
        The reference.
    profile : Profile
        Of it.
    store : Store

    Returns
    -------
    dict of str to float
        Empty where importances were told, where there is no model, or where it cannot be loaded or asked: a monitor
        does not fail for that.
    """
    if definition.importance or definition.model is None:
        return {}
    try:
        found = workspace.open(Ref.parse(definition.model), store)
        version = found.model if Ref.parse(definition.model).kind == "deployment" else found
        model = version.load()
        names = [name for name in _names(version, model) if name in profile]
        own = _own(model, names, profile)
        return _by_shuffling(definition, model, names, data) if own is None else own
    except Exception as error:  # loading runs code of others, and may be refused
        _logger.info("The importances of %s are not known: %s: %s", definition.model, type(error).__name__, error)
        return {}


def _names(version: Any, model: Any) -> list[str]:
    told: Any = getattr(model, "feature_names_in_", None)
    if told is None:
        told = getattr(version.signature, "names", ())
    return [str(name) for name in told]


def _own(model: Any, names: list[str], profile: Profile) -> dict[str, float] | None:
    """Take what the model says of its inputs; None where it says nothing of just these."""
    told = getattr(model, "feature_importances_", None)
    if told is None and (coefficients := getattr(model, "coef_", None)) is not None:
        spreads = np.array([profile[name].std for name in names])
        told = np.abs(np.atleast_2d(coefficients)).mean(0)
        told = told * spreads if told.shape == spreads.shape else None
    if told is None or np.shape(told) != (len(names),) or not names:
        return None
    weights = np.nan_to_num(np.abs(np.asarray(told, dtype=np.float64)))
    return dict(zip(names, weights.tolist(), strict=True))


def _by_shuffling(definition: Definition, model: Any, names: list[str], data: Any) -> dict[str, float]:
    if not names or definition.target is None or definition.task not in ("classification", "regression"):
        return {}
    frame = frames.from_arrow(frames.to_arrow(data) if frames.kind(data) else data.to_arrow(), "pandas")
    dice = np.random.default_rng(0)
    frame = frame[frame[definition.target].notna()]
    frame = frame.iloc[np.sort(dice.permutation(len(frame))[:_ROWS])]
    y, inputs = frame[definition.target].to_numpy(), frame[names]
    whole = _loss(definition, model, inputs, y)
    found = {}
    for name in names:
        shuffled = inputs.copy()
        shuffled[name] = inputs[name].to_numpy()[dice.permutation(len(inputs))]
        found[name] = max(_loss(definition, model, shuffled, y) - whole, 0.0)
    return found


def _loss(definition: Definition, model: Any, inputs: Any, y: NDArray[Any]) -> float:
    """Give the log loss of probabilities, the share of wrong classes, or the mean absolute error."""
    if definition.task == "classification" and hasattr(model, "predict_proba"):
        score, classes = np.asarray(model.predict_proba(inputs)), list(model.classes_)
        score = score[:, 1] if len(classes) == 2 else score
        return metrics.get("log_loss")(metrics.positions(y, classes), score)
    p = np.asarray(model.predict(inputs) if hasattr(model, "predict") else model(inputs))
    if definition.task == "classification":
        return float(np.mean(p != y))
    return metrics.get("mean_absolute_error")(y.astype(np.float64), p.astype(np.float64).ravel())
