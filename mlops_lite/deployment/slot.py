"""Slots: where answers come from."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Slot"]


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
