"""Who acts, and where."""

from __future__ import annotations

import functools
import getpass
import os
import socket

__all__ = ["author", "host"]


def author() -> str:
    """Name the person or service that acts: ``MLOPS_LITE_AUTHOR``, else the user who is logged in.

    Returns
    -------
    str
    """
    return os.environ.get("MLOPS_LITE_AUTHOR") or _user()


@functools.cache
def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no entry
        return f"uid-{os.getuid()}" if hasattr(os, "getuid") else "unknown"


@functools.cache
def host() -> str:
    """Name this machine.

    Returns
    -------
    str
    """
    return socket.gethostname()
