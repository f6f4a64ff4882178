"""Rollouts: ways in for a new version. One file each.

A rollout is a frozen attrs class, named as its file in CamelCase (``canary.py`` holds ``Canary``), with

``share``
    the part of the keys that the new version gets at first: 1 lets it serve at once;
``route(trial, champion, challenger, wiring) -> answer``
    builds the function that answers a call, ``answer(X, key, request_id)``, out of the two that ask a version. It is
    built when a handle swaps, so that a call pays for nothing it does not use.

Its fields are kept in the log as they are, so they must be plain values. Another package offers one by an entry point
in the group ``mlops_lite.rollouts`` that names the class.

Examples
--------
>>> import mlops_lite as ml
>>> with ml.Store("memory://rollouts-example"):
...     for weight in (0.5, 0.7):
...         _ = ml.Registry().register("churn", {"w": weight})
...     _ = ml.deploy("churn@1", to="prod")
...     change = ml.deploy("churn@2", to="prod", canary=ml.rollouts.Canary([0.1, 0.5], margin=0.02))
>>> change.action, change.serving, change.state.trial.share
('begin', 'model/churn@1', 0.1)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from mlops_lite.base import canonical
from mlops_lite.base.extension import Extensions
from mlops_lite.deployment.plugin import attribute, find, snake
from mlops_lite.deployment.slot import Answer
from mlops_lite.deployment.state import Trial

if TYPE_CHECKING:
    from mlops_lite.deployment.rollouts.at_once import AtOnce
    from mlops_lite.deployment.rollouts.canary import Canary
    from mlops_lite.deployment.rollouts.shadow import Shadow
    from mlops_lite.deployment.wiring import Wiring

__all__ = ["Answer", "AtOnce", "Canary", "Rollout", "Shadow", "load", "name_of", "next_share"]

KNOWN = Extensions("mlops_lite.deployment.rollouts", group="mlops_lite.rollouts")


class Rollout(Protocol):
    """A way in."""

    @property
    def share(self) -> float:
        """The part of the keys that the new version gets at first; 1 lets it serve at once."""
        ...

    def route(self, trial: Trial, champion: Answer, challenger: Answer, wiring: Wiring) -> Answer:
        """Build the function that answers a call."""
        ...


def __getattr__(name: str) -> Any:
    return attribute(KNOWN, __name__, name)


def load(trial: Trial) -> Rollout:
    """Give the rollout by which a version comes in.

    Parameters
    ----------
    trial : Trial
        As the log keeps it.

    Returns
    -------
    Rollout

    Raises
    ------
    NotFoundError
        This process does not know it.
    """
    rollout: Rollout = canonical.structure(dict(trial.options), find(KNOWN, trial.rollout))
    return rollout


def name_of(rollout: Rollout) -> str:
    """Give the name under which a rollout stands in the log: that of its file."""
    return snake(type(rollout).__name__)


def next_share(trial: Trial) -> float:
    """Give the next step of a rollout; 1 behind the last."""
    steps = getattr(load(trial), "steps", ())
    return next((float(step) for step in steps if step > trial.share), 1.0)
