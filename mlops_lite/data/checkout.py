"""Checking files out: copies, so that nothing that is done to them reaches the store."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_lite.base import progress
from mlops_lite.base.digest import sha256
from mlops_lite.data.statcache import marks
from mlops_lite.data.tree import FILE, FOLDER, LINK, Tree
from mlops_lite.data.walk import walk
from mlops_lite.errors import DamagedError, InvalidInputError, InvalidTypeError, NotFoundError

if TYPE_CHECKING:
    from mlops_lite.data.snapshot import Snapshot
    from mlops_lite.store import Store

__all__ = ["checkout", "tree_of"]

_SECTION = "checkouts"
_MOST_BYTES = 20 << 30
_CHUNK = 8 << 20
_DAY_S = 86_400


def tree_of(snapshot: Snapshot) -> Tree:
    """Read the manifest of a snapshot of files.

    Raises
    ------
    InvalidTypeError
        It is a table.
    """
    if snapshot.is_table:
        raise InvalidTypeError(
            f"{snapshot.ref} is a table, not a file or folder.", remedy="snapshot.to_parquet(path) writes one."
        )
    return Tree.decode(snapshot.store.objects.read(snapshot._record.body["manifest"]))


def checkout(snapshot: Snapshot, target: str | os.PathLike[str] | None = None) -> Path:
    """Write the files of a snapshot.

    Parameters
    ----------
    snapshot : Snapshot
    target : path, optional
        Where; it must not exist, or be an empty folder. Without it a place in the cache, which is used again as long
        as nobody changed it.

    Returns
    -------
    Path
        The file or folder.

    Raises
    ------
    InvalidInputError
        Something stands at the target.
    DamagedError
        The store does not hold what was written; names the file.
    """
    tree = tree_of(snapshot)
    if target is None:
        return _cached(snapshot, tree)
    place = Path(target)
    if place.exists() and not (place.is_dir() and not any(place.iterdir()) and not tree.is_file):
        raise InvalidInputError(f"Something stands at {str(place)!r} already.", remedy="Choose another place.")
    temporary = place.with_name(f".{place.name}.{os.urandom(4).hex()}")
    try:
        _write(snapshot, tree, temporary)
        if place.is_dir():
            place.rmdir()
        os.rename(temporary, place)
    except BaseException:
        _remove(temporary)
        raise
    return place


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        for folder, _, _ in os.walk(path):
            with contextlib.suppress(OSError):
                os.chmod(folder, 0o700)
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _cached(snapshot: Snapshot, tree: Tree) -> Path:
    """Find a checkout in the cache that nobody changed, or make one; one that was changed is its owner's to keep."""
    folder = snapshot.store.cache.path(_SECTION, snapshot.digest)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for marker in sorted(folder.glob("*.json")):
        place = folder / marker.stem / tree.name
        if _is_clean(marker, place):
            os.utime(marker)
            return place
    _trim(folder.parent)
    name = os.urandom(6).hex()
    inside = folder / name
    inside.mkdir(mode=0o700)
    place = inside / tree.name
    try:
        _write(snapshot, tree, place)
        _mark(folder / f"{name}.json", place, tree)
    except BaseException:
        _remove(inside)
        raise
    return place


def _looks(place: Path) -> str:
    entries = walk(str(place))
    files = [entry for entry in entries if entry.kind == FILE]
    rest = [(os.fsdecode(entry.path), entry.kind, entry.found.st_mode, os.fsdecode(entry.target)) for entry in entries]
    return sha256(json.dumps(rest).encode() + np.ascontiguousarray(marks(files)).tobytes())


def _mark(marker: Path, place: Path, tree: Tree) -> None:
    marker.write_text(json.dumps({"looks": _looks(place), "nbytes": tree.nbytes, "made": time.time_ns()}))


def _is_clean(marker: Path, place: Path) -> bool:
    with contextlib.suppress(OSError, ValueError, KeyError, InvalidInputError, NotFoundError):
        return bool(json.loads(marker.read_text())["looks"] == _looks(place))
    return False


