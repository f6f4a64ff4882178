"""Canonical JSON: one value, one sequence of bytes, whatever the machine.

Keys sorted, no spaces, ASCII, the shortest decimal that reads back as the same float. What JSON lacks is a tagged
object with one key: ``{"$float": "nan"}``, ``{"$time": "2026-11-01T09:00:00.000000+00:00"}``, ``{"$bytes": "…"}``
(base 64). A key of the user's own that begins with ``$`` is written with one more.
"""

from __future__ import annotations

import base64
import functools
import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from mlops_lite.errors import DamagedError, InvalidInputError, InvalidTypeError

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["decode", "encode", "structure", "unstructure"]

T = TypeVar("T")
_AS_IT_IS = frozenset((type(None), str, bool, int))


def encode(value: Any) -> bytes:
    """Write a value.

    Parameters
    ----------
    value : None, bool, int, float, str, bytes, datetime, list, tuple or mapping with str keys
        Tuples become lists. Datetimes need a time zone and keep it as an offset.

    Returns
    -------
    bytes
        ASCII.

    Raises
    ------
    InvalidTypeError
        Somewhere inside is a value of another type; the message says where.
    InvalidInputError
        It is nested too deeply, refers to itself, or holds a number of thousands of digits.

    Examples
    --------
    >>> encode({"b": float("nan"), "a": (1, 2.5, None)})
    b'{"a":[1,2.5,null],"b":{"$float":"nan"}}'
    """
    try:
        plain = _plain(value, "")
        return json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")
    except (ValueError, RecursionError) as error:  # thousands of digits, or of levels
        raise InvalidInputError(f"This cannot be written as JSON: {error}.") from error


def _plain(value: Any, where: str) -> Any:
    kind = type(value)
    if kind in _AS_IT_IS:
        return value
    if kind is float:
        return value if math.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, Mapping):
        pairs = value.items()
        return {_key(k, where): v if type(v) in _AS_IT_IS else _plain(v, f"{where}.{k}") for k, v in pairs}
    if isinstance(value, (list, tuple)):
        return [v if type(v) in _AS_IT_IS else _plain(v, f"{where}[{index}]") for index, v in enumerate(value)]
    if isinstance(value, datetime):
        return {"$time": _instant(value, where)}
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"$bytes": base64.b64encode(value).decode("ascii")}
    for base in (str, bool, int, float):  # subclasses, such as a ref or an enumeration
        if isinstance(value, base):
            return _plain(base(value) if base is not str else str.__str__(value), where)
    raise InvalidTypeError(
        f"A {type(value).__name__} cannot be written as JSON (at {where.lstrip('.') or 'the top'}).",
        remedy="Convert it to numbers, text, lists or a dict first.",
    )


def _key(key: Any, where: str) -> str:
    if not isinstance(key, str):
        raise InvalidTypeError(f"The key {key!r} at {where.lstrip('.') or 'the top'} is not text.")
    return "$" + key if key.startswith("$") else str.__str__(key)


def _instant(value: datetime, where: str) -> str:
    if value.tzinfo is None:
        raise InvalidTypeError(
            f"The time {value} at {where.lstrip('.') or 'the top'} has no time zone.",
            remedy="Add one: value.replace(tzinfo=datetime.UTC).",
        )
    return value.isoformat(timespec="microseconds")


def decode(data: bytes | str) -> Any:
    """Read a value back.

    Raises
    ------
    DamagedError
        The bytes are not canonical JSON.

    Examples
    --------
    >>> decode(b'{"when":{"$time":"2026-11-01T09:00:00.000000+00:00"}}')
    {'when': datetime.datetime(2026, 11, 1, 9, 0, tzinfo=datetime.timezone.utc)}
    """
    try:
        return json.loads(data, object_hook=_untag)
    except (ValueError, TypeError, RecursionError) as error:
        raise DamagedError(f"These bytes are not JSON: {error}.") from error


def _untag(found: dict[str, Any]) -> Any:
    if len(found) == 1:
        ((key, value),) = found.items()
        if key in _TAGS:
            return _TAGS[key](value)
    if any(key.startswith("$") for key in found):
        return {key[1:] if key.startswith("$") else key: value for key, value in found.items()}
    return found


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if not found.utcoffset() else found


_TAGS: dict[str, Callable[[Any], Any]] = {"$float": float, "$time": _time, "$bytes": base64.b64decode}


def unstructure(value: Any) -> Any:
    """Turn attrs values into what :func:`encode` writes. Fields that equal their default are left out."""
    return _converter().unstructure(value)


def structure(data: Any, cls: type[T]) -> T:
    """Turn what :func:`decode` read into an attrs value.

    A class with a field ``extra`` (a mapping) keeps fields there that it does not know, so that what a newer version
    wrote survives a round trip.

    Raises
    ------
    DamagedError
        The data do not fit the class.
    """
    try:
        return _converter().structure(data, cls)
    except Exception as error:  # cattrs gathers errors of any kind into groups
        from cattrs import transform_error

        raise DamagedError(f"This is no {cls.__name__}: {'; '.join(transform_error(error))}.") from error


@functools.cache
def _converter() -> Converter:
    import attrs
    from cattrs import Converter
    from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn

    converter = Converter(omit_if_default=True)
    for plain in (datetime, bytes):
        converter.register_unstructure_hook(plain, lambda value: value)
        converter.register_structure_hook(plain, lambda value, _: value)

    def keeps_extra(cls: Any) -> bool:
        return attrs.has(cls) and any(field.name == "extra" for field in attrs.fields(cls))

    def write(cls: Any) -> Any:
        inner = make_dict_unstructure_fn(cls, converter, _cattrs_omit_if_default=True)

        def unstructured(value: Any) -> dict[str, Any]:
            found = inner(value)
            return {**found.pop("extra", {}), **found}

        return unstructured

    def read(cls: Any) -> Any:
        inner = make_dict_structure_fn(cls, converter)
        known = {field.name for field in attrs.fields(cls)} - {"extra"}

        def structured(data: Mapping[str, Any], _: Any) -> Any:
            own = {key: value for key, value in data.items() if key in known}
            own["extra"] = {key: value for key, value in data.items() if key not in known}
            return inner(own, cls)

        return structured

    converter.register_unstructure_hook_factory(keeps_extra, write)
    converter.register_structure_hook_factory(keeps_extra, read)
    return converter
