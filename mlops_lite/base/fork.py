"""Forked children: what a process must begin anew there, where the system forks at all."""

from __future__ import annotations

import os
from collections.abc import Callable

__all__ = ["in_child"]


def in_child(function: Callable[[], object]) -> Callable[[], object]:
    """Have a function called in every forked child, before anything else runs there.

    A lock may be held by a thread that stays in the parent, descriptors and random numbers are copies: each needs a new
    one.

    Parameters
    ----------
    function : callable

    Returns
    -------
    callable
        The function itself, so that this works as a decorator.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=function)
    return function
