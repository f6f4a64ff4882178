"""Holding texts against a signature."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_lite.registry.signature import Signature

__all__ = ["checker"]


def checker(signature: Signature) -> Callable[[Any], Any]:
    """Make the function that checks."""
    from mlops_lite.registry.signature import Mismatch, mismatched

    def check(X: Any) -> Any:
        if isinstance(X, str):
            return X
        wrong = _first_that_is_none(X)
        if wrong is not None:
            raise mismatched([Mismatch(None, "type", f"texts are expected, and there is {wrong}")])
        return X

    return check


def _first_that_is_none(X: Any) -> str | None:
    if isinstance(X, bytes) or not hasattr(X, "__iter__"):
        return f"a {type(X).__name__}"
    others = (f"a {type(one).__name__} at place {place}" for place, one in enumerate(X) if type(one) is not str)
    return next(others, None)
