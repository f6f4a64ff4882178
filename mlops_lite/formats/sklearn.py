"""Estimators of scikit-learn: a pickle, whose arrays are parts.

An estimator holds what another version of scikit-learn may not understand, so the version counts more than elsewhere.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_lite.formats import pickle as pickles

if TYPE_CHECKING:
    from mlops_lite.formats.container import Reader, Writer
    from mlops_lite.formats.trust import Trust

__all__ = ["accepts", "dump", "load"]

PRIORITY = 30
LEVEL = None  # the pickle says


def accepts(value: Any) -> bool:
    """Take estimators, pipelines and whatever else is made of them."""
    base = sys.modules.get("sklearn.base")
    return base is not None and isinstance(value, base.BaseEstimator)


def dump(value: Any, writer: Writer) -> Mapping[str, Any]:
    """Pickle, with the arrays beside it."""
    return pickles.dump(value, writer)


def load(facts: Mapping[str, Any], reader: Reader, trust: Trust) -> Any:
    """Open the pickle."""
    return pickles.load(facts, reader, trust)


leaves = pickles.leaves
