"""Deployments: named places that answer predictions.

A deployment is a log. :func:`deploy` asks the gates and appends one record; every :class:`Deployment` handle, in
whatever process, follows the log by a cheap poll and swaps one attribute; :meth:`Deployment.rollback` appends another
record. There is no server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_lite.deployment.change import Change, History
from mlops_lite.deployment.deploying import deploy
from mlops_lite.deployment.handle import Deployment
from mlops_lite.deployment.outcome import Outcome
from mlops_lite.deployment.place import Place
from mlops_lite.deployment.predictions import Predictions
from mlops_lite.deployment.verdict import Verdict

if TYPE_CHECKING:
    from mlops_lite.base.ref import Ref
    from mlops_lite.deployment import gates, rollouts
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


def open(ref: Ref, store: Store) -> Deployment | Change:
    """Turn a ref into a handle (``deployment/prod``), or into an entry of its log (``deployment/prod@7``)."""
    if ref.version is None:
        return Deployment(ref.name, store=store)
    place = Place(store, ref.name)
    return Change.of(place.log.find(ref.version), store)
