"""Whether the process that opened a run still lives."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from mlops_lite.base import identity
from mlops_lite.base.fork import in_child

fcntl: Any = None
with contextlib.suppress(ImportError):  # Windows has none: there, how long ago a run was seen is all there is
    import fcntl

__all__ = ["BEAT_S", "SILENCE_S", "hold", "is_held", "liveness", "release", "whereabouts"]

BEAT_S = 20.0  # an open run shows itself this often to those who cannot see its lock
SILENCE_S = 90.0  # who was not seen for so long is out of reach

_held: set[int] = set()  # descriptors of locks of this process


def hold(descriptor: int) -> bool:
    """Lock an open file until it is closed or the process ends, however it ends.

    A forked child would keep the lock alive, so it closes its copy (closing does not unlock; unlocking would).

    Returns
    -------
    bool
        False where the disk has no locks.
    """
    _held.add(descriptor)
    return _lock(descriptor)


def _lock(descriptor: int) -> bool:
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def release(descriptor: int) -> None:
    """Close a file that was held; a forked child has closed it already."""
    if descriptor in _held:
        _held.discard(descriptor)
        with contextlib.suppress(OSError):
            os.close(descriptor)


@contextlib.contextmanager
def claim(path: str) -> Iterator[bool]:
    """Hold the lock on somebody's file inside a block; False where he, or another who claims it, holds it."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        yield True
        return
    try:
        yield _lock(descriptor)
    finally:
        os.close(descriptor)


@in_child
def _close_in_child() -> None:
    for descriptor in list(_held):
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _held.clear()


def is_held(path: str) -> bool:
    """Tell whether somebody holds the lock on a file.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    """
    if fcntl is None:
        return False
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def whereabouts() -> dict[str, Any]:
    """Name this process so that another can tell whether it lives: host, kernel, process."""
    pid = os.getpid()
    return {**_machine(), "host": identity.host(), "pid": pid, "began": _own_began(pid)}


@functools.lru_cache(maxsize=1)
def _own_began(pid: int) -> str:
    return _process_began(pid)


@functools.cache
def _machine() -> dict[str, Any]:
    if sys.platform != "linux":
        return {}
    return {
        "boot": _read("/proc/sys/kernel/random/boot_id"),
        "machine": _read("/etc/machine-id"),
        "namespace": _link("/proc/self/ns/pid"),
    }


def _read(path: str) -> str:
    with contextlib.suppress(OSError), open(path) as file:
        return file.read().strip()
    return ""


def _link(path: str) -> str:
    with contextlib.suppress(OSError):
        return os.readlink(path)
    return ""


def _process_began(pid: int) -> str:
    """Read when a process began, in clock ticks since boot: a number that came round again began later."""
    text = _read(f"/proc/{pid}/stat") if sys.platform == "linux" else ""
    return text.rpartition(")")[2].split()[19] if text else ""


def liveness(process: Mapping[str, Any], lock: str | None, silent_s: float) -> str:
    """Judge an open run.

    Parameters
    ----------
    process : mapping
        Where it was opened, see :func:`whereabouts`; ``locked`` names the marker that is held by a lock.
    lock : str, optional
        The path of the marker, if it is on this machine's disk.
    silent_s : float
        Seconds since the run showed itself.

    Returns
    -------
    {"running", "killed", "lost contact"}
        ``killed`` is said only of what cannot live: a lock let go on this kernel, a process gone from it, or a
        machine that has booted since.
    """
    here = whereabouts()
    same_kernel = bool(process.get("boot")) and process.get("boot") == here.get("boot")
    # of a copy of the store the lock says nothing
    if same_kernel and lock is not None and _is_same_file(process.get("locked"), lock) and fcntl is not None:
        with contextlib.suppress(FileNotFoundError):
            return "running" if is_held(lock) else "killed"
    same_host = process.get("host") == here["host"] and process.get("machine") == here.get("machine")
    same_numbers = process.get("namespace") == here.get("namespace") and (same_kernel or not here.get("boot"))
    if same_host and same_numbers and sys.platform != "win32":
        return "running" if _lives(process) else "killed"
    if silent_s < SILENCE_S:
        return "running"
    rebooted = same_host and process.get("boot") and here.get("boot") and not same_kernel
    return "killed" if rebooted else "lost contact"


def _is_same_file(one: Any, other: str) -> bool:
    return isinstance(one, str) and bool(one) and (one == other or os.path.realpath(one) == os.path.realpath(other))


def _lives(process: Mapping[str, Any]) -> bool:
    pid = int(process.get("pid", 0))
    if pid == os.getpid():
        return process.get("began") == _process_began(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    began = _process_began(pid)
    return not began or not process.get("began") or began == process["began"]
