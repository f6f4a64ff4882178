"""Models of xgboost, in its own format (UBJSON), which other versions of xgboost read.

A wrapper for scikit-learn is its booster and its hyperparameters. One whose hyperparameters are more than plain values
(a function as objective) is pickled instead.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_lite.errors import DamagedError

if TYPE_CHECKING:
    from mlops_lite.formats.container import Reader, Writer
    from mlops_lite.formats.trust import Trust

__all__ = ["accepts", "dump", "load"]

PRIORITY = 40
LEVEL = "known"

_WRAPPERS = ("XGBClassifier", "XGBRegressor", "XGBRanker", "XGBRFClassifier", "XGBRFRegressor")


def accepts(value: Any) -> bool:
    """Take boosters, and fitted wrappers with plain hyperparameters and nothing added."""
    xgboost = sys.modules.get("xgboost")
    if xgboost is None:
        return False
    if type(value) is xgboost.Booster:
        return True
    wrapper = any(type(value) is getattr(xgboost, name) for name in _WRAPPERS)
    return wrapper and hasattr(value, "_Booster") and _is_plain(_params(value)) and not _extra(value)


def dump(value: Any, writer: Writer) -> Mapping[str, Any]:
    """Hand over the model as xgboost writes it."""
    xgboost = sys.modules["xgboost"]
    if type(value) is xgboost.Booster:
        writer.add(value.save_raw("ubj"))
        return {"class": "Booster"}
    writer.add(value.get_booster().save_raw("ubj"))
    return {"class": type(value).__name__, "params": _params(value), "fitted": _fitted(value)}


def load(facts: Mapping[str, Any], reader: Reader, trust: Trust) -> Any:
    """Have xgboost read it."""
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(bytearray(reader.bytes(0)))
    if facts["class"] == "Booster":
        return booster
    if facts["class"] not in _WRAPPERS:
        raise DamagedError(f"{facts['class']!r} is no model of xgboost.")
    model = getattr(xgboost, facts["class"])(**facts["params"])
    model._Booster = booster
    for name in _FITTED:
        if name in facts["fitted"]:
            setattr(model, name, facts["fitted"][name])
    return model


def _params(value: Any) -> dict[str, Any]:
    """List the hyperparameters that were set; NaN, the sign of a missing value, is what it is without saying."""
    given = value.get_params()
    return {name: one for name, one in given.items() if one is not None and not (name == "missing" and one != one)}


def _is_plain(params: Mapping[str, Any]) -> bool:
    return all(
        isinstance(one, (bool, int, float, str)) or (isinstance(one, list) and all(isinstance(i, str) for i in one))
        for one in params.values()
    )


_FITTED = ("n_classes_", "evals_result_")


def _fitted(value: Any) -> dict[str, Any]:
    """Tell what a fitted wrapper knows besides its booster."""
    return {name: _plainly(vars(value)[name]) for name in _FITTED if name in vars(value)}


def _plainly(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plainly(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plainly(one) for one in value]
    return value.item() if hasattr(value, "item") else value


def _extra(value: Any) -> set[str]:
    """Name attributes that neither the constructor nor fitting sets."""
    return set(vars(value)) - set(value.get_params()) - {"_Booster", "kwargs", *_FITTED}
