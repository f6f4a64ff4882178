"""What all filesystems of fsspec share; a bucket's own file says only where it differs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import fsspec
from fsspec.utils import stringify_path

from mlops_lite.base.digest import sha256
from mlops_lite.base.fork import in_child
from mlops_lite.store.backends import Stat

__all__ = ["CLOCK", "FsspecBackend", "connect", "knows"]

CLOCK = ".clock"  # the folder of files whose age tells the time
_TOGETHER = 16 << 20  # bytes of small files that wait in memory for one parallel send

_forks = [0]
in_child(lambda: _forks.__setitem__(0, _forks[0] + 1))


def knows(scheme: str) -> bool:
    """Tell whether fsspec has a filesystem of that name."""
    return scheme in fsspec.available_protocols()


def connect(url: str, options: Mapping[str, Any]) -> FsspecBackend:
    """Open a place by URL."""
    return FsspecBackend(url, options)


class FsspecBackend:
    """A prefix of a filesystem that fsspec knows."""

    needs_proof = True
    whole: Mapping[str, Any] = {}  # how to ask for a whole file in one request

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        self.url = url.rstrip("/")
        self._options = dict(options)
        self._local = threading.local()
        self._forks = -1
        self._filesystem: Any = None
        self.fs  # noqa: B018 - say now what is wrong with URL and options

    @property
    def fs(self) -> Any:
        """The filesystem; a new one in a forked child, where an inherited one would raise."""
        if self._forks != _forks[0]:
            self._filesystem, root = fsspec.core.url_to_fs(self.url, **self._settings())
            self._tune(self._filesystem)
            self._root = stringify_path(root).rstrip("/")
            self._forks = _forks[0]
        return self._filesystem

    def _settings(self) -> dict[str, Any]:
        """Say what we need of the filesystem besides the user's options: no listing that others' writes outdate."""
        return {"use_listings_cache": False, **self._options}

    def _tune(self, filesystem: Any) -> None:
        """Set at a new filesystem what no option of it says; nothing here."""

    def _full(self, path: str) -> str:
        fs = self.fs
        assert fs is not None
        return f"{self._root}/{path}" if path else self._root

    def large(self, size: int) -> Mapping[str, Any]:
        """Say how to send a large file; as the filesystem likes it by default."""
        return {}

    def create(self, path: str, data: bytes) -> None:
        """Create, by the filesystem's own exclusive create."""
        self.fs.pipe_file(self._full(path), data, mode="create")

    def replace(self, path: str, data: bytes) -> None:
        """Overwrite."""
        self.fs.pipe_file(self._full(path), data)

    def read(self, path: str, start: int = 0, stop: int | None = None) -> bytes:
        """Read."""
        if start == 0 and stop is None:
            return bytes(self.fs.cat_file(self._full(path), **self.whole))
        if stop is not None and stop <= start:
            return b""
        return bytes(self.fs.cat_file(self._full(path), start=start, end=stop))

    def read_many(self, paths: Iterable[str]) -> list[bytes | None]:
        """Read whole files in parallel."""
        full = [self._full(path) for path in paths]
        if not full:
            return []
        if len(full) == 1:
            return [_bytes_or_none(self._read_or_error(full[0]))]
        found = self.fs.cat(full, on_error="return", **self.whole)
        return [_bytes_or_none(found[path]) for path in full]

    def _read_or_error(self, full: str) -> Any:
        try:
            return self.fs.cat_file(full, **self.whole)
        except OSError as error:
            return error

    def read_ranges(self, path: str, ranges: list[tuple[int, int]]) -> list[bytes]:
        """Read ranges in parallel."""
        full = self._full(path)
        starts, stops = [start for start, _ in ranges], [stop for _, stop in ranges]
        return list(self.fs.cat_ranges([full] * len(ranges), starts, stops, on_error="raise"))

    def exists(self, path: str) -> bool:
        """Tell whether it is there."""
        return self.stat(path) is not None

    def stat(self, path: str) -> Stat | None:
        """Tell size and age."""
        try:
            found = self.fs.info(self._full(path), refresh=True)
        except FileNotFoundError:
            return None
        return Stat(path, found["size"], _modified(found)) if found["type"] == "file" else None

    def walk(self, prefix: str) -> Iterator[Stat]:
        """List all below."""
        full = self._full(prefix)
        try:
            found = self.fs.find(full, detail=True, refresh=True)
        except FileNotFoundError:
            return
        self.fs.invalidate_cache()
        for path, entry in found.items():
            yield Stat(self._relative(path), entry["size"], _modified(entry))

    def _relative(self, path: str) -> str:
        return path.lstrip("/")[len(self._root.lstrip("/")) :].lstrip("/")

    def folders(self, prefix: str) -> list[str]:
        """Name the folders one level down."""
        try:
            found = self.fs.ls(self._full(prefix), detail=True, refresh=True)
        except FileNotFoundError:
            return []
        self.fs.invalidate_cache()
        return sorted(entry["name"].rstrip("/").rpartition("/")[2] for entry in found if entry["type"] == "directory")

    def delete(self, paths: Iterable[str]) -> None:
        """Remove files."""
        for path in paths:
            try:
                self.fs.rm_file(self._full(path))
            except FileNotFoundError:
                continue

    def renew(self, path: str) -> None:
        """Write it again: no bucket changes an age alone."""
        self.replace(path, self.read(path))

    def remove_old(self, path: str, before: float) -> None:
        """Look once more, then remove: no bucket removes on a condition of age."""
        found = self.stat(path)
        if found is not None and found.modified < before:
            self.delete([path])

    def batch(self) -> FsspecBatch:
        """Begin a batch."""
        return FsspecBatch(self)

    def download(self, path: str, target: str) -> None:
        """Copy a file to this machine, as the filesystem does it: as it arrives, not whole in memory."""
        self.fs.get_file(self._full(path), target)

    def local_path(self, path: str) -> str | None:
        """Give no path: the bytes are elsewhere."""
        return None

    def now(self) -> float:
        """Tell the time by the place's clock: the age of a file written now."""
        path = f"{CLOCK}/{os.urandom(8).hex()}"
        self.replace(path, b"")
        try:
            found = self.stat(path)
            assert found is not None
            return found.modified
        finally:
            self.delete([path])

    def identity(self) -> str:
        """Name URL and endpoint."""
        options = self._options
        endpoint = options.get("endpoint_url") or (options.get("client_kwargs") or {}).get("endpoint_url") or ""
        return f"{self.url} {endpoint}"


