"""Which keys fall to the version on trial: the same ones in every process, without a coordinator."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

__all__ = ["draw", "falls", "keys_of"]

_ALL = 1 << 64
_dice = random.Random(os.urandom(16))  # never the user's generator
os.register_at_fork(after_in_child=lambda: _dice.seed(os.urandom(16)))


def falls(key: Any, share: float, salt: str) -> bool:
    """Tell whether a key falls to the version on trial.

    The keyed hash (BLAKE2b) of the key, read as a number from 0 to 1, is below the share. So a larger share keeps the
    keys of a smaller one, and the keys of another trial, which has another salt, are others.

    Parameters
    ----------
    key : object
        Text, a number or bytes. ``5``, ``5.0`` and ``"5"`` are one key: tables turn one into the other.
    share : float
        From 0 to 1.
    salt : str
        Of the trial.

    Examples
    --------
    >>> chosen = [falls(key, 0.1, "some salt") for key in range(10_000)]
    >>> abs(sum(chosen) - 1000) < 100
    True
    >>> all(falls(key, 0.5, "some salt") for key, yes in enumerate(chosen) if yes)
    True
    """
    return int.from_bytes(blake2b(_text(key), digest_size=8, key=salt.encode()).digest(), "big") < share * _ALL


def draw(share: float) -> bool:
    """Draw, for a call that has no key."""
    return _dice.random() < share


def keys_of(X: Any, key: Any, column: str | None) -> list[Any]:
    """Give the different keys of a call: what was passed, else the values of the key column, else none."""
    if key is not None:
        return _different(key) if isinstance(key, Iterable) and not isinstance(key, (str, bytes)) else [key]
    if column is None:
        return []
    try:
        return _different(X[column])
    except (KeyError, IndexError, TypeError, ValueError):
        return []


def _different(values: Any) -> list[Any]:
    if isinstance(values, (str, bytes, int, float)):
        return [values]
    listed = values.tolist() if hasattr(values, "tolist") else list(values)
    return list(dict.fromkeys(listed)) if isinstance(listed, list) else [listed]


def _text(key: Any) -> bytes:
    if isinstance(key, bytes):
        return key
    if hasattr(key, "item"):
        key = key.item()
    if isinstance(key, float) and key.is_integer():
        key = int(key)
    return str(key).encode()
