"""Boosters of lightgbm, in its own format (text), which other versions of lightgbm read.

Its wrappers for scikit-learn keep more than their booster, in attributes of their own: they are pickled.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_lite.formats.container import Reader, Writer
    from mlops_lite.formats.trust import Trust

__all__ = ["accepts", "dump", "load"]

PRIORITY = 40
LEVEL = "known"


def accepts(value: Any) -> bool:
    """Take boosters."""
    lightgbm = sys.modules.get("lightgbm")
    return lightgbm is not None and type(value) is lightgbm.Booster


def dump(value: Any, writer: Writer) -> Mapping[str, Any]:
    """Hand over the text, all trees in it, and which of them is the best."""
    writer.add(value.model_to_string(num_iteration=-1).encode())
    score = {str(data): {str(k): float(v) for k, v in each.items()} for data, each in value.best_score.items()}
    return {"best_iteration": int(value.best_iteration), "best_score": score}


def load(facts: Mapping[str, Any], reader: Reader, trust: Trust) -> Any:
    """Have lightgbm read it."""
    import lightgbm

    booster = lightgbm.Booster(model_str=bytes(reader.bytes(0)).decode())
    booster.best_iteration = int(facts["best_iteration"])
    booster.best_score = dict(facts["best_score"])
    return booster
