"""SHA-256, the name of every object."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from typing import Any

__all__ = ["HASH", "is_digest", "sha256", "sha256_many", "short"]

HASH = "sha256"  # named in store.json, so that another could follow

_DIGITS = frozenset("0123456789abcdef")
_WORTH_A_THREAD = 1 << 20  # below a megabyte a thread costs more than it hashes


def sha256(data: Any) -> str:
    """Digest bytes.

    Parameters
    ----------
    data : bytes-like
        Contiguous bytes.

    Returns
    -------
    str
        64 lower-case hexadecimal digits.

    Examples
    --------
    >>> short(sha256(b""))
    'e3b0c442'
    """
    return hashlib.sha256(data).hexdigest()


def sha256_many(buffers: Iterable[Any]) -> list[str]:
    """Digest several buffers on all cores.

    Parameters
    ----------
    buffers : iterable of bytes-like

    Returns
    -------
    list of str
        In the order given.
    """
    items = list(buffers)
    if len(items) < 2 or sum(memoryview(item).nbytes for item in items) < _WORTH_A_THREAD:
        return [sha256(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(sha256, items))


def short(digest: str) -> str:
    """Abbreviate a digest to eight digits, for people."""
    return digest[:8]


def is_digest(text: str) -> bool:
    """Tell whether a text is a whole digest."""
    return len(text) == 64 and _DIGITS.issuperset(text)
