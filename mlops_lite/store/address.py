"""How another process opens a store: by its URL and its options, without what must stay secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_lite.store.store import Store

__all__ = ["address_of", "told", "without_secrets"]

_SECRET = ("secret", "password", "passphrase", "token", "credential", "connection_string", "account_key", "sas")


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
