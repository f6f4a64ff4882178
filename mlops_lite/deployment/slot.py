"""Answers, and the slots that they come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Answer", "Slot"]

Answer = Callable[[Any, Any, Any], Any]  # X, key, request_id -> what the model said


class Slot(NamedTuple):
    """Where answers come from.

    Parameters
    ----------
    deployment : int
        The record of the deployment under which they are given.
    model : str
        The ref of the model version.
    method : str
        Of the model.
    role : str
        ``answer``, or ``shadow`` where nobody is given it.
    classes : tuple of str
        Of the model, where it has such.
    """

    deployment: int
    model: str
    method: str
    role: str
    classes: tuple[str, ...] = ()
