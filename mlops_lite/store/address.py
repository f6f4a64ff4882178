"""Where a store is: the URL as it was written, and how another process opens it, without what must stay secret."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_lite.errors import InvalidInputError, InvalidTypeError

if TYPE_CHECKING:
    from mlops_lite.store.store import Store

__all__ = ["address_of", "told", "without_secrets", "written"]

_SECRET = ("secret", "password", "passphrase", "token", "credential", "connection_string", "account_key", "sas")


def written(url: object) -> str:
    """Take the URL of a store as it was written, unless it can only be a slip."""
    given = os.fspath(url) if isinstance(url, (str, os.PathLike)) else None
    if not isinstance(given, str):
        raise InvalidTypeError(
            f"A store is named by a path or a URL, and this is of type {type(url).__name__}.",
            remedy="Write ml.use('./folder') or ml.use('s3://bucket/prefix').",
        )
    if not given.strip():
        raise InvalidInputError("The URL of the store is empty.", remedy="For the working directory write '.'.")
    slip = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):/(?!/)", given)
    if slip:
        raise InvalidInputError(
            f"{given!r} is not a URL.",
            remedy=f"Write '{slip[1]}://{given[slip.end() :]}', or './{given}' for a folder.",
        )
    return given


def address_of(store: Store) -> dict[str, Any]:
    """Give the arguments that open a store again: ``Store(**address)``; secrets are found there in the environment."""
    return {
        **without_secrets(store._options),
        "url": store.url,
        "trusted": store.trusted,
        "single_writer": store.single_writer,
    }


def told(store: Store) -> dict[str, Any]:
    """Give the address as far as an environment variable can say it."""
    return {name: value for name, value in address_of(store).items() if _is_plain(value)}


def _is_plain(value: object) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def without_secrets(options: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what looks like a secret, at any depth.

    Examples
    --------
    >>> without_secrets({"key": "AKIA", "endpoint_url": "http://127.0.0.1", "client_kwargs": {"aws_secret": 1}})
    {'endpoint_url': 'http://127.0.0.1', 'client_kwargs': {}}
    """
    return {
        key: without_secrets(value) if isinstance(value, Mapping) else value
        for key, value in options.items()
        if key.lower() not in ("key", "pass") and not any(word in key.lower() for word in _SECRET)
    }
