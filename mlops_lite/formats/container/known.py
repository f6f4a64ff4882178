"""Bytes that need no hashing, or hashing before writing, because the store has them already.

Two cases. A read-only map of an object **is** that object: its digest is known. And a part that looks like one of the
version before (same size, same samples) is hashed first and written only if it differs after all. A sample decides the
order of work, never that bytes are unchanged.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

from mlops_lite.base.digest import sha256
from mlops_lite.formats.container.manifest import Manifest
from mlops_lite.formats.container.source import Source

__all__ = ["Before", "digest_of", "is_known", "remember"]

_SAMPLES = 16
_SAMPLE_BYTES = 64

_maps: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()  # map -> the digest of what it shows


def remember(view: memoryview, digest: str) -> None:
    """Remember which object a read-only map shows, as long as the map lives."""
    if view.readonly and view.obj is not None and type(view.obj).__name__ == "mmap":
        _maps[view.obj] = digest


def digest_of(buffer: Any, before: Before | None) -> str | None:
    """Tell the digest of bytes where it is known, or worth taking before they are written; None otherwise."""
    view = memoryview(buffer).cast("B")
    known = _mapped(view)
    if known is not None:
        return known
    return sha256(view) if before is not None and before.resembles(view) else None


def is_known(buffer: Any, before: Before | None) -> bool:
    """Tell whether bytes are in the store already, or seem to be."""
    view = memoryview(buffer).cast("B")
    return _mapped(view) is not None or (before is not None and before.resembles(view))


def _mapped(view: memoryview) -> str | None:
    """Follow an array or view back to the map whose whole extent it shows."""
    if not view.readonly:
        return None
    owner: Any = view.obj
    while owner is not None and type(owner).__name__ != "mmap":
        owner = owner.obj if isinstance(owner, memoryview) else getattr(owner, "base", None)
    return _maps.get(owner) if owner is not None and len(owner) == len(view) else None


class Before:
    """The parts of the version before, to compare samples with.

    Parameters
    ----------
    manifest : Manifest
        Of that version.
    source : Objects, optional
        Where its objects are; without it sizes alone are compared, for where each sample would be a request.
    """

    def __init__(self, manifest: Manifest, source: Source | None) -> None:
        self._source = source
        self._by_size: dict[int, list[str]] = {}
        for digest, size in dict(manifest.objects).items():
            self._by_size.setdefault(size, []).append(digest)

    def resembles(self, view: memoryview) -> bool:
        """Tell whether one of its objects has the size of these bytes and the same samples."""
        return any(self._same_samples(digest, view) for digest in self._by_size.get(len(view), ()))

    def _same_samples(self, digest: str, view: memoryview) -> bool:
        if self._source is None:
            return True
        source = self._source
        try:
            return all(source.read(digest, a, b, verify=False) == view[a:b] for a, b in _samples(len(view)))
        except (OSError, LookupError):
            return False


def _samples(size: int) -> Iterable[tuple[int, int]]:
    step = max(size // _SAMPLES, 1)
    return [(start, min(start + _SAMPLE_BYTES, size)) for start in range(0, size, step)][: _SAMPLES + 1]
