"""The cache folder of this machine: downloads, marks of what was verified, proofs of places. Deletable at any time."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

__all__ = ["Cache", "default_folder"]

_MOST_BYTES = 20 << 30
_BLOCK = 4096
_ROOM = 0.8  # trimming makes room for a while, not for one file


def default_folder() -> Path:
    """Choose the folder: ``MLOPS_LITE_CACHE``, else the user's cache folder of this system."""
    given = os.environ.get("MLOPS_LITE_CACHE")
    if given:
        return Path(given).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~")).expanduser() / "mlops_lite" / "cache"
    if sys.platform == "darwin":
        return Path("~/Library/Caches/mlops_lite").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "mlops_lite"


class Cache:
    """Small files by section and key, bounded in size; a failure to write is no failure.

    Parameters
    ----------
    folder : Path, optional
        Where; the default folder otherwise.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._given = folder

    @property
    def folder(self) -> Path:
        """The folder, looked up at each use, so that tests and users may move it."""
        return self._given or default_folder()

    def path(self, section: str, key: str) -> Path:
        """Place an entry."""
        return self.folder / section / key

    def read(self, section: str, key: str) -> bytes | None:
        """Read an entry; None where there is none."""
        try:
            return self.path(section, key).read_bytes()
        except OSError:
            return None

    def write(self, section: str, key: str, data: bytes) -> None:
        """Write an entry, whole; a full or read-only disk is passed over."""
        with contextlib.suppress(OSError):
            self.fill(section, key, lambda path: Path(path).write_bytes(data))

    def fill(self, section: str, key: str, make: Callable[[str], object]) -> Path:
        """Let a function make an entry's file, and give it its name when it is whole.

        Parameters
        ----------
        section, key : str
            The entry.
        make : callable
            Writes the file whose path it is given.

        Returns
        -------
        Path
        """
        path = self.path(section, key)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_name(f".{path.name}.{os.getpid():x}.{os.urandom(4).hex()}")
        try:
            make(str(temporary))
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        return path

    def forget(self, section: str, key: str) -> None:
        """Remove an entry."""
        with contextlib.suppress(OSError):
            self.path(section, key).unlink()

    def trim(self, section: str, most: int = _MOST_BYTES) -> None:
        """Remove the entries of a section that were used longest ago, once it has outgrown its bound.

        Parameters
        ----------
        section : str
        most : int
            Bytes.
        """
        with contextlib.suppress(OSError):
            files = [(found.stat(), found) for found in (self.folder / section).rglob("*") if found.is_file()]
            size = sum(_taken(stat) for stat, _ in files)
            if size <= most:
                return
            for stat, path in sorted(files, key=lambda entry: max(entry[0].st_atime, entry[0].st_mtime)):
                path.unlink(missing_ok=True)
                size -= _taken(stat)
                if size <= most * _ROOM:
                    return


def _taken(stat: os.stat_result) -> int:
    """Tell what a file takes on the disk, where the smallest has a block."""
    return max(stat.st_size, _BLOCK)