def _trim(section: Path) -> None:
    """Remove the checkouts that were asked for longest ago, once there is too much of them."""
    found: list[tuple[float, Path, int]] = []
    for marker in section.glob("*/*.json"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            found.append((marker.stat().st_mtime, marker, json.loads(marker.read_text())["nbytes"]))
    total = sum(size for _, _, size in found)
    for asked, marker, size in sorted(found):
        if total <= _MOST_BYTES or time.time() - asked < _DAY_S:
            return
        _remove(marker.with_suffix(""))
        marker.unlink(missing_ok=True)
        total -= size


def _write(snapshot: Snapshot, tree: Tree, target: Path) -> None:
    root = os.fsencode(target)
    if not tree.is_file:
        os.mkdir(root, 0o700)
        for place in np.flatnonzero(tree.kinds == FOLDER):
            os.mkdir(os.path.join(root, tree.paths[place]), 0o700)
    _write_files(snapshot, tree, root)
    for place in np.flatnonzero(tree.kinds == LINK):
        os.symlink(tree.targets[place], os.path.join(root, tree.paths[place]))
    for place in np.flatnonzero(tree.kinds == FOLDER)[::-1]:  # last, from the inside: one may be closed to writing
        os.chmod(os.path.join(root, tree.paths[place]), int(tree.modes[place]))


def _write_files(snapshot: Snapshot, tree: Tree, root: bytes) -> None:
    files = np.flatnonzero(tree.kinds == FILE)
    by_object = files[np.lexsort((tree.offsets[files], tree.packs[files]))].tolist()
    data = b""
    held = -1
    with progress.bar(total=tree.nbytes, unit="B", description="check out") as bar:
        for place in by_object:
            pack, size = int(tree.packs[place]), int(tree.sizes[place])
            full = os.path.join(root, tree.paths[place]) if tree.paths[place] else root
            if size > _CHUNK:
                _write_large(snapshot, tree, place, full)
            else:
                if pack != held:
                    data, held = _pack(snapshot, tree, place), pack
                start = int(tree.offsets[place])
                _write_file(full, memoryview(data)[start : start + size], int(tree.modes[place]))
            bar.update(size)


def _pack(snapshot: Snapshot, tree: Tree, place: int) -> bytes:
    try:
        return snapshot.store.objects.read(tree.objects[int(tree.packs[place])])
    except (DamagedError, NotFoundError) as error:
        raise _damage(snapshot, tree, place, error) from error


def _write_large(snapshot: Snapshot, tree: Tree, place: int, full: bytes) -> None:
    store: Store = snapshot.store
    name = tree.objects[int(tree.packs[place])]
    try:
        with store.objects.map(name, readonly=True, verify="always") as data:
            _write_file(full, data, int(tree.modes[place]))
    except (DamagedError, NotFoundError) as error:
        raise _damage(snapshot, tree, place, error) from error


def _write_file(full: bytes, data: Any, mode: int) -> None:
    descriptor = os.open(full, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)
    try:
        view = memoryview(data)
        while len(view):
            view = view[os.write(descriptor, view) :]
        os.chmod(full, mode)
    finally:
        os.close(descriptor)


def _damage(snapshot: Snapshot, tree: Tree, place: int, error: Exception) -> DamagedError:
    pack = tree.packs[place]
    others = [tree.path(other) or tree.name for other in np.flatnonzero(tree.packs == pack).tolist()]
    more = f" and {len(others) - 1} more files" if len(others) > 1 else ""
    what = "is missing" if isinstance(error, NotFoundError) else "is damaged"
    return DamagedError(
        f"{snapshot.ref}: the object that holds {(tree.path(place) or tree.name)!r}{more} {what}.",
        remedy="A copy of the store gives it back: copy.sync(to=store).",
        version=str(snapshot.ref),
        paths=others,
        digest=tree.objects[int(pack)],
    )
