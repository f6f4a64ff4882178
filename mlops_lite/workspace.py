"""Which store is meant, which run is open, what a ref stands for: here the features meet without knowing each other."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import threading
import weakref
from contextvars import ContextVar, Token
from pathlib import Path
from typing import Any, Protocol

from mlops_lite.base.fingerprint import fingerprint
from mlops_lite.base.ref import HasRef, Ref
from mlops_lite.errors import NotFoundError
from mlops_lite.store import Store
from mlops_lite.store.current import blocks

__all__ = [
    "OpenRun",
    "current_run",
    "enter_run",
    "get",
    "leave_run",
    "made",
    "open",
    "opened",
    "origin",
    "remember",
    "store",
    "use",
    "uses",
    "was_changed",
]

_FOLDER = ".mlops_lite"
_RUN = "MLOPS_LITE_RUN"  # how a worker finds the run that started it
_OPENERS = {
    "dataset": "mlops_lite.data",
    "model": "mlops_lite.registry",
    "run": "mlops_lite.tracking",
    "monitor": "mlops_lite.monitoring",
    "deployment": "mlops_lite.deployment",
}

_used: Store | None = None
_found: dict[str, Store] = {}  # stores opened by environment or search, by where


class OpenRun(Protocol):
    """What the open run wants to be told."""

    @property
    def ref(self) -> Ref:
        """Its ref."""
        ...

    def uses(self, ref: Ref) -> None:
        """Note an input."""
        ...

    def made(self, ref: Ref) -> None:
        """Note an output."""
        ...


def use(url: str | os.PathLike[str], *, trusted: Any = None, single_writer: bool = False, **options: Any) -> Store:
    """Make a store the default of this process from now on.

    Parameters
    ----------
    url : str or path
        ``./folder``, ``s3://bucket/prefix``, ``gs://…``, ``az://…``, ``memory://name``.
    trusted : str or list of str, optional
        What may be opened from there (see :class:`Store`).
    single_writer : bool
        Promise that one process at a time writes.
    **options
        For the filesystem.

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
    return _used


def store(given: Store | str | os.PathLike[str] | None = None) -> Store:
    """Say which store is meant.

    Parameters
    ----------
    given : Store or str, optional
        What the caller was told; it wins. Then: the ``with`` block that runs, :func:`use`, the environment variable
        ``MLOPS_LITE_STORE``, the store of the run that started this process, the nearest ``.mlops_lite`` folder
        upwards, ``./.mlops_lite``.

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
    where = os.environ.get("MLOPS_LITE_STORE") or _of_run() or str(_search(Path.cwd()))
    if where not in _found:
        _found[where] = _of_worker(where) if where.startswith("{") else Store(where)
    return _found[where]


def _of_run() -> str | None:
    """Say which run started this worker; in the process of the run itself there is nothing to say."""
    text = os.environ.get(_RUN)
    with contextlib.suppress(ValueError, TypeError, KeyError):
        return text if text and json.loads(text)["process"] != os.getpid() else None
    return None


def _of_worker(text: str) -> Store:
    found = json.loads(text)
    return Store(found["url"], **found["options"])


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


def open(ref: object, store: Store | None = None) -> Any:
    """Turn a ref into the value it names.

    Parameters
    ----------
    ref : str or value with a ref
        Such as ``"dataset/flights@3"``, ``"model/churn@champion"``, ``"run/01J…"``.
    store : Store, optional

    Returns
    -------
    Snapshot, ModelVersion, Run, Monitor or Deployment

    Raises
    ------
    NotFoundError
        The store has no such thing.

    Examples
    --------
    >>> import mlops_lite as ml
    >>> ml.get("flights@1")
    Traceback (most recent call last):
    ...
    mlops_lite.errors.InvalidInputError: 'flights@1' is not a ref. Write kind/name@version, such as ...
    """
    parsed = Ref.parse(ref)
    where = globals()["store"](store)
    home = _OPENERS[parsed.kind]
    if importlib.util.find_spec(home) is None:
        raise NotFoundError(f"Nothing here can open a {parsed.kind} ({parsed}).")
    return importlib.import_module(home).open(parsed, where)


get = open

_run: ContextVar[OpenRun | None] = ContextVar("run", default=None)
opened = _run.get  # the run that was opened in this very context, as quickly as ml.log wants to know
_active: list[tuple[OpenRun, int]] = []  # all runs open in this process, and the threads that opened them


def current_run() -> OpenRun | None:
    """Give the run that is open here; None outside.

    A thread without a context of its own falls to the only run that another thread has open. The thread that opened it
    does not: there the context is right, and a generator's run is not that of its caller.
    """
    found = _run.get()
    if found is not None or len(_active) != 1:
        return found
    only, thread = _active[0]
    return only if thread != threading.get_ident() else None


def active_runs() -> list[OpenRun]:
    """Give all runs that are open in this process."""
    return [run for run, _ in _active]


def enter_run(run: OpenRun) -> Token[OpenRun | None]:
    """Make a run the open one of this context."""
    _active.append((run, threading.get_ident()))
    return _run.set(run)


def leave_run(token: Token[OpenRun | None], run: OpenRun) -> None:
    """Go back to the run that was open before."""
    _active[:] = [entry for entry in _active if entry[0] is not run]
    with contextlib.suppress(ValueError):  # a generator closed in another context than its own
        _run.reset(token)


def uses(value: object) -> None:
    """Tell the open run of an input: a ref, or a value with one."""
    run = current_run()
    if run is not None:
        run.uses(Ref.parse(value))


def made(value: object) -> None:
    """Tell the open run of an output: a ref, or a value with one."""
    run = current_run()
    if run is not None:
        run.made(Ref.parse(value))


_origins: dict[int, tuple[weakref.ref[Any], Ref, int]] = {}


def remember(value: Any, ref: HasRef | Ref | str) -> None:
    """Remember, weakly, that a frame was loaded from a snapshot.

    Parameters
    ----------
    value : object
        A frame or array that is recognised by identity; what cannot be referred to weakly is passed over.
    ref : Ref
    """
    key = id(value)
    with contextlib.suppress(TypeError):
        gone = weakref.ref(value, lambda _: _origins.pop(key, None))
        _origins[key] = gone, Ref.parse(ref), fingerprint(value)


def origin(value: Any) -> Ref | None:
    """Say which snapshot a frame was loaded from; None where that is not known."""
    found = _origins.get(id(value))
    return found[1] if found is not None and found[0]() is value else None


def was_changed(value: Any) -> bool:
    """Tell whether a frame was changed in place since it was loaded from a snapshot."""
    return origin(value) is not None and fingerprint(value) != _origins[id(value)][2]
