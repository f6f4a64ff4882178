"""Secrets: what looks like one by its name or its value is never written."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["MASK", "is_secret_name", "mask", "mask_text"]

MASK = "***"

_NAMES = re.compile(
    r"pass(word|wd|phrase)|(^|[_\-.])(pwd|pass|pat|pin)($|[_\-.])|secret|api[_\-.]?key|access[_\-.]?key|"
    r"(^|[_\-.a-z])token($|[_\-.])|auth(orization|[_\-.]?header)|bearer|credential|private[_\-.]?key|"
    r"account[_\-.]?key|encryption[_\-.]?key|connection[_\-.]?string|cookie|session[_\-.]?id",
    re.IGNORECASE,
)
_HARMLESS = re.compile(r"(max|min|num|n|count|pad|eos|bos|unk|sep|cls|mask|special)[_\-.]?(\w+[_\-.])?tokens?$", re.I)
_SHAPES = re.compile(
    r"(?P<url>(?<=://)[^\s/:@'\"]+:[^\s/@'\"]+(?=@))"  # user:password@host
    r"|\b(AKIA|ASIA)[0-9A-Z]{16}\b"  # AWS access key
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}\b|\bgithub_pat_\w{20,}\b|\bglpat-[\w\-]{20,}\b"  # GitHub, GitLab
    r"|\bsk-[A-Za-z0-9_\-]{20,}\b|\bhf_[A-Za-z0-9]{20,}\b|\bxox[abprs]-[A-Za-z0-9\-]{10,}\b"  # services
    r"|\beyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{5,}"  # JSON web token
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]+?(-----END [A-Z ]*PRIVATE KEY-----|$)"
)
_ASSIGNED = re.compile(
    r"(?P<name>[\w\-.]*(?:password|passwd|secret|api[_\-]?key|access[_\-]?key|token|private[_\-]?key)[\w\-.]*)"
    r"(?P<between>['\"]?\s*[=:]\s*|\s+)(?P<quote>['\"]?)(?P<value>[^\s'\"=,;)\]}]{6,})(?P=quote)",
    re.IGNORECASE,
)
_FOLDERS = ("PWD", "OLDPWD")  # a shell's working folder is no password
_SHORTEST = 8  # a shorter value from the environment is too likely to be a word


def is_secret_name(name: str) -> bool:
    """Tell whether a name says that its value is a secret.

    Examples
    --------
    >>> [is_secret_name(name) for name in ("api_key", "dbPassword", "hf_token", "max_tokens", "depth")]
    [True, True, True, False, False]
    """
    return _NAMES.search(name) is not None and _HARMLESS.search(name) is None


def mask(value: Any, name: str = "") -> Any:
    """Replace what looks like a secret, at any depth of plain data.

    Parameters
    ----------
    value : plain data
        Lists, dicts, text, numbers.
    name : str
        What the value is called.

    Returns
    -------
    plain data

    Examples
    --------
    >>> mask({"url": "https://me:hunter22@host/x", "password": "abc", "depth": 3})
    {'url': 'https://***@host/x', 'password': '***', 'depth': 3}
    """
    if name and is_secret_name(name) and value is not None and not isinstance(value, bool):
        return MASK
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {key: mask(item, key) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [mask(item) for item in value]
    return value


def mask_text(text: str, *, assigned: bool = False) -> str:
    """Replace secrets inside a text: of well-known shapes, and values that the environment holds under secret names.

    Parameters
    ----------
    text : str
    assigned : bool
        Also replace what is assigned to a secret name, as in ``--password abc123`` or ``token = "abc123"``: for
        command lines, sources and differences.

    Returns
    -------
    str
    """
    if len(text) < 4:
        return text
    text = _SHAPES.sub(MASK, text)
    for value in _secret_values():
        if value in text:
            text = text.replace(value, MASK)
    return _ASSIGNED.sub(_masked_assignment, text) if assigned else text


def _masked_assignment(match: re.Match[str]) -> str:
    if not is_secret_name(match["name"].lstrip("-")) or not _is_literal(match):
        return match[0]
    return f"{match['name']}{match['between']}{match['quote']}{MASK}{match['quote']}"


def _is_literal(match: re.Match[str]) -> bool:
    """Leave code alone: ``token = read_token()`` assigns no secret; a quoted text or an option's value may be one."""
    if match["quote"]:
        return True
    return match["name"].startswith("-") or ("=" in match["between"] and not match["between"].startswith(" "))


def _secret_values() -> tuple[str, ...]:
    """List the secrets of the environment, the longest first."""
    global _seen, _found
    now = getattr(os.environ, "_data", None)  # compared without decoding: a microsecond instead of thirty
    now = dict(os.environ) if now is None else now
    if now != _seen:
        named = ((name, value) for name, value in os.environ.items() if name not in _FOLDERS and is_secret_name(name))
        found = {value for _, value in named if len(value) >= _SHORTEST}
        _seen, _found = dict(now), tuple(sorted(found, key=len, reverse=True))
    return _found


_seen: dict[Any, Any] = {}
_found: tuple[str, ...] = ()
