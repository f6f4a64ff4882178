"""The store of the block that is running, if it is inside one."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_lite.store.store import Store

__all__ = ["block"]

block: ContextVar[Store | None] = ContextVar("block", default=None)
