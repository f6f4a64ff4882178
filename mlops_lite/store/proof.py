"""The proof that a place honours exclusive create, made once from each machine before the first write."""

from __future__ import annotations

import contextlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor

from mlops_lite.base.digest import sha256
from mlops_lite.errors import StoreUnavailableError, UnsupportedStoreError
from mlops_lite.store.backends import Backend
from mlops_lite.store.cache import Cache

__all__ = ["FOLDER", "prove"]

_CREATORS = 8
_ROUNDS = 20  # a racy filesystem lets two win in 44 % of rounds of eight: 20 rounds miss it once in 100,000
_SECTION = "proof"
FOLDER = ".proof"


def prove(backend: Backend, cache: Cache) -> None:
    """Race creators of one name against each other, by the call that writes records.

    Parameters
    ----------
    backend : Backend
        The place.
    cache : Cache
        Where the proof is remembered, by URL and endpoint.

    Raises
    ------
    UnsupportedStoreError
        Two creators won, or the winner's bytes are not there.
    """
    key = sha256(backend.identity().encode())
    if cache.read(_SECTION, key):
        return
    folder = f"{FOLDER}/{os.urandom(8).hex()}"
    paths = [f"{folder}/{number}" for number in range(_ROUNDS)]
    try:
        with ThreadPoolExecutor(_CREATORS) as pool:
            for path in paths:
                _race(backend, path, pool)
    finally:
        with contextlib.suppress(Exception):  # clients of buckets have errors of their own
            backend.delete(paths)
    cache.write(_SECTION, key, b"exclusive create holds\n")


def _race(backend: Backend, path: str, pool: ThreadPoolExecutor) -> None:
    start = threading.Barrier(_CREATORS)
    troubles: list[Exception] = []

    def attempt(number: int) -> bytes | None:
        data = f"{number}:{os.urandom(8).hex()}".encode()
        start.wait()
        try:
            backend.create(path, data)
        except FileExistsError:
            return None
        except Exception as error:  # perhaps a conflict that the client does not name: the bytes decide below
            troubles.append(error)
            return None
        return data

    winners = [data for data in pool.map(attempt, range(_CREATORS)) if data is not None]
    if not winners and troubles:
        raise _unreachable(backend, troubles[0]) from troubles[0]
    if len(winners) != 1 or backend.read(path) != winners[0]:
        raise _refusal(backend, len(winners))


def _unreachable(backend: Backend, trouble: Exception) -> StoreUnavailableError:
    return StoreUnavailableError(
        f"Nothing can be written at {backend.url}: {trouble or type(trouble).__name__}.",
        remedy="Is there such a bucket, and may you write there?",
    )


def _refusal(backend: Backend, winners: int) -> UnsupportedStoreError:
    return UnsupportedStoreError(
        f"{backend.url} does not keep a promise that several writers need: of {_CREATORS} who created one file at "
        f"once, {winners} were told that they did. Records could be lost without a word.",
        remedy="Known to be good: local disks, Amazon S3, MinIO, Cloudflare R2, moto, Google Cloud Storage, Azure "
        "Blob Storage, azurite. If only one process ever writes here: ml.use(url, single_writer=True).",
        winners=winners,
    )
