"""Models: versions that store only what changed, load in milliseconds and open nothing unchecked."""

from __future__ import annotations

from mlops_lite.base.ref import Ref
from mlops_lite.registry.registry import Registry
from mlops_lite.registry.signature import Mismatch, Signature
from mlops_lite.registry.version import ModelVersion
from mlops_lite.store import Store

__all__ = ["Mismatch", "ModelVersion", "Registry", "Signature", "open"]


def open(ref: Ref, store: Store) -> ModelVersion:
    """Open the model version that a ref names.

    Parameters
    ----------
    ref : Ref
    store : Store

    Returns
    -------
    ModelVersion
    """
    return Registry(store).get(ref)
