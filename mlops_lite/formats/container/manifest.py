"""Manifests: which part of a stored value lies in which object, and where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from mlops_lite.base import canonical
from mlops_lite.base.digest import is_digest
from mlops_lite.errors import DamagedError, NewerFormatError

__all__ = ["FORMAT", "Manifest", "Place"]

FORMAT = 1


@attrs.frozen
class Place:
    """Where a part lies.

    Parameters
    ----------
    object : int
        Which object of the manifest.
    offset, length : int
        In bytes.
    """

    object: int
    offset: int
    length: int


class Facts(dict[str, Any]):
    """What a format needs besides bytes; a fact that is not there is damage."""

    def __missing__(self, key: str) -> Any:
        raise DamagedError(f"A manifest does not say {key!r}, which its format needs.")


@attrs.frozen
class Manifest:
    """The table of contents of a stored value.

    Parameters
    ----------
    format : str
        The name of the format that wrote the parts, and reads them.
    facts : mapping
        What that format needs besides bytes.
    objects : tuple of (str, int)
        Digest and size of each object.
    parts : tuple of Place
        In the order in which the format handed them over.

    Examples
    --------
    >>> manifest = Manifest("tree", {}, (("ab" * 32, 128),), (Place(0, 0, 100),))
    >>> Manifest.decode(manifest.encode()) == manifest, manifest.nbytes
    (True, 128)
    """

    format: str
    facts: Mapping[str, Any]
    objects: tuple[tuple[str, int], ...]
    parts: tuple[Place, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of all objects, each counted once."""
        return sum(dict(self.objects).values())

    @property
    def digests(self) -> tuple[str, ...]:
        """The digests of all objects."""
        return tuple(dict(self.objects))

    def is_whole(self, index: int) -> bool:
        """Tell whether a part is an object of its own."""
        place = self.parts[index]
        return place.offset == 0 and place.length == self.objects[place.object][1]

    def encode(self) -> bytes:
        """Write it as it stands in the store."""
        return canonical.encode(
            {
                "manifest": FORMAT,
                "format": self.format,
                "facts": self.facts,
                "objects": [list(entry) for entry in self.objects],
                "parts": [[place.object, place.offset, place.length] for place in self.parts],
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> Manifest:
        """Read it back.

        Raises
        ------
        DamagedError
            The bytes are no manifest, or a part would lie outside its object.
        NewerFormatError
            A newer mlops_lite wrote it.
        """
        found = canonical.decode(data)
        number = found.get("manifest") if isinstance(found, dict) else None
        if isinstance(number, int) and number > FORMAT:
            raise NewerFormatError(
                f"A manifest has format {number}; this mlops_lite reads up to {FORMAT}.",
                remedy="pip install --upgrade mlops_lite",
            )
        try:
            manifest = cls(
                str(found["format"]),
                Facts(found["facts"]),
                tuple((str(digest), int(size)) for digest, size in found["objects"]),
                tuple(Place(int(number), int(offset), int(length)) for number, offset, length in found["parts"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedError(f"These bytes are no manifest: {error!r}.") from error
        manifest._check()
        return manifest

    def _check(self) -> None:
        for digest, size in self.objects:
            if not is_digest(digest) or size < 0:
                raise DamagedError(f"A manifest names an object {digest[:80]!r} of {size} bytes.")
        for place in self.parts:
            inside = 0 <= place.object < len(self.objects) and place.offset >= 0 and place.length >= 0
            if not inside or place.offset + place.length > self.objects[place.object][1]:
                raise DamagedError(f"A manifest places a part outside its object: {place}.")
