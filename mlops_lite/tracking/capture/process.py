"""Where and as whom a run took place, and what it cost: host, user, command line, CPU time, memory."""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_lite.base import identity
from mlops_lite.tracking.masking import mask_text

if TYPE_CHECKING:
    from mlops_lite.tracking.capture import Call

__all__ = ["after", "before"]


def before(call: Call) -> Mapping[str, Any]:
    """Name the place."""
    call.state["cpu_began"] = time.process_time()
    return {
        "host": identity.host(),
        "user": identity.author(),
        "pid": os.getpid(),
        "folder": os.getcwd(),
        "command": _command(),
    }


@functools.cache
def _command() -> str:
    return mask_text(" ".join(sys.orig_argv), assigned=True)[:2_000]


def after(call: Call) -> Mapping[str, Any]:
    """Measure the cost. Both figures are of the whole process, whose other threads count too."""
    return {
        "cpu_s": time.process_time() - call.state.pop("cpu_began", time.process_time()),
        "peak_bytes": _peak_bytes(),
    }


def _peak_bytes() -> int | None:
    """Tell the most memory that the process has held since it began."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
