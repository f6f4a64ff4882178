"""Frames: which block holds which column, and codes of categories."""

from __future__ import annotations

from typing import Any

__all__ = ["CHECKS"]


def _placed(found: list[Any]) -> bool:
    """Every column lies in one block, and every block is as long as the index."""
    import numpy as np

    for one in found:
        columns, rows = len(one.axes[0]), len(one.axes[-1])
        places = [block.mgr_locs.as_array for block in one.blocks]
        if not np.array_equal(np.sort(np.concatenate([np.empty(0, np.intp), *places])), np.arange(columns)):
            return False
        if any(block.shape != (len(place), rows) for block, place in zip(one.blocks, places, strict=True)):
            return False
    return True


def _coded(found: list[Any]) -> bool:
    return all(not len(one.codes) or (one.codes.min() >= -1 and one.codes.max() < len(one.categories)) for one in found)


CHECKS = {
    "pandas.core.internals.managers.BlockManager": _placed,
    "pandas.core.arrays.categorical.Categorical": _coded,  # up to pandas 2
    "pandas.Categorical": _coded,
}
