"""Pickles that runs keep: written within a size and without secrets, opened only where code may run."""

from __future__ import annotations

import os
import pickle
import pickletools
from typing import TYPE_CHECKING, Any

from mlops_lite.base.digest import sha256
from mlops_lite.errors import DamagedError, UntrustedError
from mlops_lite.tracking.masking import is_secret_name, mask_text

if TYPE_CHECKING:
    from mlops_lite.store import Store

__all__ = ["SMALL", "NotKeptError", "pickled", "require_code", "unpickle"]

SMALL = 64 << 10  # bytes up to which arguments, globals and results are kept whole by the way
_SEARCHED = 1 << 20


class NotKeptError(Exception):
    """Why a value is not kept."""


def pickled(value: Any, most: int | None = SMALL) -> bytes:
    """Pickle a value.

    Parameters
    ----------
    value : object
    most : int, optional
        Bytes; however many there are without it.

    Raises
    ------
    NotKeptError
        It cannot be pickled, is larger, or holds what looks like a secret.
    """
    import cloudpickle

    kept = _Kept(most)
    try:
        cloudpickle.CloudPickler(kept, protocol=5).dump(value)
    except NotKeptError:
        raise
    except Exception as error:
        raise NotKeptError(f"{type(error).__name__}: {error}") from error
    data = b"".join(kept.pieces)
    if _holds_secret(data, names=most is not None):
        raise NotKeptError("it holds what looks like a secret")
    return data


class _Kept:
    """A file in memory that refuses to grow beyond a size."""

    def __init__(self, most: int | None) -> None:
        self.pieces: list[bytes] = []
        self._most = most
        self._left = most or 0

    def write(self, data: Any) -> int:
        view = memoryview(data)
        self._left -= view.nbytes
        if self._most is not None and self._left < 0:
            raise NotKeptError(f"it is larger than {self._most >> 10} KiB")
        self.pieces.append(bytes(view))
        return view.nbytes


def _holds_secret(data: bytes, *, names: bool) -> bool:
    """Look for known secrets, and for attributes and keys that are named like one."""
    if len(data) <= _SEARCHED:
        text = data.decode("latin-1")
        if mask_text(text) != text:
            return True
    return names and any(isinstance(word, str) and is_secret_name(word) for _, word, _ in pickletools.genops(data))


def unpickle(store: Store, digest: str, what: str) -> Any:
    """Open a pickle, after its bytes were compared with its digest.

    Parameters
    ----------
    store : Store
    digest : str
    what : str
        What it is, for the message.

    Raises
    ------
    UntrustedError
        The store is not trusted with code.
    DamagedError
        The bytes are not those that were written.
    """
    require_code(store, f"Opening {what}")
    data = store.objects.read(digest)
    if sha256(data) != digest:
        raise DamagedError(f"{what} is not what was written.", digest=digest)
    return pickle.loads(data)


def require_code(store: Store, doing: str) -> None:
    """Refuse to run code from a store that is not trusted with it.

    Parameters
    ----------
    store : Store
    doing : str
        What would run it, for the message.

    Raises
    ------
    UntrustedError
    """
    if not _may_run_code(store):
        raise UntrustedError(
            f"{doing} can run code, and the store at {store.url} is not trusted with that.",
            remedy=f'If you trust whoever can write there: ml.use({store.url!r}, trusted="code").',
            needed="code",
        )


def _may_run_code(store: Store) -> bool:
    """Trust by the reader's word; without one a folder of his own that nobody else can write, and his own memory."""
    if store.trusted is not None:
        return store.trusted == "code"
    if store.url.startswith("memory:"):
        return True
    local = store.backend.local_path("")
    if local is None:
        return False
    try:
        found = os.stat(local)
    except OSError:
        return False
    return not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o022)
