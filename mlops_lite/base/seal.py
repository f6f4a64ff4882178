"""Seals: a checksum as the last member of a JSON object, so that a flipped bit is found by reading that file alone.

The object ``{"a":1}`` is sealed as ``{"a":1,"~crc32":"a702fc6e"}``: the CRC-32 of all bytes before the comma. Any
reader of JSON can read it.
"""

from __future__ import annotations

import re
from typing import Any
from zlib import crc32

from mlops_lite.errors import DamagedError

__all__ = ["opened", "sealed"]

_MEMBER = "~crc32"
_SEAL = re.compile(rb',"~crc32":"([0-9a-f]{8})"\}\Z')
_LENGTH = 21


def sealed(data: bytes) -> bytes:
    """Put a seal on an object that is not empty.

    Examples
    --------
    >>> sealed(b'{"a":1}')
    b'{"a":1,"~crc32":"a702fc6e"}'
    """
    return data[:-1] + b',"~crc32":"%08x"}' % crc32(data[:-1])


def opened(data: bytes, found: dict[str, Any], where: str) -> dict[str, Any]:
    """Check the seal of an object, and give its members without it.

    Parameters
    ----------
    data : bytes
    found : dict
        What :func:`mlops_lite.base.canonical.decode` made of them.
    where : str
        Where they stand, for the message.

    Raises
    ------
    DamagedError
        There is no seal, or it is of other bytes.

    Examples
    --------
    >>> from mlops_lite.base import canonical
    >>> data = sealed(b'{"a":1}')
    >>> opened(data, canonical.decode(data), "here")
    {'a': 1}
    """
    seal = _SEAL.search(data, max(0, len(data) - _LENGTH))
    if seal is None or int(seal[1], 16) != crc32(data[: seal.start()]):
        raise DamagedError(f"What stands at {where} is not what was written: its checksum does not fit.", path=where)
    return {key: value for key, value in found.items() if key != _MEMBER}
