"""The default test of a column of levels: all of them, the one that moved most, and the commonest new one.

See :func:`mlops_lite.stats.unordered.compare_levels`. The effect is the larger of the move of one level's share and of
the total variation beyond what chance gives.
"""

from __future__ import annotations

from mlops_lite.monitoring.measure import Measured
from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.unordered import compare_levels

__all__ = ["FAMILIES", "FLOOR", "WEIGHT", "compare"]

FAMILIES = ("levels",)
WEIGHT = 0.8
FLOOR = 0.02


def compare(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Compare two profiles of a column."""
    if not reference.present or not current.present:
        return None
    found = compare_levels(reference, current)
    effect = max(found.total_variation, abs(found.share))
    return Measured(found.total_variation, found.p_value, effect, _sentence(reference, current, found.level))


def _sentence(reference: ColumnProfile, current: ColumnProfile, level: str | None) -> str:
    then, now = reference.levels, current.levels
    new = sorted(now.keys() - then.keys(), key=lambda each: (-now[each], each))
    gone = sorted(then.keys() - now.keys())
    said = []
    if level is not None and not reference.cells.hashed:  # type: ignore[union-attr]
        share = (then.get(level, 0) / reference.present, now.get(level, 0) / current.present)
        said.append(f"{level!r} went from {share[0]:.1%} to {share[1]:.1%}")
    if new and not reference.rest:
        said.append(f"{len(new)} new: {_few(new)}")
    if gone and current.present >= reference.present / 2:
        said.append(f"{len(gone)} gone: {_few(gone)}")
    return f"changed its shares ({'; '.join(said)})" if said else "changed its shares"


def _few(levels: list[str]) -> str:
    return ", ".join(repr(level) for level in levels[:3]) + (" …" if len(levels) > 3 else "")