class FsspecBatch:
    """Files sent one by one, or several at once; an acknowledged file is durable."""

    def __init__(self, backend: FsspecBackend) -> None:
        self._backend = backend
        self._waiting: dict[str, bytes] = {}
        self._size = 0
        self._lock = threading.Lock()

    def write(self, path: str, data: Any) -> None:
        """Gather small files to be sent together."""
        with self._lock:
            self._waiting[self._backend._full(path)] = bytes(data)
            self._size += len(data)
            if self._size < _TOGETHER:
                return
            waiting, self._waiting, self._size = self._waiting, {}, 0
        self._backend.fs.pipe(waiting)

    def write_new(self, path: str, data: Any) -> bool:
        """Do nothing: looking is a small request, writing may be a large one."""
        return False

    def write_hashed(self, data: Any, path_of: Callable[[str], str], digest: str | None = None) -> str:
        """Hash, then send: a bucket has no renames."""
        digest = digest or sha256(data)
        view = memoryview(data).cast("B")
        self._backend.fs.pipe_file(self._backend._full(path_of(digest)), bytes(view), **self._backend.large(len(view)))
        return digest

    def keep(self, path: str) -> None:
        """Do nothing: what is there is durable."""

    def commit(self) -> None:
        """Send what waits."""
        if self._waiting:
            self._backend.fs.pipe(self._waiting)
            self._waiting = {}

    def abort(self) -> None:
        """Send nothing more."""
        self._waiting = {}


def _bytes_or_none(found: Any) -> bytes | None:
    if isinstance(found, FileNotFoundError):
        return None
    if isinstance(found, BaseException):
        raise found
    return bytes(found)


def _modified(entry: Mapping[str, Any]) -> float:
    for key in ("LastModified", "last_modified", "updated", "mtime", "created"):
        value = entry.get(key)
        if value is None:
            continue
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        return float(value)
    return 0.0
