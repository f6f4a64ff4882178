"""The machine and the interpreter: Python, system, processor, memory, graphics cards. Looked at once a process."""

from __future__ import annotations

import contextlib
import functools
import glob
import os
import platform
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_lite.base import canonical

if TYPE_CHECKING:
    from mlops_lite.tracking.capture import Call

__all__ = ["before"]


def before(call: Call) -> Mapping[str, Any]:
    """Point at the description of this machine."""
    return {"object": call.keep(_described())}


@functools.cache
def _described() -> bytes:
    found = {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "libc": "-".join(platform.libc_ver()).strip("-"),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "usable_cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": _memory(),
        "gpus": _gpus(),
        "container": os.path.exists("/.dockerenv") or "container" in os.environ,
        "threads": {name: os.environ[name] for name in _THREADS if name in os.environ},
    }
    return canonical.encode({key: value for key, value in found.items() if value not in (None, "", [], {})})


_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "PYTHONHASHSEED")


def _cpu() -> str:
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as lines:
        for line in lines:
            if line.startswith(("model name", "Hardware")):
                return line.partition(":")[2].strip()
    return platform.processor()


def _memory() -> int | None:
    with contextlib.suppress(AttributeError, ValueError, OSError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def _gpus() -> list[str]:
    """Name the cards as the driver lists them: asking it by command takes longer than many a run."""
    found = []
    for path in sorted(glob.glob("/proc/driver/nvidia/gpus/*/information")):
        with contextlib.suppress(OSError), open(path) as lines:
            found += [line.partition(":")[2].strip() for line in lines if line.startswith("Model")]
    return found
