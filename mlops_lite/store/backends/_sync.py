"""Making files durable on a local disk: ``fsync``, ``syncfs`` and early writeback, where the system has them."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import sys
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial

__all__ = ["sync_all", "sync_file", "sync_folder", "sync_path", "write_back"]

_FEW = 16  # up to here a sync of each is cheaper than one of the filesystem, which waits for everybody's pages
_HONEST = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs"})  # filesystems whose syncfs is known to wait and to report
_FULL_SYNC = 51  # F_FULLFSYNC: a plain fsync stays in the drive's cache on macOS
_WRITE = 2  # SYNC_FILE_RANGE_WRITE


@functools.cache
def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def sync_file(descriptor: int) -> None:
    """Wait until a file's bytes survive a power cut."""
    if sys.platform == "darwin":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, _FULL_SYNC)
            return
    os.fsync(descriptor)


def sync_folder(path: str) -> None:
    """Wait until the names in a folder survive a power cut; Windows has no such call."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_back(descriptor: int, start: int, length: int) -> None:
    """Begin to write pages out, without waiting, so that the sync at the end finds little left."""
    libc = _libc()
    if libc is not None:
        libc.sync_file_range(descriptor, ctypes.c_int64(start), ctypes.c_int64(length), _WRITE)


def sync_all(root: str, files: Collection[str], folders: Collection[str]) -> None:
    """Wait until many files and folders survive a power cut.

    Parameters
    ----------
    root : str
        A folder of the filesystem that holds them all.
    files, folders : collection of str
        Paths.
    """
    if len(files) > _FEW and _filesystem(root) in _HONEST:
        _sync_filesystem(root)
        return
    waits = [*(partial(sync_path, file) for file in files), *(partial(sync_folder, folder) for folder in folders)]
    with ThreadPoolExecutor(min(len(waits), _FEW) or 1) as pool:
        for done in [pool.submit(wait) for wait in waits]:
            done.result()


def sync_path(path: str) -> None:
    """Wait until a file's bytes survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        sync_file(descriptor)
    finally:
        os.close(descriptor)


def _sync_filesystem(root: str) -> None:
    libc = _libc()
    assert libc is not None
    descriptor = os.open(root, os.O_RDONLY)
    try:
        if libc.syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), root)
    finally:
        os.close(descriptor)


@functools.lru_cache(maxsize=64)
def _filesystem(root: str) -> str:
    """Name the filesystem that holds a folder, as Linux lists it; empty elsewhere."""
    if sys.platform != "linux":
        return ""
    device = os.stat(root).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    with contextlib.suppress(OSError), open("/proc/self/mountinfo") as lines:
        for line in lines:
            fields = line.split()
            if fields[2] == wanted:
                return fields[fields.index("-") + 1]
    return ""
