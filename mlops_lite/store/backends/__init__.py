"""What a place must be able to do for a store to live in it; one file per place.

A plug-in is a module with a function ``connect(url, options) -> Backend``. Its file name is the scheme of its URLs
(``s3.py`` serves ``s3://…``); other packages name theirs in the entry-point group ``mlops_lite.backends``. The contract
suite ``mlops_lite.testing.BackendContract`` says the rest: inherit it and fill in one fixture.

Paths are relative to the place, with ``/`` between parts. A missing file is ``FileNotFoundError``, a taken one
``FileExistsError``; whatever else goes wrong is an ``OSError``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import attrs

from mlops_lite.base.extension import Extensions
from mlops_lite.errors import MissingLibraryError, UnsupportedStoreError, suggest

__all__ = ["BACKENDS", "Backend", "Batch", "Stat", "connect"]

BACKENDS = Extensions("mlops_lite.store.backends", group="mlops_lite.backends")

_ALIASES = {"file": "local", "gs": "gcs", "s3a": "s3", "az": "azure", "abfs": "azure", "abfss": "azure"}
_EXTRAS = {"s3": "s3", "gcs": "gcs", "azure": "azure"}
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+)(://|::)")


@attrs.frozen
class Stat:
    """What a place knows of a file.

    Parameters
    ----------
    path : str
        Relative to the place.
    size : int
        Bytes.
    modified : float
        Seconds since 1970 by the place's own clock.
    """

    path: str
    size: int
    modified: float


class Batch(Protocol):
    """Many files and one wait: nothing is promised before :meth:`commit` returns.

    Files never change their contents: who writes a path twice writes the same bytes.
    """

    def write(self, path: str, data: Any) -> None:
        """Write one file of at most a few megabytes. May be called from several threads."""
        ...

    def write_new(self, path: str, data: Any) -> bool:
        """Write one file unless its name is taken, where that is as cheap as looking; False: nothing was written."""
        ...

    def write_hashed(self, data: Any, path_of: Callable[[str], str], digest: str | None = None) -> str:
        """Write a large file while its SHA-256 is taken, unless it is known, and name it by that; give the digest."""
        ...

    def keep(self, path: str) -> None:
        """Make durable what another writer put there a moment ago."""
        ...

    def commit(self) -> None:
        """Wait until all of it survives a power cut (local disk) or is acknowledged (elsewhere)."""
        ...

    def abort(self) -> None:
        """Forget it; whole files that were written already may stay."""
        ...


class Backend(Protocol):
    """A place: a folder, a bucket prefix, or memory."""

    url: str
    needs_proof: bool  # exclusive create is somebody else's promise

    def create(self, path: str, data: bytes) -> None:
        """Write a new file: whole, durable, and by one writer only. The others get ``FileExistsError``."""
        ...

    def replace(self, path: str, data: bytes) -> None:
        """Write a file or overwrite it, whole; not waited for."""
        ...

    def read(self, path: str, start: int = 0, stop: int | None = None) -> bytes:
        """Read a file or a range of it."""
        ...

    def read_many(self, paths: Iterable[str]) -> list[bytes | None]:
        """Read whole files at once; None for the missing."""
        ...

    def read_ranges(self, path: str, ranges: list[tuple[int, int]]) -> list[bytes]:
        """Read ranges of one file at once."""
        ...

    def exists(self, path: str) -> bool:
        """Tell whether a file is there."""
        ...

    def stat(self, path: str) -> Stat | None:
        """Tell size and age of a file; None where there is none."""
        ...

    def walk(self, prefix: str) -> Iterator[Stat]:
        """List every file below a folder, in any order; nothing where there is no folder."""
        ...

    def folders(self, prefix: str) -> list[str]:
        """Name the folders directly below a folder."""
        ...

    def delete(self, paths: Iterable[str]) -> None:
        """Remove files; missing ones are passed over."""
        ...

    def renew(self, path: str) -> None:
        """Make a file as young as one written now; its contents stay.

        Raises
        ------
        FileNotFoundError
            It is gone.
        """
        ...

    def remove_old(self, path: str, before: float) -> None:
        """Remove a file unless it was written again after a time; as nearly at once as the place can."""
        ...

    def batch(self) -> Batch:
        """Begin a batch."""
        ...

    def download(self, path: str, target: str) -> None:
        """Copy a file into a local one."""
        ...

    def local_path(self, path: str) -> str | None:
        """Give the path on this machine's disk, where there is one."""
        ...

    def now(self) -> float:
        """Tell the time by the place's own clock, in seconds since 1970."""
        ...

    def identity(self) -> str:
        """Name the place and its server, without secrets: what a proof of it is remembered by."""
        ...


def connect(url: str, options: Mapping[str, Any]) -> Backend:
    """Open the place that a URL names.

    Parameters
    ----------
    url : str
        A path, or a URL whose scheme is a backend's name or a filesystem of fsspec.
    options : mapping
        Passed on to the filesystem.

    Returns
    -------
    Backend

    Raises
    ------
    UnsupportedStoreError
        Nobody knows the scheme.
    MissingLibraryError
        The library for the scheme is not installed.
    """
    match = _SCHEME.match(url)
    scheme = match[1].lower() if match else "local"
    name = _ALIASES.get(scheme, scheme)
    if name not in BACKENDS:
        return _foreign(url, name, options)
    try:
        backend: Backend = BACKENDS.load(name).connect(url, options)
    except ImportError as error:
        extra = _EXTRAS.get(name, name)
        raise MissingLibraryError(
            f"A store at {url!r} needs a library that is not installed ({error}).",
            remedy=f"pip install 'mlops_lite[{extra}]'",
        ) from error
    return backend


def _foreign(url: str, scheme: str, options: Mapping[str, Any]) -> Backend:
    from mlops_lite.store.backends import _fsspec

    if not _fsspec.knows(scheme):
        known = [*BACKENDS.names(), "file"]
        raise UnsupportedStoreError(f"Nobody here knows {scheme}:// ({url!r}).", remedy=suggest(scheme, known))
    try:
        return _fsspec.connect(url, options)
    except ImportError as error:
        raise MissingLibraryError(f"A store at {url!r} needs a library: {error}.") from error
