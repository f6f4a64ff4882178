"""Pickles that runs keep: written within a size and without secrets, opened only where code may run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    import pickletools

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
        It needs more than the store is trusted with.
    DamagedError
        The bytes are not those that were written.
    """
    from mlops_lite.formats import trust as trusting

    data = store.objects.read(digest)
    return trusting.unpickle(memoryview(data), (), trusting.trust_of(store), what)


def require_code(store: Store, doing: str, call: str) -> None:
    """Refuse to run code from a store that is not trusted with it.

    Parameters
    ----------
    store : Store
    doing : str
        What would run it, for the message.
    call : str
        What to write again once it is trusted.

    Raises
    ------
    UntrustedError
    """
    from mlops_lite.formats import trust as trusting

    options = ", …" if store._options else ""
    remedy = f"If you trust all who can write there: ml.use({store.url!r}{options}, trusted='code'), then {call}."
    trusting.require(trusting.trust_of(store), "code", doing, "it runs recorded code", remedy)
