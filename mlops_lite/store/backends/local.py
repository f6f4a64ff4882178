"""A folder of this machine's disk, or of one that it mounts."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote, urlparse

from mlops_lite.errors import InvalidInputError, UnsupportedStoreError
from mlops_lite.store import grace
from mlops_lite.store.backends import Stat
from mlops_lite.store.backends._sync import sync_all, sync_file, sync_folder, sync_path, write_back
from mlops_lite.store.guard import gone

__all__ = ["LocalBackend", "connect"]

_TEMPORARY = ".tmp-"
_CHUNK = 4 << 20
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
_RENAME_NOREPLACE = 1
_AT_FDCWD = -100
_READ_ONLY = 0o444
_MARGIN_S = 3600.0  # half of the grace period has passed for sure, and all of it not yet


def connect(url: str, options: Mapping[str, Any]) -> LocalBackend:
    """Open a folder by its path or ``file://`` URL."""
    if options:
        raise InvalidInputError(f"A local store takes no options; {', '.join(map(repr, options))} given.")
    path = url
    if url.startswith("file:"):
        parsed = urlparse(url)
        path = unquote(parsed.path)
    return LocalBackend(os.path.abspath(os.path.expanduser(path)))


class LocalBackend:
    """A folder. Records are created by hard link, which is exclusive and whole on every POSIX disk."""

    needs_proof = False  # proven by the code below and its tests: a link to a taken name fails

    def __init__(self, root: str) -> None:
        self.root = root
        self.url = root
        self._made: set[str] = set()  # folders known to exist and to be durable
        self._seen = False  # something was read here

    def _full(self, path: str) -> str:
        return f"{self.root}/{path}" if path else self.root

    def _open(self, path: str) -> int:
        try:
            descriptor = os.open(self._full(path), os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except (FileNotFoundError, NotADirectoryError):
            self._check_there()
            raise
        self._seen = True
        return descriptor

    def _check_there(self) -> None:
        """Tell a store that lacks something from one that went away, before anybody is told that it is empty."""
        if self._seen and not os.path.isdir(self.root):
            raise gone(self.root)

    def make_folder(self, folder: str, later: set[str] | None = None) -> None:
        """Make a folder, and make its name durable at once, or add what to sync to ``later``.

        A folder that is there may have been made a moment ago by a process that did not live to sync its name, so this
        is done once by every process.
        """
        if folder in self._made:
            return
        parent = os.path.dirname(folder)
        inside = folder.startswith(f"{self.root}/")
        if inside or not os.path.isdir(parent):
            self.make_folder(parent, later)
        if not os.path.isdir(folder):
            try:
                os.mkdir(folder)
            except FileExistsError:
                pass
            except FileNotFoundError:  # a folder above it, which this process made or saw
                raise gone(self.root) from None
            if not os.path.isdir(folder):
                raise NotADirectoryError(errno.ENOTDIR, "a file stands where a folder should be", folder)
        if later is not None and inside:
            later.add(parent)  # and the batch says when it is durable
            return
        with contextlib.nullcontext() if inside else contextlib.suppress(PermissionError):
            sync_folder(parent)  # what is above the store may not be ours to open
        self._made.add(folder)

    def create(self, path: str, data: bytes) -> None:
        """Create a record."""
        full = self._full(path)
        if os.path.lexists(full):  # a race already lost should not cost a sync
            raise FileExistsError(errno.EEXIST, "taken", full)
        folder = os.path.dirname(full)
        self.make_folder(folder)
        try:
            _create_exclusively(folder, full, data)
        except FileNotFoundError:  # somebody removed the folder that we remember
            self._made.clear()
            self.make_folder(folder)
            _create_exclusively(folder, full, data)
        sync_folder(folder)

    def replace(self, path: str, data: bytes) -> None:
        """Replace a small file."""
        full = self._full(path)
        self.make_folder(os.path.dirname(full))
        temporary = _temporary(full)
        try:
            with open(temporary, "wb") as file:
                file.write(data)
            os.replace(temporary, full)
        except BaseException:
            _remove(temporary)
            raise

    def read(self, path: str, start: int = 0, stop: int | None = None) -> bytes:
        """Read."""
        descriptor = self._open(path)
        try:
            end = os.fstat(descriptor).st_size if stop is None else stop
            return _read_all(descriptor, start, max(0, end - start))
        finally:
            os.close(descriptor)

    def read_many(self, paths: Iterable[str]) -> list[bytes | None]:
        """Read whole files."""
        return [self._read_or_none(path) for path in paths]

    def _read_or_none(self, path: str) -> bytes | None:
        try:
            return self.read(path)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read_ranges(self, path: str, ranges: list[tuple[int, int]]) -> list[bytes]:
        """Read ranges of one file."""
        descriptor = self._open(path)
        try:
            return [_read_all(descriptor, start, stop - start) for start, stop in ranges]
        finally:
            os.close(descriptor)

    def exists(self, path: str) -> bool:
        """Tell whether it is there."""
        return self.stat(path) is not None

    def stat(self, path: str) -> Stat | None:
        """Tell size and age."""
        try:
            found = os.stat(self._full(path))
        except (FileNotFoundError, NotADirectoryError):
            self._check_there()
            return None
        return Stat(path, found.st_size, found.st_mtime)

    def walk(self, prefix: str) -> Iterator[Stat]:
        """Walk a folder; temporary files are no files of the store."""
        try:
            entries = list(os.scandir(self._full(prefix)))
        except (FileNotFoundError, NotADirectoryError):
            self._check_there()
            return
        for entry in entries:
            path = f"{prefix}/{entry.name}" if prefix else entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from self.walk(path)
            elif not entry.name.startswith(_TEMPORARY):
                with contextlib.suppress(FileNotFoundError):
                    found = entry.stat()
                    yield Stat(path, found.st_size, found.st_mtime)

    def folders(self, prefix: str) -> list[str]:
        """Name the folders one level down."""
        try:
            with os.scandir(self._full(prefix)) as entries:
                return sorted(entry.name for entry in entries if entry.is_dir())
        except (FileNotFoundError, NotADirectoryError):
            self._check_there()
            return []

    def delete(self, paths: Iterable[str]) -> None:
        """Remove files."""
        for path in paths:
            _remove(self._full(path))

    def renew(self, path: str) -> None:
        """Set its time."""
        os.utime(self._full(path))

    def remove_old(self, path: str, before: float) -> None:
        """Set it aside first: a writer who replaced it a moment ago gets his file back."""
        full = self._full(path)
        aside = _temporary(full)
        try:
            os.rename(full, aside)
        except FileNotFoundError:
            return
        if os.stat(aside).st_mtime >= before:
            with contextlib.suppress(FileExistsError):
                _take_name(aside, full)
        _remove(aside)

    def leftovers(self, older_than: float) -> Iterator[str]:
        """Name the temporary files that killed writers left behind before a time."""
        for folder, _, names in os.walk(self.root):
            for name in names:
                full = os.path.join(folder, name)
                if name.startswith(_TEMPORARY):
                    with contextlib.suppress(FileNotFoundError):
                        if os.stat(full).st_mtime < older_than:
                            yield os.path.relpath(full, self.root).replace(os.sep, "/")

    def batch(self) -> LocalBatch:
        """Begin a batch."""
        return LocalBatch(self)

    def download(self, path: str, target: str) -> None:
        """Copy a file."""
        import shutil

        shutil.copyfile(self._full(path), target)

    def local_path(self, path: str) -> str | None:
        """Give the path on disk."""
        return self._full(path)

    def now(self) -> float:
        """Tell the time by the disk: a network disk's clock is its server's."""
        probe = f"{self.root}/{_TEMPORARY}{_token()}"
        self.make_folder(self.root)
        descriptor = os.open(probe, os.O_CREAT | os.O_WRONLY | os.O_EXCL)
        try:
            return os.fstat(descriptor).st_mtime
        finally:
            os.close(descriptor)
            _remove(probe)

    def identity(self) -> str:
        """Name the folder."""
        return self.root


class LocalBatch:
    """Files written under their final names, made durable together."""

    def __init__(self, backend: LocalBackend) -> None:
        self._backend = backend
        self._files: set[str] = set()
        self._folders: set[str] = set()
        self._parents: set[str] = set()  # of folders that became new
        self._lock = threading.Lock()

    def write(self, path: str, data: Any) -> None:
        """Write a small file in one call; it may stand there under its name before it is durable."""
        if not self.write_new(path, data):
            self._write_aside(self._backend._full(path), memoryview(data).cast("B"))

    def write_new(self, path: str, data: Any) -> bool:
        """Write a small file unless its name is taken."""
        full = self._prepare(path)
        try:
            descriptor = os.open(full, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), _READ_ONLY)
        except FileExistsError:
            return False
        except FileNotFoundError:
            self._backend._check_there()
            raise
        try:
            _write_all(descriptor, memoryview(data).cast("B"))
        except BaseException:
            _remove(full)
            raise
        finally:
            os.close(descriptor)
        with self._lock:
            self._files.add(full)
        return True

    def _write_aside(self, full: str, view: memoryview) -> None:
        temporary = _temporary(full)
        try:
            descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _READ_ONLY)
            try:
                _write_all(descriptor, view)
                sync_file(descriptor)  # replacing a name that others may hold: never by a file that is not there yet
            finally:
                os.close(descriptor)
            os.replace(temporary, full)
        except BaseException:
            _remove(temporary)
            raise
        with self._lock:
            self._files.add(full)

    def write_hashed(self, data: Any, path_of: Callable[[str], str], digest: str | None = None) -> str:
        """Hash in this thread while another writes."""
        view = memoryview(data).cast("B")
        folder = self._backend._full("objects")
        self._backend.make_folder(folder, self._parents)
        temporary = f"{folder}/{_TEMPORARY}{_token()}"
        try:
            with ThreadPoolExecutor(1) as pool:
                written = pool.submit(_write_through, temporary, view)
                digest = digest or hashlib.sha256(view).hexdigest()
                written.result()
            full = self._prepare(path_of(digest))
            _give_name(temporary, full)
        finally:
            _remove(temporary)
        with self._lock:
            self._files.add(full)
        return digest

    def _prepare(self, path: str) -> str:
        full = self._backend._full(path)
        folder = os.path.dirname(full)
        with self._lock:
            if folder not in self._folders:
                self._backend.make_folder(folder, self._parents)
                self._folders.add(folder)
        return full

    def keep(self, path: str) -> None:
        """Sync what another writer may not have synced yet."""
        full = self._backend._full(path)
        with self._lock:
            self._files.add(full)
            self._folders.add(os.path.dirname(full))

    def commit(self) -> None:
        """Sync files, then folders."""
        folders = self._folders | self._parents
        try:
            sync_all(self._backend.root, self._files, folders)
        except OSError:
            self._distrust()
            raise
        self._backend._made.update(folders)

    def _distrust(self) -> None:
        """Make files look too old to be reused: after a failed sync the next one may succeed though bytes are lost."""
        for full in self._files:
            with contextlib.suppress(OSError):
                aged = os.stat(full).st_mtime - grace.HALF_S - _MARGIN_S
                os.utime(full, (aged, aged))

    def abort(self) -> None:
        """Leave whole files to the garbage collection: another writer may have found them already."""


