"""Rollouts: ways in for a new version. One file each.

A rollout is a frozen attrs class, named as its file in CamelCase (``canary.py`` holds ``Canary``), with

``share``
    the part of the keys that the new version gets at first: 1 lets it serve at once;
``route(trial, champion, challenger, wiring) -> answer``
    builds the function that answers a call, ``answer(X, key, request_id)``, out of the two that ask a version. It is
    built when a handle swaps, so that a call pays for nothing it does not use.

Its fields are kept in the log as they are, so they must be plain values. Another package offers one by an entry point
in the group ``mlops_lite.rollouts`` that names the class.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from mlops_lite.base.extension import Extensions
from mlops_lite.deployment.state import Trial

if TYPE_CHECKING:
    from mlops_lite.deployment.wiring import Wiring

__all__ = ["Answer", "Rollout", "load", "name_of", "next_share"]

Answer = Callable[[Any, Any, Any], Any]  # X, key, request_id -> what the model said

_KNOWN = Extensions("mlops_lite.deployment.rollouts", group="mlops_lite.rollouts")


class Rollout(Protocol):
    """A way in."""

    @property
    def share(self) -> float:
        """The part of the keys that the new version gets at first; 1 lets it serve at once."""
        ...

    def route(self, trial: Trial, champion: Answer, challenger: Answer, wiring: Wiring) -> Answer:
        """Build the function that answers a call."""
        ...


def load(trial: Trial) -> Rollout:
    """Give the rollout by which a version comes in.

    Raises
    ------
    NotFoundError
        This process does not know it.
    """
    from mlops_lite.base import canonical

    found = _KNOWN.load(trial.rollout)
    cls = getattr(found, _camel(trial.rollout)) if inspect.ismodule(found) else found
    rollout: Rollout = canonical.structure(dict(trial.options), cls)
    return rollout


def name_of(rollout: Rollout) -> str:
    """Give the name under which a rollout stands in the log: that of its file."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in type(rollout).__name__).strip("_")


def next_share(trial: Trial) -> float:
    """Give the next step of a rollout; 1 behind the last."""
    steps = getattr(load(trial), "steps", ())
    return next((float(step) for step in steps if step > trial.share), 1.0)


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
