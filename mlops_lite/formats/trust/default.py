"""Whom to trust when the reader did not say: oneself."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from mlops_lite.base.trust import Trust

__all__ = ["VARIABLE", "Place", "trust_of"]

VARIABLE = "MLOPS_LITE_TRUSTED"
_WRITABLE_BY_OTHERS = 0o002
_WRITABLE_BY_GROUP = 0o020
_STICKY = 0o1000


class Place(Protocol):
    """What is asked of a store."""

    @property
    def url(self) -> str:
        """Where it is."""
        ...

    @property
    def trusted(self) -> Any:
        """What its reader said when it was opened."""
        ...

    @property
    def backend(self) -> Any:
        """Its place."""
        ...


def trust_of(store: Place, given: str | Iterable[str] | Trust | None = None) -> Trust:
    """Say what may be opened from a store.

    Parameters
    ----------
    store : Store
    given : str, list of str or Trust, optional
        What the caller said; it wins. Then what was said when the store was opened (``ml.use(…, trusted=)``), then
        the environment variable ``MLOPS_LITE_TRUSTED`` (a level, or exact names with commas), then who can write
        there: ``"code"`` for a folder of one's own that nobody else can write, and one's own memory; ``"known"``
        elsewhere.

    Returns
    -------
    Trust
    """
    said = given if given is not None else store.trusted
    if said is None and (text := os.environ.get(VARIABLE)):
        said = text.split(",") if "." in text else text
    if said is not None:
        return Trust.of(said)
    return Trust("code" if _is_own(store) else "known")


def _is_own(store: Place) -> bool:
    if store.url.startswith("memory:"):
        return True
    folder = store.backend.local_path("")
    return folder is not None and only_mine(Path(folder))


def only_mine(folder: Path) -> bool:
    """Tell whether only this user (and the administrator) can change what stands in a folder, by owner and mode.

    The folders above count too, for who can write there can put another in its place. A group is nobody else if it is
    the user's own, of the same name. Access lists are not looked at.
    """
    if not hasattr(os, "getuid"):
        return True
    try:
        inside = [folder / name for name in ("objects", "logs") if (folder / name).exists()]
        return all(_mine(path, above=False) for path in [folder, *inside]) and all(
            _mine(path, above=True) for path in folder.resolve().parents
        )
    except OSError:
        return False


def _mine(path: Path, *, above: bool) -> bool:
    found = path.stat()
    if found.st_uid != os.getuid() and not (above and found.st_uid == 0):
        return False
    writable = found.st_mode & _WRITABLE_BY_OTHERS
    if found.st_mode & _WRITABLE_BY_GROUP and not _is_own_group(found.st_gid):
        writable = True
    return not writable or (above and bool(found.st_mode & _STICKY))


def _is_own_group(gid: int) -> bool:
    with contextlib.suppress(KeyError, ImportError):
        import grp
        import pwd

        user, group = pwd.getpwuid(os.getuid()), grp.getgrgid(gid)
        return group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}
    return False
