"""Walking over files that are to be kept, and refusing what cannot be."""

from __future__ import annotations

import os
import stat
from pathlib import PurePosixPath

import attrs

from mlops_lite.data.tree import FILE, FOLDER, LINK
from mlops_lite.errors import InvalidInputError, NotFoundError

__all__ = ["Entry", "walk"]


@attrs.define(slots=True)
class Entry:
    """One file, folder or link.

    Parameters
    ----------
    path : bytes
        Relative to the root; empty for a root that is a file.
    kind : int
    found : os.stat_result
        Of itself, not of what a link leads to.
    target : bytes
        Where a link leads.
    """

    path: bytes
    kind: int
    found: os.stat_result
    target: bytes = b""


def walk(root: str, *, without: str | None = None) -> list[Entry]:
    """List what stands below a folder, sorted by path; of a file only itself.

    Parameters
    ----------
    root : str
    without : str, optional
        A folder to pass over: the store, where it lies inside.

    Returns
    -------
    list of Entry

    Raises
    ------
    NotFoundError
        There is nothing at that path.
    InvalidInputError
        A socket, pipe or device, or a link that leaves the tree.
    """
    try:
        found = os.stat(root)
    except FileNotFoundError:
        raise NotFoundError(
            f"There is no file or folder {root!r}.", remedy=f"It would be at {os.path.abspath(root)}.", path=root
        ) from None
    if stat.S_ISREG(found.st_mode):
        return [Entry(b"", FILE, found)]
    if not stat.S_ISDIR(found.st_mode):
        raise _odd(root, found.st_mode)
    entries: list[Entry] = []
    _walk(os.fsencode(root), b"", entries, os.fsencode(os.path.realpath(without)) if without else None)
    entries.sort(key=lambda entry: entry.path)
    return entries


def _walk(root: bytes, below: bytes, entries: list[Entry], without: bytes | None) -> None:
    folder = os.path.join(root, below) if below else root
    with os.scandir(folder) as found:
        for item in found:
            path = below + b"/" + item.name if below else item.name
            seen = item.stat(follow_symlinks=False)
            mode = seen.st_mode
            if stat.S_ISREG(mode):
                entries.append(Entry(path, FILE, seen))
            elif stat.S_ISDIR(mode):
                if without is None or os.path.realpath(item.path) != without:
                    entries.append(Entry(path, FOLDER, seen))
                    _walk(root, path, entries, without)
            elif stat.S_ISLNK(mode):
                entries.append(Entry(path, LINK, seen, _target(item.path, path)))
            else:
                raise _odd(os.fsdecode(item.path), mode)


def _target(full: bytes, path: bytes) -> bytes:
    """Read a link, and refuse one that leaves the tree: elsewhere it would lead to something else."""
    target = os.readlink(full)
    inside = [] if target.startswith(b"/") else list(PurePosixPath(os.fsdecode(path)).parts[:-1])
    leaves = os.path.isabs(target)
    for part in os.fsdecode(target).split("/"):
        if part == "..":
            leaves = leaves or not inside
            inside = inside[:-1]
        elif part not in ("", "."):
            inside.append(part)
    if leaves:
        raise InvalidInputError(
            f"The link {os.fsdecode(path)!r} leads out of the tree, to {os.fsdecode(target)!r}.",
            remedy="Put a copy in its place, or a relative link inside the tree.",
            path=os.fsdecode(path),
        )
    return target


def _odd(path: str, mode: int) -> InvalidInputError:
    kinds = {stat.S_IFSOCK: "socket", stat.S_IFIFO: "pipe", stat.S_IFBLK: "device", stat.S_IFCHR: "device"}
    what = kinds.get(stat.S_IFMT(mode), "special file")
    return InvalidInputError(f"{path!r} is a {what}; its content cannot be kept.", remedy="Remove it.", path=path)
