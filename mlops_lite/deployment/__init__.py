"""Deployments: named places that answer predictions.

A deployment is a log. :func:`deploy` asks the gates and appends one record; every :class:`Deployment` handle, in
whatever process, follows the log by a cheap poll and swaps one attribute; :meth:`Deployment.rollback` appends another
record. There is no server.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_lite.base.ref import Ref
    from mlops_lite.deployment import gates, rollouts
    from mlops_lite.deployment.change import Change, History
    from mlops_lite.deployment.deploying import deploy
    from mlops_lite.deployment.handle import Deployment
    from mlops_lite.deployment.outcome import Outcome
    from mlops_lite.deployment.place import Place
    from mlops_lite.deployment.predictions import Predictions
    from mlops_lite.deployment.verdict import Verdict
    from mlops_lite.store import Store

__all__ = [
    "Change",
    "Deployment",
    "History",
    "Outcome",
    "Place",
    "Predictions",
    "Verdict",
    "deploy",
    "gates",
    "open",
    "rollouts",
]

# whoever only serves, perhaps in a function that begins anew for each request, needs a third of it
_HOMES = {
    "Change": "change",
    "Deployment": "handle",
    "History": "change",
    "Outcome": "outcome",
    "Place": "place",
    "Predictions": "predictions",
    "Verdict": "verdict",
    "deploy": "deploying",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def open(ref: Ref, store: Store) -> Deployment | Change:
    """Turn a ref into a handle (``deployment/prod``), or into an entry of its log (``deployment/prod@7``)."""
    from mlops_lite.deployment.change import Change
    from mlops_lite.deployment.handle import Deployment
    from mlops_lite.deployment.place import Place

    if ref.version is None:
        return Deployment(ref.name, store=store)
    return Change.of(Place(store, ref.name).log.find(ref.version), store)
