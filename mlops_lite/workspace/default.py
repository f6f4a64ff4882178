"""Which store is meant where nobody says it, here and in the programs that are started from here.

What :func:`use` chose stands in ``MLOPS_LITE_USED`` for them, beside the variables that it overruled; a variable that
was set since overrules it.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
from pathlib import Path
from typing import Any

from mlops_lite.store import Store
from mlops_lite.store.address import told
from mlops_lite.store.current import blocks

__all__ = ["store", "use"]

CHOSEN = "MLOPS_LITE_STORE"  # by people and schedulers
RUN = "MLOPS_LITE_RUN"  # by an open run
USED = "MLOPS_LITE_USED"  # by ``use``
_FOLDER = ".mlops_lite"

_used: Store | None = None
_found: dict[str, Store] = {}  # stores opened by environment or search, by address


def use(url: str | os.PathLike[str], *, trusted: Any = None, single_writer: bool = False, **options: Any) -> Store:
    """Make a store the default from now on, of this process and of those that it starts.

    Parameters
    ----------
    url : str or path
        ``./folder``, ``s3://bucket/prefix``, ``gs://…``, ``az://…``, ``memory://name``. Memory is of this process.
    trusted : str or list of str, optional
        What may be opened from there (see :class:`Store`).
    single_writer : bool
        Promise that one process at a time writes.
    **options
        For the filesystem. Secrets among them are not passed on: started processes find them in the environment.

    Returns
    -------
    Store

    Examples
    --------
    >>> import mlops_lite as ml
    >>> ml.use("memory://use-example").url
    'memory://use-example'
    """
    global _used
    _used = Store(url, trusted=trusted, single_writer=single_writer, **options)
    _tell(_used)
    return _used


def _tell(used: Store) -> None:
    """Let programs that are started from here know."""
    if used.url.startswith("memory:"):
        _forget()
        return
    overruled = [text for text in map(os.environ.get, (CHOSEN, RUN)) if text]
    os.environ[USED] = json.dumps({"store": told(used), "overruled": overruled})


@atexit.register
def _forget() -> None:
    """Leave nothing to the program that embeds this interpreter."""
    os.environ.pop(USED, None)


def store(given: Store | str | os.PathLike[str] | None = None) -> Store:
    """Say which store is meant.

    Parameters
    ----------
    given : Store or str, optional
        What the caller was told; it wins. Then: the ``with`` block that runs, :func:`use`, the environment variable
        ``MLOPS_LITE_STORE``, the store of the run that started this process, the store that was used by the process
        that started this one, the nearest ``.mlops_lite`` folder upwards, ``./.mlops_lite``.

    Returns
    -------
    Store
    """
    if isinstance(given, Store):
        return given
    if given is not None:
        return Store(given)
    inside = blocks.get()
    if inside:
        return inside[-1]
    if _used is not None:
        return _used
    address = _from_environment() or {"url": str(_search(Path.cwd()))}
    key = json.dumps(address)
    if key not in _found:
        _found[key] = Store(**address)
    return _found[key]


def _from_environment() -> dict[str, Any] | None:
    used = _read(USED)
    chosen, run = (
        text if (text := os.environ.get(name)) not in used.get("overruled", ()) else None for name in (CHOSEN, RUN)
    )
    if chosen:
        return {"url": chosen}
    above = _read(RUN) if run else {}
    of_another = above.get("process") not in (None, os.getpid())  # in the process of the run there is nothing to say
    return above["store"] if of_another else used.get("store")


def _read(name: str) -> dict[str, Any]:
    """Read what another process told; nothing where it is rubbish."""
    with contextlib.suppress(ValueError, TypeError, KeyError):
        found: dict[str, Any] = json.loads(os.environ[name])
        if found["store"]["url"]:
            return found
    return {}


def _search(start: Path) -> Path:
    """Look upwards for a store, as git does: not past the home folder or the filesystem, and only for one's own."""
    home = Path.home()
    device = start.stat().st_dev
    for folder in (start, *start.parents):
        with contextlib.suppress(OSError):
            if folder.stat().st_dev != device:
                break
            if _is_own(folder / _FOLDER):
                return folder / _FOLDER
        if folder == home:
            break
    return start / _FOLDER


def _is_own(folder: Path) -> bool:
    """Refuse a folder that somebody else planted in a shared place to feed its contents to whoever works below."""
    if not (folder / "store.json").is_file():
        return False
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
