"""Recognising columns whose addresses are known, several times faster than SHA-256 takes them.

Where the package ``blake3`` is installed, the BLAKE3 digest of what a column holds is kept in the cache of this
machine, in the order of the addresses in the manifest. BLAKE3 is as hard to deceive as SHA-256: what has the digest of
a column of the newest version is that column, and its address need not be taken again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from mlops_lite.data.address import taken
from mlops_lite.data.manifest import ADDRESS_BYTES

if TYPE_CHECKING:
    from mlops_lite.data.manifest import Manifest
    from mlops_lite.store.cache import Cache

__all__ = ["Recognizer"]

_SECTION = "columns"
_LEAST_BYTES = 1 << 14  # of content that is worth looking at twice
_MOST_BYTES = 1 << 26  # of all that is kept
_UNKNOWN = bytes(32)


class Recognizer:
    """Gives addresses of columns, and remembers those of one version for the snapshot after it.

    Parameters
    ----------
    cache : Cache
    parent : Manifest, optional
        The newest version, whose columns are known.
    """

    def __init__(self, cache: Cache, parent: Manifest | None) -> None:
        self._cache = cache
        self._blake3 = _blake3()
        self._parent = _key(parent) if parent is not None else None
        kept = _kept(cache, parent) if self._blake3 is not None and parent is not None else []
        self._address = dict(kept)
        self._digest = {address: digest for digest, address in kept}
        self._learned = False

    def address(self, pieces: Iterable[Any]) -> bytes:
        """Give the address of canonical content in pieces."""
        if self._blake3 is None:
            return taken(pieces)
        pieces = [memoryview(piece).cast("B") for piece in pieces]
        if sum(map(len, pieces)) < _LEAST_BYTES:
            return taken(pieces)
        sink = self._blake3()
        for piece in pieces:
            sink.update(piece)
        digest = bytes(sink.digest())
        found = self._address.get(digest)
        if found is None:
            found = taken(pieces)
            self._digest[found] = digest
            self._learned = True
        return found

    def keep(self, manifest: Manifest) -> None:
        """Keep the digests of the columns of a version that follows the parent."""
        key = _key(manifest)
        if not self._digest or (key == self._parent and not self._learned):
            return
        found = [self._digest.get(address, _UNKNOWN) for address in _addresses(manifest)]
        self._cache.write(_SECTION, key, b"".join(found))
        if key.startswith("00"):  # now and then: looking costs more than an entry
            self._cache.trim(_SECTION, _MOST_BYTES)


def _blake3() -> Callable[[], Any] | None:
    try:
        from blake3 import blake3
    except ImportError:
        return None
    return blake3


def _key(manifest: Manifest) -> str:
    name = manifest.digest
    return f"{name[:2]}/{name[2:]}"


def _addresses(manifest: Manifest) -> list[bytes]:
    flat = manifest.cells.address.tobytes()
    return [flat[start : start + ADDRESS_BYTES] for start in range(0, len(flat), ADDRESS_BYTES)]


def _kept(cache: Cache, parent: Manifest) -> list[tuple[bytes, bytes]]:
    """Read the digests of a version's columns, each with its address; those of another version do not fit."""
    data, width = cache.read(_SECTION, _key(parent)), len(_UNKNOWN)
    addresses = _addresses(parent)
    if data is None or len(data) != width * len(addresses):
        return []
    digests = [data[start : start + width] for start in range(0, len(data), width)]
    return [entry for entry in zip(digests, addresses, strict=True) if entry[0] != _UNKNOWN]
