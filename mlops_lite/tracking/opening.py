"""Opening pickles that runs kept: only from a store that may run code here."""

from __future__ import annotations

import os
import pickle
from typing import TYPE_CHECKING, Any

from mlops_lite.base.digest import sha256
from mlops_lite.errors import DamagedError, UntrustedError

if TYPE_CHECKING:
    from mlops_lite.store import Store

__all__ = ["unpickle"]


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
    if not _may_run_code(store):
        raise UntrustedError(
            f"Opening {what} can run code, and the store at {store.url} is not trusted with that.",
            remedy=f'If you trust whoever can write there: ml.use({store.url!r}, trusted="code").',
            needed="code",
        )
    data = store.objects.read(digest)
    if sha256(data) != digest:
        raise DamagedError(f"{what} is not what was written.", digest=digest)
    return pickle.loads(data)


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
