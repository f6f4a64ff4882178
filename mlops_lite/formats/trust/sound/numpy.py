"""Generators of random numbers: their place in the numbers that they made ahead."""

from __future__ import annotations

from typing import Any

__all__ = ["CHECKS"]

_MERSENNE = 624
_PHILOX = 4


def _mersenne(found: list[Any]) -> bool:
    return all(0 <= one.state["state"]["pos"] <= _MERSENNE for one in found)


def _philox(found: list[Any]) -> bool:
    return all(0 <= one.state["buffer_pos"] <= _PHILOX for one in found)


CHECKS = {"numpy.random._mt19937.MT19937": _mersenne, "numpy.random._philox.Philox": _philox}
