"""Names of things, and how they stand on a disk.

A name is Unicode text in normal form C; ``/`` groups. On disk it is one path component in which every byte outside
``a-z 0-9 _ . -`` is written ``=xx``. So disks that fold case keep ``Churn`` and ``churn`` apart, ``a/hint`` cannot
collide with a file of ``a``, and no name is a Windows device.
"""

from __future__ import annotations

import re
import unicodedata

from mlops_lite.errors import InvalidNameError

__all__ = ["check", "decode", "encode"]

_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_.-")
_MOST_BYTES = 240  # most filesystems hold 255 in a component; the rest is for temporary endings
_UNSEEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})  # show a name as another
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")  # Windows opens it in every folder


def check(name: object, what: str = "thing") -> str:
    """Accept a name or say why not.

    Parameters
    ----------
    name : str
        What the user wrote.
    what : str
        The kind of thing it names, for the message.

    Returns
    -------
    str
        The name in normal form C.

    Raises
    ------
    InvalidNameError
        It is empty, too long, has control characters, ``@`` or a backslash, or a part that is empty, ``.`` or ``..``.

    Examples
    --------
    >>> check("team/churn", "model")
    'team/churn'
    >>> check("../x", "model")
    Traceback (most recent call last):
    ...
    mlops_lite.errors.InvalidNameError: '../x' cannot name a model: the part '..' leads elsewhere. Choose letters, ...
    """
    if not isinstance(name, str):
        raise _refusal(name, what, f"it is a {type(name).__name__}, not text")
    normal = unicodedata.normalize("NFC", name)
    reason = _objection(normal)
    if reason:
        raise _refusal(name, what, reason)
    return normal


def _refusal(name: object, what: str, reason: str) -> InvalidNameError:
    shown = repr(name) if len(repr(name)) <= 80 else repr(name)[:60] + "…'"
    return InvalidNameError(
        f"{shown} cannot name a {what}: {reason}.",
        remedy="Choose letters, digits, '-', '_' and '.', with '/' to group, such as 'team/churn'.",
        name=name,
    )


def _objection(name: str) -> str | None:
    if not name.strip():
        return "it is empty"
    if name != name.strip():
        return "it begins or ends with a space"
    if any(unicodedata.category(one) in _UNSEEN or unicodedata.bidirectional(one) in _TURNS for one in name):
        return "it has a control character"
    if "@" in name:
        return "'@' separates a name from its version"
    if "\\" in name:
        return "a backslash is a path on one system only"
    for part in name.split("/"):
        if part in (".", ".."):
            return f"the part {part!r} leads elsewhere"
        if not part:
            return "a part between '/' is empty"
    size = len(encode(name))
    return f"it takes {size} bytes on disk and {_MOST_BYTES} is the most" if size > _MOST_BYTES else None


def encode(name: str) -> str:
    """Write a name as one path component.

    Examples
    --------
    >>> encode("Team/churn"), encode("con.txt"), encode(".hidden")
    ('=54eam=2fchurn', '=63on.txt', '=2ehidden')
    """
    raw = name.encode()
    last = len(raw) - 1
    device = _DEVICE.match(name) is not None
    return "".join(
        f"={byte:02x}"
        if byte not in _PLAIN or (byte == 0x2E and position in (0, last)) or (device and position == 0)
        else chr(byte)
        for position, byte in enumerate(raw)
    )


def decode(component: str) -> str:
    """Read a name back from a path component.

    Examples
    --------
    >>> decode("=54eam=2fchurn")
    'Team/churn'
    """
    return re.sub(rb"=([0-9a-f]{2})", lambda match: bytes([int(match[1], 16)]), component.encode()).decode()
