"""Values as plain data: small ones whole, larger ones by digest, the largest by description."""

from __future__ import annotations

import datetime
import enum
import hashlib
import os
import re
import sys
from collections.abc import Callable
from typing import Any

import attrs

from mlops_lite.base.ref import HasRef, Ref

__all__ = ["MOST_DIGESTED", "Described", "content_of", "describe", "digest_of", "is_described", "is_exact", "restore"]

MOST_DIGESTED = 64 << 20  # bytes; what is larger is described only
_MOST_TEXT = 2_000
_MOST_ITEMS = 200
_MOST_DEPTH = 8
_SHOWN = 200
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")  # says nothing to anybody in another process


@attrs.frozen
class Described:
    """A value that is too large, or too foreign, to be kept as it is.

    Parameters
    ----------
    type : str
        The qualified name of its class.
    text : str
        What it looks like, shortened.
    digest : str, optional
        Of its content; None where that could not be taken.
    nbytes : int, optional
        Its size.
    shape : tuple of int, optional
        Of arrays and frames.
    reason : str, optional
        Why there is no digest.
    changed_from : str, optional
        The ref of the snapshot that it was loaded from, and changed in place since.
    """

    type: str
    text: str = ""
    digest: str | None = None
    nbytes: int | None = None
    shape: tuple[int, ...] | None = None
    reason: str | None = None
    changed_from: str | None = None

    def __str__(self) -> str:
        return self.text or f"<{self.type}>"


def describe(value: Any, *, most: int = MOST_DIGESTED) -> Any:
    """Turn a value into plain data.

    Parameters
    ----------
    value : object
        Anything. Nothing of it is changed or used up, and nothing it does can raise here.
    most : int
        Bytes up to which a digest of a large value is taken.

    Returns
    -------
    plain data
        Numbers, text, short lists and dicts as they are; a ref as ``{"$ref": …}``; else ``{"$value": {…}}``.

    Examples
    --------
    >>> describe({"depth": 3, "sizes": (1, 2)})
    {'depth': 3, 'sizes': [1, 2]}
    >>> describe(object())["$value"]["type"]
    'builtins.object'
    """
    try:
        return _plain(value, 0, most)
    except _NotPlainError:
        pass
    except Exception as error:  # a user's class may raise whatever it likes, wherever it is touched
        return {"$value": {"type": _type_name(value), "reason": _reason(error)}}
    return {"$value": _large(value, most)}


def content_of(found: Any) -> Any:
    """Reduce a description to what tells one content from another."""
    if isinstance(found, dict):
        if found.keys() == {"$value"}:
            return {"$value": {key: found["$value"].get(key) for key in ("type", "digest")}}
        return {key: content_of(item) for key, item in found.items()}
    if isinstance(found, list):
        return [content_of(item) for item in found]
    return found


def is_described(found: Any) -> bool:
    """Tell whether a description stands for a value that is not plain data."""
    return isinstance(found, dict) and found.keys() == {"$value"}


def is_exact(value: Any, found: Any) -> bool:
    """Tell whether a value can be had again from its description: tuples, enumerations and paths cannot.

    Parameters
    ----------
    value : object
    found : plain data
        Its description; a ref stands for its value.
    """
    if is_described(found):
        return False
    return (isinstance(found, dict) and "$ref" in found) or _is_plain(value)


def _is_plain(value: Any) -> bool:
    kind = type(value)
    if kind is list:
        return all(map(_is_plain, value))
    if kind is dict:
        return all(map(_is_plain, value.values()))
    return value is None or kind in (bool, int, float, str)


def restore(found: Any) -> Any:
    """Turn plain data back into what a reader sees: refs and described values among it."""
    if isinstance(found, dict):
        if found.keys() == {"$value"}:
            fields = {key: item for key, item in found["$value"].items() if key in _FIELDS}
            if "shape" in fields:
                fields["shape"] = tuple(fields["shape"])
            return Described(**fields)
        if "$ref" in found:
            return Ref(found["$ref"])
        return {key: restore(item) for key, item in found.items()}
    if isinstance(found, list):
        return [restore(item) for item in found]
    return found


_FIELDS = frozenset(attribute.name for attribute in attrs.fields(Described))


class _NotPlainError(Exception):
    """The value is no plain data, or too much of it."""


def _plain(value: Any, depth: int, most: int) -> Any:
    kind = type(value)
    if value is None or kind is bool or kind is float:
        return value
    if kind is int:
        return value if -(1 << 63) <= value < 1 << 64 else _refuse()
    if kind is str:
        return value if len(value) <= _MOST_TEXT else _refuse()
    if isinstance(value, Ref):
        return {"$ref": str(value)}
    if kind in (list, tuple):
        _check_size(value, depth)
        return [_plain(item, depth + 1, most) for item in value]
    if kind is dict:
        _check_size(value, depth)
        if not all(type(key) is str for key in value):
            return _refuse()
        return {key: _plain(item, depth + 1, most) for key, item in value.items()}
    return _foreign(value, depth, most)


