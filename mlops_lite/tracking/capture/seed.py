"""The seed: given to every generator that is loaded, and noted."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_lite.tracking.capture import Call

__all__ = ["before"]


def before(call: Call) -> Mapping[str, Any] | None:
    """Seed ``random``, and numpy and torch where they are loaded."""
    if call.seed is None:
        return None
    random.seed(call.seed)
    seeded = ["random"]
    numpy = sys.modules.get("numpy")
    if numpy is not None and hasattr(numpy, "random"):
        numpy.random.seed(call.seed % (1 << 32))
        seeded.append("numpy")
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "manual_seed"):
        torch.manual_seed(call.seed)
        seeded.append("torch")
    return {"seed": call.seed, "seeded": seeded, "hash_seed": os.environ.get("PYTHONHASHSEED", "random")}
