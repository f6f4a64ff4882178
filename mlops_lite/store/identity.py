"""What makes a folder a store: the file that names its format, its hash and its id, written once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_lite.base import canonical, clock
from mlops_lite.base.digest import HASH
from mlops_lite.base.identifier import new_id
from mlops_lite.base.record import FORMAT
from mlops_lite.base.seal import opened, sealed
from mlops_lite.errors import DamagedError, NewerFormatError, UnsupportedStoreError
from mlops_lite.store import layout

__all__ = ["new", "read"]

_PROGRAM = "mlops_lite"


def new() -> bytes:
    """Make the file of a new store."""
    made = {"format": FORMAT, "hash": HASH, "id": new_id(), "program": _PROGRAM, "created": clock.now()}
    return sealed(canonical.encode(made))


def read(data: bytes, url: str) -> Mapping[str, Any]:
    """Read that file.

    Raises
    ------
    UnsupportedStoreError, NewerFormatError, DamagedError
        It is of another program, of a later format, or not what was written.
    """
    try:
        found = canonical.decode(data)
    except DamagedError as error:
        raise DamagedError(
            f"{layout.IDENTITY} of the store at {url} cannot be read: {error}",
            remedy="Restore that file from a copy of the store: it never changes.",
        ) from error
    if not isinstance(found, dict) or found.get("program") != _PROGRAM:
        raise UnsupportedStoreError(
            f"The store.json at {url} is not of {_PROGRAM}.", remedy="Choose an empty folder or prefix."
        )
    if found.get("format", 0) > FORMAT:
        raise NewerFormatError(
            f"The store at {url} has format {found['format']}; this {_PROGRAM} reads up to {FORMAT}.",
            remedy="pip install --upgrade mlops_lite",
        )
    found = opened(data, found, f"{url}/{layout.IDENTITY}")
    if found.get("hash") != HASH or not isinstance(found.get("id"), str):
        raise DamagedError(f"{layout.IDENTITY} of the store at {url} lacks its id or names an unknown hash.")
    return found