def _foreign(value: Any, depth: int, most: int) -> Any:
    if isinstance(value, enum.Enum):
        return _plain(value.value, depth, most)
    if isinstance(value, datetime.datetime):
        return value if value.tzinfo is not None else value.isoformat()
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, os.PathLike):
        return _plain(os.fspath(value), depth, most)
    if isinstance(value, bytes) and len(value) <= _SHOWN:
        return value
    if _is_numpy_scalar(value):
        return _plain(value.item(), depth, most)
    if isinstance(value, HasRef) and isinstance(value.ref, Ref):
        return {"$ref": str(value.ref)}
    if depth:
        return {"$value": _large(value, most)}
    return _refuse()


def _refuse() -> Any:
    raise _NotPlainError


def _check_size(value: Any, depth: int) -> None:
    if len(value) > _MOST_ITEMS or depth >= _MOST_DEPTH:
        raise _NotPlainError


def _is_numpy_scalar(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.generic)


def _large(value: Any, most: int) -> dict[str, Any]:
    found: dict[str, Any] = {"type": _type_name(value), "text": _text(value)}
    shape = _quietly(lambda: tuple(int(size) for size in value.shape))
    if shape is not None:
        found["shape"] = list(shape)
    size = _quietly(lambda: _nbytes(value))
    if size is not None:
        found["nbytes"] = size
    if size is not None and size > most:
        found["reason"] = f"larger than {most >> 20} MiB"
        return found
    try:
        found["digest"] = digest_of(value, most)
    except Exception as error:
        found["reason"] = _reason(error)
    return found


def digest_of(value: Any, most: int = MOST_DIGESTED) -> str:
    """Digest the content of any value, by its pickle; arrays without a copy.

    Raises
    ------
    OverflowError
        It is larger than ``most`` bytes.
    Exception
        It cannot be pickled.
    """
    if isinstance(value, str):
        return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return hashlib.sha256(value).hexdigest()
    import cloudpickle

    counter = _Digester(most)
    cloudpickle.CloudPickler(counter, protocol=5, buffer_callback=counter.take_buffer).dump(value)
    return counter.digest.hexdigest()


class _Digester:
    """A file that keeps nothing, and lets nobody write a 2 GB argument into memory."""

    def __init__(self, most: int) -> None:
        self.digest = hashlib.sha256()
        self._left = most

    def write(self, data: Any) -> int:
        view = memoryview(data)
        self._left -= view.nbytes
        if self._left < 0:
            raise OverflowError("larger than what is digested")
        self.digest.update(view)
        return view.nbytes

    def take_buffer(self, buffer: Any) -> bool:
        with buffer.raw() as view:
            self.write(len(view).to_bytes(8, "little"))
            self.write(view)
        return False


def _nbytes(value: Any) -> int:
    usage = getattr(value, "memory_usage", None)
    if callable(usage) and hasattr(value, "index"):  # pandas: shallow, so text in object columns is not walked through
        used = usage(index=True)
        return int(used.sum() if hasattr(used, "sum") else used)
    size = value.nbytes
    return int(size) if not callable(size) else int(size())


def _type_name(value: Any) -> str:
    kind = type(value)
    return f"{getattr(kind, '__module__', '?')}.{getattr(kind, '__qualname__', kind.__name__)}"


def _text(value: Any) -> str:
    if isinstance(value, (str, bytes, bytearray)):
        return repr(value[:_SHOWN]) + ("…" if len(value) > _SHOWN else "")
    if isinstance(value, (list, tuple, dict, set, frozenset)):
        return f"{type(value).__name__} of {len(value)}"
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    shape = _quietly(lambda: tuple(value.shape))
    if shape is not None:  # the text of a frame costs more than its digest
        kind = _quietly(lambda: str(value.dtype))
        sizes = " × ".join(str(size) for size in shape)
        return f"{type(value).__name__} {sizes}{f' {kind}' if kind else ''}"
    text = _ADDRESS.sub("", _quietly(lambda: repr(value)) or f"<{type(value).__name__}>")
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _quietly(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except Exception:  # repr, shape and nbytes of a foreign class may do anything
        return None


def _reason(error: Exception) -> str:
    text = _quietly(lambda: str(error)) or ""
    return f"{type(error).__name__}: {text[:_SHOWN]}" if text else type(error).__name__
