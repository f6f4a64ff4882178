"""Files and folders, as they are: a saved Keras model, a folder of Hugging Face, anything that a library wrote.

Large files are cut into blocks, so that a change at the end does not store all of it again; small ones share packs.
Opening gives the path of a copy in the cache folder. It is made once; a file of it that was changed is made again.
"""

from __future__ import annotations

import functools
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_lite.errors import DamagedError, InvalidInputError
from mlops_lite.formats._leaf import Leaf

if TYPE_CHECKING:
    from mlops_lite.formats.container import Reader, Writer
    from mlops_lite.formats.trust import Trust

__all__ = ["accepts", "dump", "load"]

PRIORITY = 50
LEVEL = "arrays"  # bytes are copied, and nothing is opened

_BLOCK = 8 << 20


def accepts(value: Any) -> bool:
    """Take paths (not texts, which may be models too)."""
    return isinstance(value, Path)


def dump(value: Any, writer: Writer) -> Mapping[str, Any]:
    """Hand over every file, block by block, each read when its turn comes.

    Raises
    ------
    InvalidInputError
        There is no such path, or a link leads out of the folder.
    """
    root = Path(value)
    if not root.exists():
        raise InvalidInputError(
            f"There is no file or folder {str(value)!r}.", remedy=f"It would be at {root.absolute()}."
        )
    listed = [(path.relative_to(root).as_posix(), path) for path in _walk(root)] if root.is_dir() else [("", root)]
    files = [_add(name, path, writer) for name, path in listed]
    return {"name": root.absolute().name, "folder": root.is_dir(), "files": files}


def _walk(root: Path) -> Iterator[Path]:
    home = root.resolve()
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in [*folders, *sorted(names)]:
            path = Path(folder, name)
            if path.is_symlink() and not path.resolve().is_relative_to(home):
                raise InvalidInputError(
                    f"{str(path)!r} is a link that leads out of the folder.", remedy="Put the file itself there."
                )
        yield from (Path(folder, name) for name in sorted(names))


def _add(name: str, path: Path, writer: Writer) -> dict[str, Any]:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise InvalidInputError(f"{str(path)!r} is no regular file.")
    parts = [
        writer.add_later(size, _reading(path, start, size))
        for start in range(0, found.st_size, _BLOCK)
        for size in [min(_BLOCK, found.st_size - start)]
    ]
    return {"path": name, "executable": bool(found.st_mode & stat.S_IXUSR), "parts": parts, "size": found.st_size}


def _reading(path: Path, start: int, size: int) -> Any:
    def read() -> bytes:
        with open(path, "rb") as file:
            file.seek(start)
            data = file.read(size)
        if len(data) != size:
            raise InvalidInputError(f"{str(path)!r} changed while it was read.", remedy="Register it again.")
        return data

    return read


def load(facts: Mapping[str, Any], reader: Reader, trust: Trust) -> Path:
    """Give the path of a copy."""
    name = _checked(facts["name"] or "model", one=True)
    for file in facts["files"]:
        key = f"{name}/{_checked(file['path'])}" if facts["folder"] else name
        if reader.verifies_always or not _is_there(reader.cached(key), file):
            reader.cache_file(key, functools.partial(_write, file=file, reader=reader))
    root = reader.cached(name)
    if facts["folder"]:
        root.mkdir(parents=True, exist_ok=True)
    return root


def leaves(facts: Mapping[str, Any], reader: Reader) -> Iterator[Leaf]:
    """Name the files."""
    for file in facts["files"]:
        yield Leaf(file["path"] or facts["name"], tuple(file["parts"]))


def _checked(path: str, one: bool = False) -> str:
    """Accept a path that stays inside; whoever can write the store can write another."""
    parts = path.split("/")
    if os.path.isabs(path) or "\\" in path or "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise DamagedError(f"A file of a stored folder has the path {path!r}, which leads out of it.")
    if one and len(parts) > 1:
        raise DamagedError(f"A stored folder has the name {path!r}.")
    return path


def _is_there(target: Path, file: Mapping[str, Any]) -> bool:
    """Trust a copy that is as it was made: not writable, of that size, not touched since."""
    try:
        found = target.lstat()
    except OSError:
        return False
    untouched = found.st_mtime_ns == _MADE_NS and not found.st_mode & 0o222
    return stat.S_ISREG(found.st_mode) and found.st_size == file["size"] and untouched


_MADE_NS = 1_000_000_000_000_000_000  # the age of every copy, so that one that was written to is told by its own


def _write(target: str, file: Mapping[str, Any], reader: Reader) -> None:
    with open(target, "wb") as out:
        for number in file["parts"]:
            out.write(reader.checked(int(number)))
    os.utime(target, ns=(_MADE_NS, _MADE_NS))
    os.chmod(target, 0o555 if file["executable"] else 0o444)
