"""Writing files: small ones together in packs, large ones each as an object, and none that the parent holds."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import numpy as np

from mlops_lite.base import progress
from mlops_lite.data.ahead import ahead
from mlops_lite.data.making import Made
from mlops_lite.data.statcache import StatCache, marks, now_ns
from mlops_lite.data.tree import FILE, LINK, Tree
from mlops_lite.data.walk import Entry, walk
from mlops_lite.errors import InvalidInputError

if TYPE_CHECKING:
    from mlops_lite.data.snapshot import Snapshot
    from mlops_lite.store import ObjectBatch, Store

__all__ = ["written"]

_SMALL = 1 << 20  # bytes; what is larger is an object of its own
_PACK = 8 << 20
_AT_ONCE = 256  # small files that a thread reads in one go
_WAITING = 8  # threads that wait for a disk
_NONE = bytes(32)
_Data = bytes | bytearray
_Read = TypeVar("_Read", bound=_Data | None)


def written(store: Store, path: str | os.PathLike[str], head: Snapshot | None) -> Made:
    """Write a file or folder.

    Parameters
    ----------
    store : Store
    path : path
    head : Snapshot, optional
        The newest version, of which nothing is written again.

    Returns
    -------
    Made

    Raises
    ------
    InvalidInputError
        Something in it cannot be kept.
    """
    root = os.path.realpath(os.fspath(path))
    read_at = now_ns()
    entries = walk(root, without=store.backend.local_path(""))
    stats = StatCache(root, store.cache)
    files = [entry for entry in entries if entry.kind == FILE]
    paths, now = [entry.path for entry in files], marks(files)
    others = _others(entries)
    if head is not None and stats.tree(paths, now, others) == head.digest:
        held = store.objects.reachable(head._record) - {head._record.inventory or ""}
        return Made({**head._record.body, "written": 0}, tuple(held))
    parent = Tree.decode(store.objects.read(head._record.body["manifest"])) if head and not head.is_table else None
    known = stats.known(paths, now)
    with store.objects.batch(reachable=parent.objects if parent is not None else ()) as batch:
        packer = _Packer(batch, root, parent)
        digests, places = packer.pack(files, known)
        tree = _tree(root, entries, digests, places, packer.sizes)
        same = head is not None and head.digest == tree.digest
        manifest = head._record.body["manifest"] if same and head is not None else batch.add(tree.encode())
        added = batch.written
    stats.keep(paths, now, digests, read_at, others, tree.digest)
    body = {
        "content": "files",
        "kind": "file" if tree.is_file else "folder",
        "digest": tree.digest,
        "manifest": manifest,
        "rows": tree.num_files,
        "nbytes": tree.nbytes,
        "written": added,
    }
    objects = parent.objects if same and parent is not None else tree.objects
    return Made(body, (manifest, *objects))


def _others(entries: list[Entry]) -> str:
    """Give what tells other folders and links: their paths, permissions and targets."""
    sink = hashlib.sha256()
    for entry in entries:
        if entry.kind != FILE:
            looks = (entry.path, b"%d %d" % (entry.kind, entry.found.st_mode), entry.target)
            sink.update(b"".join(b"%d:%s" % (len(look), look) for look in looks))
    return sink.hexdigest()


@attrs.define(eq=False)
class _Pack:
    """Small files on their way into one object."""

    files: list[tuple[int, bytes]] = attrs.Factory(list)  # the place and the digest of each
    contents: dict[bytes, _Data] = attrs.Factory(dict)  # of those that are stored nowhere yet
    size: int = 0


class _Packer:
    """Finds or makes a place for the content of each file."""

    def __init__(self, batch: ObjectBatch, root: str, parent: Tree | None) -> None:
        self._batch = batch
        self._root = os.fsencode(root)
        self._places = parent.places() if parent is not None else {}
        self._known_sizes = set(parent.sizes.tolist()) if parent is not None else set()
        self.sizes: dict[bytes, int] = {}  # of what was read: a file may grow between the walk and the reading

    def pack(self, files: list[Entry], known: list[bytes | None]) -> tuple[list[bytes], list[tuple[str, int]]]:
        """Give the digest and the place of each file; what is known by its looks and held by the parent is not read."""
        digests: list[bytes] = [digest if digest in self._places else _NONE for digest in map(_or_none, known)]
        unread = [place for place, digest in enumerate(digests) if digest == _NONE]
        with progress.bar(
            total=sum(files[place].found.st_size for place in unread), unit="B", description="read"
        ) as bar:
            for place, digest in self._stored(files, unread):
                digests[place] = digest
                bar.update(files[place].found.st_size)
        return digests, [self._places[digest] for digest in digests]

    def _stored(self, files: list[Entry], unread: list[int]) -> Iterator[tuple[int, bytes]]:
        """Store small files in packs, which are written while the next files are read; then each large one."""
        small = [place for place in unread if files[place].found.st_size < _SMALL]
        steps = (small[start : start + _AT_ONCE] for start in range(0, len(small), _AT_ONCE))
        read = ahead(lambda step: self._several([files[place] for place in step]), steps, threads=1)
        for pack, name in ahead(self._write, self._packs(read)):
            offset = 0
            for digest, data in pack.contents.items():
                self._places[digest] = (name, offset)
                offset += len(data)
            yield from pack.files
        for place in unread:
            if files[place].found.st_size >= _SMALL:
                yield place, self._large(files[place])

    def _packs(self, read: Iterable[tuple[list[int], list[tuple[bytes, _Data]]]]) -> Iterator[_Pack]:
        pack = _Pack()
        for places, found in read:
            for place, (digest, data) in zip(places, found, strict=True):
                pack.files.append((place, digest))
                if digest not in self._places and digest not in self.sizes:
                    pack.contents[digest] = data
                    pack.size += len(data)
                self.sizes[digest] = len(data)
                if pack.size >= _PACK:
                    yield pack
                    pack = _Pack()
        yield pack

    def _write(self, pack: _Pack) -> str:
        return self._batch.add(b"".join(pack.contents.values())) if pack.contents else ""

    def _several(self, entries: list[Entry]) -> list[tuple[bytes, _Data]]:
        """Read in this thread what is in memory: more would take the interpreter from each other. The rest in many."""
        found = [self._small(entry, _at_hand) for entry in entries]
        late = [entry for entry, data in zip(entries, found, strict=True) if data is None]
        read = ahead(lambda entry: self._small(entry, _read_all), late, threads=_WAITING)
        whole = [data if data is not None else next(read)[1] for data in found]
        return [(hashlib.sha256(data).digest(), data) for data in whole]

    def _small(self, entry: Entry, read: Callable[[int, int], _Read]) -> _Read:
        full = self._full(entry)
        try:
            descriptor = os.open(full, os.O_RDONLY | getattr(os, "O_BINARY", 0))
            try:
                return read(descriptor, entry.found.st_size)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _unreadable(full, error) from error

    def _large(self, entry: Entry) -> bytes:
        full = self._full(entry)
        try:
            if entry.found.st_size in self._known_sizes:  # most likely the file that the parent holds
                with open(full, "rb") as file:
                    digest = hashlib.file_digest(file, "sha256").digest()
                if digest in self._places:
                    return digest
            name = self._batch.add_file(os.fsdecode(full))
        except PermissionError as error:
            raise _unreadable(full, error) from error
        digest = bytes.fromhex(name)
        self._places[digest] = (name, 0)
        self.sizes[digest] = self._size(name)
        return digest

    def _full(self, entry: Entry) -> bytes:
        return os.path.join(self._root, entry.path) if entry.path else self._root

    def _size(self, name: str) -> int:
        return self._batch._objects.size(name)


def _or_none(digest: bytes | None) -> bytes:
    return digest or _NONE


def _at_hand(descriptor: int, expected: int) -> _Data | None:
    """Read a file of which the system holds all in memory; None where a disk must be waited for."""
    if not hasattr(os, "RWF_NOWAIT"):
        return _read_all(descriptor, expected)
    data = bytearray(expected + 1)
    try:
        if os.preadv(descriptor, [data], 0, os.RWF_NOWAIT) != expected:
            return None
    except BlockingIOError:
        return None
    except OSError:  # this disk cannot tell
        return _read_all(descriptor, expected)
    del data[expected:]
    return data


def _read_all(descriptor: int, expected: int) -> bytes:
    data = os.read(descriptor, expected + 1)
    if len(data) == expected:
        return data
    pieces = [data]
    while piece := os.read(descriptor, 1 << 20):  # it is growing, or the disk gives short answers
        pieces.append(piece)
    return b"".join(pieces)


def _unreadable(path: bytes, error: OSError) -> InvalidInputError:
    return InvalidInputError(
        f"{os.fsdecode(path)!r} cannot be read: {error.strerror}.",
        remedy="Allow reading it, or take it out of the folder.",
        path=os.fsdecode(path),
    )


def _tree(
    root: str, entries: list[Entry], digests: list[bytes], places: list[tuple[str, int]], read: dict[bytes, int]
) -> Tree:
    objects = list(dict.fromkeys(name for name, _ in places))
    number = {name: place for place, name in enumerate(objects)}
    is_file = np.array([entry.kind == FILE for entry in entries], bool)
    packs, offsets = np.full(len(entries), -1, np.int32), np.zeros(len(entries), np.int64)
    packs[is_file] = [number[name] for name, _ in places]
    offsets[is_file] = [offset for _, offset in places]
    content: Any = np.zeros(len(entries), "V32")
    content[is_file] = np.frombuffer(b"".join(digests), "V32")
    sizes = np.zeros(len(entries), np.int64)
    looks = [entry.found.st_size for entry in entries if entry.kind == FILE]
    sizes[is_file] = [read.get(digest, size) for digest, size in zip(digests, looks, strict=True)]
    return Tree(
        name=os.path.basename(root),
        is_file=len(entries) == 1 and entries[0].path == b"",
        paths=tuple(entry.path for entry in entries),
        kinds=np.array([entry.kind for entry in entries], np.int8),
        modes=np.array([0 if entry.kind == LINK else entry.found.st_mode & 0o777 for entry in entries], np.int32),
        sizes=sizes,
        digests=content,
        targets=tuple(entry.target for entry in entries),
        packs=packs,
        offsets=offsets,
        objects=tuple(objects),
    )
