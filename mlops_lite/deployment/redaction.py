"""Redaction: what of an input may be kept, column by column."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, Literal

import attrs

from mlops_lite.errors import InvalidInputError

__all__ = ["Redaction", "Way", "chosen_columns"]

Way = Literal["drop", "mask", "hash"]
_WAYS = ("drop", "mask", "hash")
_MASK = "•••"
_SECRET = "MLOPS_LITE_REDACTION_KEY"


def chosen_columns(given: bool | str | Iterable[str]) -> bool | tuple[str, ...]:
    """Read which columns are meant."""
    if isinstance(given, (bool, str)):
        return given if isinstance(given, bool) else (given,)
    return tuple(given)


def _ways(given: Mapping[str, Way] | None) -> dict[str, Way]:
    ways = dict(given or {})
    for column, way in ways.items():
        if way not in _WAYS:
            raise InvalidInputError(
                f"Column {column!r} cannot be redacted by {way!r}.", remedy=f"Choose one of {', '.join(_WAYS)}."
            )
    return ways


@attrs.frozen
class Redaction:
    """Which columns are kept, and how.

    Parameters
    ----------
    inputs : bool or iterable of str
        All columns, none, or those named.
    ways : mapping of str to {"drop", "mask", "hash"}
        Columns to leave out, to keep as "it was given" only, or to keep as a keyed hash, by which equal values can be
        counted and joined and nothing can be read. ``key`` names the request's key.
    secret : str, optional
        The key of the hash; it is never stored. The environment variable ``MLOPS_LITE_REDACTION_KEY`` without it.

    Examples
    --------
    >>> redaction = Redaction(["age", "name"], {"name": "mask"})
    >>> redaction.keeps("age"), redaction.keeps("city"), redaction.apply("name", ["Ann", None])
    (True, False, ['•••', None])
    """

    inputs: bool | tuple[str, ...] = attrs.field(default=True, converter=chosen_columns)
    ways: dict[str, Way] = attrs.field(factory=dict, converter=_ways)
    secret: str | None = attrs.field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        """Refuse to hash without a key: it could be undone by trying."""
        if "hash" in self.ways.values() and not self._secret():
            raise InvalidInputError(
                "Hashing a column needs a secret: without one, names and numbers are found by trying.",
                remedy=f"Pass secret=…, or set {_SECRET}.",
            )

    def keeps(self, column: str) -> bool:
        """Tell whether anything of a column is kept."""
        chosen = self.inputs if isinstance(self.inputs, bool) else column in self.inputs
        return bool(chosen) and self.ways.get(column) != "drop"

    def apply(self, column: str, values: Any) -> Any:
        """Redact the values of a column; those of an untouched column are given back as they are."""
        way = self.ways.get(column)
        if way is None:
            return values
        if way == "drop":
            return [None] * len(values)
        hide = self._hashed if way == "hash" else lambda _: _MASK
        return [None if value is None or value != value else hide(value) for value in values]

    def _hashed(self, value: Any) -> str:
        secret = self._secret()
        assert secret
        return blake2b(str(value).encode(), digest_size=16, key=blake2b(secret.encode()).digest()).hexdigest()

    def _secret(self) -> str | None:
        return self.secret or os.environ.get(_SECRET)
