"""Data, runs, models, deployments and monitoring in one importable library, with no server.

Everything is a record in a log, pointing at contents by their hash.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the same names for editors and type checkers, which do not run __getattr__
    from mlops_lite import actions as actions, errors as errors, frames as frames
    from mlops_lite.data import Dataset as Dataset
    from mlops_lite.deployment import Deployment as Deployment, deploy as deploy, gates as gates, rollouts as rollouts
    from mlops_lite.monitoring import Monitor as Monitor, rules as rules
    from mlops_lite.provenance.audit import audit as audit
    from mlops_lite.provenance.compare import compare as compare
    from mlops_lite.provenance.lineage import lineage as lineage
    from mlops_lite.provenance.reproduce import reproduce as reproduce
    from mlops_lite.registry import ModelVersion as ModelVersion, Registry as Registry, Signature as Signature
    from mlops_lite.store import Store as Store
    from mlops_lite.tracking import (
        current_run as current_run,
        last_run as last_run,
        log as log,
        log_artifact as log_artifact,
        log_params as log_params,
        start_run as start_run,
        track_run as track_run,
    )
    from mlops_lite.tracking.runs import runs as runs
    from mlops_lite.workspace import get as get, use as use

__version__ = "0.1.0"

# name -> the module that defines it (or is it); loaded when the name is first used
_HOMES = {
    "Dataset": "mlops_lite.data",
    "Deployment": "mlops_lite.deployment",
    "ModelVersion": "mlops_lite.registry",
    "Monitor": "mlops_lite.monitoring",
    "Registry": "mlops_lite.registry",
    "Signature": "mlops_lite.registry",
    "Store": "mlops_lite.store",
    "actions": "mlops_lite.actions",
    "audit": "mlops_lite.provenance.audit",
    "compare": "mlops_lite.provenance.compare",
    "current_run": "mlops_lite.tracking",
    "deploy": "mlops_lite.deployment",
    "errors": "mlops_lite.errors",
    "frames": "mlops_lite.frames",
    "gates": "mlops_lite.deployment.gates",
    "get": "mlops_lite.workspace",
    "last_run": "mlops_lite.tracking",
    "lineage": "mlops_lite.provenance.lineage",
    "log": "mlops_lite.tracking",
    "log_artifact": "mlops_lite.tracking",
    "log_params": "mlops_lite.tracking",
    "reproduce": "mlops_lite.provenance.reproduce",
    "rollouts": "mlops_lite.deployment.rollouts",
    "rules": "mlops_lite.monitoring.rules",
    "runs": "mlops_lite.tracking",
    "start_run": "mlops_lite.tracking",
    "track_run": "mlops_lite.tracking",
    "use": "mlops_lite.workspace",
}

__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        package = sys.modules[__name__]  # from it and the name a traceback says what was perhaps meant
        raise AttributeError(f"module 'mlops_lite' has no attribute {name!r}", name=name, obj=package)
    module = importlib.import_module(home)
    value = module if home.endswith(f".{name}") and not hasattr(module, name) else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
