"""Gates: conditions for a version to serve. One file each.

A gate is anything that can be called with a :class:`~mlops_lite.deployment.candidate.Candidate` and gives an
:class:`~mlops_lite.deployment.outcome.Outcome`, a truth value, or a pair of a truth value and a sentence. A gate that
raises refuses. ``no_worse.py`` holds ``NoWorse``; another package offers one by an entry point in the group
``mlops_lite.gates`` that names the class, and it is ``ml.gates.<Name>`` then.

Examples
--------
>>> import mlops_lite as ml
>>> with ml.Store("memory://gates-example"):
...     version = ml.Registry().register("churn", lambda rows: [row["w"] for row in rows], metrics={"roc_auc": 0.91})
...     small = lambda candidate: (candidate.version.nbytes < 1e6, "It fits into the memory of a phone.")
...     ml.deploy("churn@1", to="prod", gates=[ml.gates.Metric("roc_auc", at_least=0.8), small]).serving
'model/churn@1'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from mlops_lite.base.extension import Extensions
from mlops_lite.deployment.outcome import Outcome
from mlops_lite.deployment.plugin import attribute

if TYPE_CHECKING:
    from mlops_lite.deployment.candidate import Candidate
    from mlops_lite.deployment.gates.approved import Approved
    from mlops_lite.deployment.gates.better import Better
    from mlops_lite.deployment.gates.environment import Environment
    from mlops_lite.deployment.gates.latency import Latency
    from mlops_lite.deployment.gates.memory import Memory
    from mlops_lite.deployment.gates.metric import Metric
    from mlops_lite.deployment.gates.no_drift import NoDrift
    from mlops_lite.deployment.gates.no_worse import NoWorse
    from mlops_lite.deployment.gates.schema import Schema
    from mlops_lite.deployment.gates.slices import Slices
    from mlops_lite.deployment.gates.smoke import Smoke

__all__ = [
    "Approved",
    "Better",
    "Environment",
    "Gate",
    "Latency",
    "Memory",
    "Metric",
    "NoDrift",
    "NoWorse",
    "Outcome",
    "Schema",
    "Slices",
    "Smoke",
    "evaluated",
]

Gate = Callable[["Candidate"], "Outcome | bool | tuple[bool, str]"]
KNOWN = Extensions("mlops_lite.deployment.gates", group="mlops_lite.gates")


def __getattr__(name: str) -> Any:
    return attribute(KNOWN, __name__, name)


def evaluated(gates: Iterable[Gate], candidate: Candidate) -> tuple[Outcome, ...]:
    """Ask every gate, also after one has refused.

    Parameters
    ----------
    gates : iterable of Gate
    candidate : Candidate

    Returns
    -------
    tuple of Outcome
        In the order of the gates.
    """
    return tuple(_outcome(gate, candidate) for gate in gates)


def _outcome(gate: Gate, candidate: Candidate) -> Outcome:
    name = _name(gate)
    try:
        said = gate(candidate)
    except Exception as error:
        return Outcome(name, False, error=f"{type(error).__name__}: {error}"[:2000])
    if isinstance(said, Outcome):
        return said
    if isinstance(said, tuple) and len(said) == 2:
        return Outcome(name, bool(said[0]), str(said[1]))
    return Outcome(name, bool(said), "" if said else "it said no")


def _name(gate: Gate) -> str:
    own = getattr(gate, "__name__", None)
    return str(own) if own else type(gate).__name__
