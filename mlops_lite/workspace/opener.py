"""What a ref stands for: the feature that can open it is loaded when it is asked."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from mlops_lite.base.ref import Ref
from mlops_lite.errors import NotFoundError
from mlops_lite.store import Store
from mlops_lite.workspace.default import store as meant

__all__ = ["get", "open"]

_OPENERS = {
    "dataset": "mlops_lite.data",
    "model": "mlops_lite.registry",
    "run": "mlops_lite.tracking",
    "monitor": "mlops_lite.monitoring",
    "deployment": "mlops_lite.deployment",
}


def open(ref: object, store: Store | None = None) -> Any:
    """Turn a ref into the value it names.

    Parameters
    ----------
    ref : str or value with a ref
        Such as ``"dataset/flights@3"``, ``"model/churn@champion"``, ``"run/01J…"``.
    store : Store, optional

    Returns
    -------
    Snapshot, ModelVersion, Run, Monitor or Deployment

    Raises
    ------
    NotFoundError
        The store has no such thing.

    Examples
    --------
    >>> import mlops_lite as ml
    >>> ml.get("flights@1")
    Traceback (most recent call last):
    ...
    mlops_lite.errors.InvalidInputError: 'flights@1' is not a ref. Write kind/name@version, such as ...
    """
    parsed = Ref.parse(ref)
    where = meant(store)
    home = _OPENERS[parsed.kind]
    if importlib.util.find_spec(home) is None:
        raise NotFoundError(f"Nothing here can open a {parsed.kind} ({parsed}).")
    return importlib.import_module(home).open(parsed, where)


get = open
