"""The stores of the ``with`` blocks that are running here, the innermost last."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_lite.store.store import Store

__all__ = ["blocks"]

# a value and no token of the variable: one store may be entered by two tasks, which leave it in any order
blocks: ContextVar[tuple[Store, ...]] = ContextVar("blocks", default=())
