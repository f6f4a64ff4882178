"""Inventories: objects that list the digests of others."""

from __future__ import annotations

from collections.abc import Iterable

from mlops_lite.errors import DamagedError

__all__ = ["inventory", "read_inventory"]

_DIGEST_BYTES = 32


def inventory(digests: Iterable[str]) -> bytes:
    """Write many digests as an object: 32 bytes each, in order."""
    return b"".join(bytes.fromhex(digest) for digest in sorted(digests))


def read_inventory(data: bytes) -> list[str]:
    """Read them back.

    Examples
    --------
    >>> from mlops_lite.base.digest import sha256
    >>> read_inventory(inventory([sha256(b"")])) == [sha256(b"")]
    True
    """
    if len(data) % _DIGEST_BYTES:
        raise DamagedError(f"An inventory of {len(data)} bytes is no list of digests.")
    return [data[start : start + _DIGEST_BYTES].hex() for start in range(0, len(data), _DIGEST_BYTES)]