def _write_through(path: str, view: memoryview) -> None:
    """Write a large file in chunks, each sent on its way at once, so that the sync at the end finds little left."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), _READ_ONLY)
    try:
        for start in range(0, len(view), _CHUNK):
            _write_all(descriptor, view[start : start + _CHUNK])
            write_back(descriptor, start, _CHUNK)
    finally:
        os.close(descriptor)


def _give_name(temporary: str, full: str) -> None:
    """Give a file its name before it is durable; one that others may hold already, only when it is."""
    try:
        _take_name(temporary, full)
    except (FileExistsError, UnsupportedStoreError):
        sync_path(temporary)
        os.replace(temporary, full)


def _create_exclusively(folder: str, full: str, data: bytes) -> None:
    """Put a whole, synced file under a name that is free, or raise ``FileExistsError``."""
    if hasattr(os, "O_TMPFILE") and _link_nameless(folder, full, data):
        return
    temporary = _temporary(full)
    try:
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), _READ_ONLY)
        try:
            _write_all(descriptor, memoryview(data))
            sync_file(descriptor)
        finally:
            os.close(descriptor)
        _take_name(temporary, full)
    finally:
        _remove(temporary)


def _link_nameless(folder: str, full: str, data: bytes) -> bool:
    """Write a file without a name and link it: nothing is left after a kill. False where the disk cannot."""
    try:
        descriptor = os.open(folder, os.O_TMPFILE | os.O_WRONLY, _READ_ONLY)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL):
            return False
        raise
    try:
        _write_all(descriptor, memoryview(data))
        sync_file(descriptor)
        try:
            # a folder descriptor, though unused, makes Python call linkat with AT_SYMLINK_FOLLOW
            os.link(f"/proc/self/fd/{descriptor}", full, src_dir_fd=descriptor, follow_symlinks=True)
        except FileExistsError:
            raise
        except OSError:
            return False  # no /proc, or no links: the ways with a name say more
        return True
    finally:
        os.close(descriptor)


def _take_name(temporary: str, full: str) -> None:
    try:
        os.link(temporary, full)
    except FileExistsError:
        if os.stat(temporary).st_nlink != 2:  # two: our link landed and only the reply was lost (NFS)
            raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _rename_exclusively(temporary, full)


def _rename_exclusively(temporary: str, full: str) -> None:
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if hasattr(libc, "renameat2"):
            done = libc.renameat2(_AT_FDCWD, os.fsencode(temporary), _AT_FDCWD, os.fsencode(full), _RENAME_NOREPLACE)
            if done == 0:
                return
            if ctypes.get_errno() == errno.EEXIST:
                raise FileExistsError(errno.EEXIST, "taken", full)
    raise UnsupportedStoreError(
        f"The disk that holds {full!r} has neither hard links nor exclusive renames, so two writers could overwrite "
        "each other.",
        remedy="Choose a folder on another disk, or, if only one process ever writes: Store(url, single_writer=True).",
    )


def _write_all(descriptor: int, view: memoryview) -> None:
    while view:
        view = view[os.write(descriptor, view) :]


def _read_all(descriptor: int, start: int, length: int) -> bytes:
    if start == 0 and length <= _CHUNK:
        data = os.read(descriptor, length)
        if len(data) == length:
            return data
    os.lseek(descriptor, start, os.SEEK_SET)
    pieces = []
    while length > 0 and (piece := os.read(descriptor, min(length, 1 << 30))):
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces) if len(pieces) != 1 else pieces[0]


def _token() -> str:
    return f"{os.getpid():x}-{time.monotonic_ns():x}-{os.urandom(4).hex()}"


def _temporary(full: str) -> str:
    return f"{os.path.dirname(full)}/{_TEMPORARY}{_token()}"


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
