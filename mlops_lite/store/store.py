"""Stores: a folder or a bucket prefix that holds everything."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mlops_lite.base import name as names
from mlops_lite.base.fork import in_child
from mlops_lite.base.record import Parent, Record
from mlops_lite.base.ref import KINDS, making
from mlops_lite.base.trust import Trust
from mlops_lite.display import Drawn
from mlops_lite.errors import (
    DamagedError,
    NotFoundError,
    suggest,
)
from mlops_lite.store import identity, layout
from mlops_lite.store.address import address_of, written
from mlops_lite.store.backends import Backend, connect
from mlops_lite.store.cache import Cache
from mlops_lite.store.current import blocks
from mlops_lite.store.grace import GRACE_S
from mlops_lite.store.guard import explained
from mlops_lite.store.labels import Labels
from mlops_lite.store.log import Log
from mlops_lite.store.objects import Objects
from mlops_lite.store.resolve import parent_of

if TYPE_CHECKING:  # who only reads, in a process that begins anew for each request, needs none of them
    from mlops_lite.store.gc import Collection
    from mlops_lite.store.runs import Runs
    from mlops_lite.store.sync import Synchronisation
    from mlops_lite.store.verify import Verification

__all__ = ["Store"]


_preparing = threading.RLock()


@in_child
def _begin_anew_in_child() -> None:
    global _preparing
    _preparing = threading.RLock()  # a thread that held it stayed in the parent


def _trusted(given: str | Iterable[str] | None) -> str | tuple[str, ...] | None:
    """Refuse at once what is neither a level of trust nor a list of exact names."""
    if isinstance(given, Iterable) and not isinstance(given, str):
        given = tuple(given)
    if given is not None:
        Trust.of(given)
    return given


class Store(Drawn):
    """A folder or bucket prefix that holds data, runs, models, deployments and reports.

    Nothing is written before the first write. A store pickles by URL and options; secrets among the options stay
    behind and are found again in the environment of the process that opens the pickle.

    Parameters
    ----------
    url : str or path
        ``./folder``, ``s3://bucket/prefix``, ``gs://…``, ``az://…``, ``memory://name``.
    trusted : str or list of str, optional
        What may be opened from here: ``"arrays"``, ``"known"``, ``"code"``, or exact names. The default depends on
        who can write here.
    single_writer : bool
        Promise that one process at a time writes, for places that cannot keep several apart.
    **options
        For the filesystem (``endpoint_url=``, ``key=``, ``profile=`` …).

    Raises
    ------
    InvalidInputError
        The URL is a slip, or ``trusted`` is neither a level nor a list of exact names.
    UnsupportedStoreError, MissingLibraryError
        Nobody knows the scheme, or its library is not installed.

    Examples
    --------
    >>> with Store("memory://store-example") as store:  # the default store inside the block
    ...     record = store.log("dataset", "flights").append({}, action="snapshot")
    >>> store.names("dataset")
    ['flights']
    """

    def __init__(
        self,
        url: str | os.PathLike[str],
        *,
        trusted: str | Iterable[str] | None = None,
        single_writer: bool = False,
        **options: Any,
    ) -> None:
        given = written(url)
        self._options = options
        self.trusted = _trusted(trusted)
        self.single_writer = single_writer
        with explained(given, "be opened"):
            self.backend: Backend = connect(given, options)
        if single_writer:
            from mlops_lite.store.single import SingleWriter

            self.backend = SingleWriter(self.backend)
        self.url = self.backend.url
        self.cache = Cache()
        self._identity: Mapping[str, Any] | None = None
        self._ready = False
        self._logs: dict[tuple[str, str], Log] = {}

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return self.backend.local_path("") is not None

    @property
    def id(self) -> str:
        """The identifier of the store, shared by its copies; made by the first write."""
        self.prepare()
        assert self._identity is not None
        return str(self._identity["id"])

    @property
    def exists(self) -> bool:
        """Whether something was ever written here."""
        return self._read_identity() is not None

    @functools.cached_property
    def objects(self) -> Objects:
        """The objects."""
        return Objects(self)

    @functools.cached_property
    def runs(self) -> Runs:
        """The runs."""
        from mlops_lite.store.runs import Runs

        return Runs(self)

    def log(self, kind: str, name: str) -> Log:
        """Give the log of a named thing, whether it has records or not.

        Parameters
        ----------
        kind : str
            ``"dataset"``, ``"model"``, ``"deployment"`` or ``"monitor"``.
        name : str

        Returns
        -------
        Log

        Raises
        ------
        InvalidNameError
            The name is not one.
        """
        found = self._logs.get((kind, name))
        if found is None:
            name = names.check(name, layout.owner_kind(kind))
            found = self._logs.setdefault((kind, name), Log(self, kind, name))
            self._read_identity()
        return found

    def labels(self, kind: str, name: str) -> Labels:
        """Give the labels of a named thing.

        Parameters
        ----------
        kind, name : str
            As for :meth:`log`.

        Returns
        -------
        Labels
        """
        return Labels(self, kind, name)

    def names(self, kind: str) -> list[str]:
        """List the names of a kind that have a record.

        Parameters
        ----------
        kind : str

        Returns
        -------
        list of str
            In alphabetical order.
        """
        with explained(self.url, f"list its {kind}s"):
            self._read_identity()
            return sorted(names.decode(folder) for folder in self.backend.folders(f"{layout.LOGS}/{kind}"))

    def kinds(self) -> list[str]:
        """List the kinds of logs that there are.

        Returns
        -------
        list of str
        """
        with explained(self.url, "be listed"):
            return self.backend.folders(layout.LOGS)

    def parent(self, value: object) -> Parent:
        """Name what a record is made from, with the digest of that record and this store's id.

        Parameters
        ----------
        value : str, value with a ref, or Parent

        Returns
        -------
        Parent
        """
        return parent_of(self, value)

    def no_such(self, kind: str, name: str) -> NotFoundError:
        """Make the error for a name that has no record."""
        known = self.names(kind)
        first = f" The first is made by {making(kind, name)}." if kind in KINDS else ""
        advice = suggest(name, known) or f"There is no {kind} in it yet.{first}"
        return NotFoundError(f"There is no {kind} {name!r} in the store at {self.url}.", remedy=advice, name=name)

    def verify(self, refs: Iterable[object] | None = None, *, contents: bool = True) -> Verification:
        """Read again everything that is asked for, and name what is damaged or missing.

        Parameters
        ----------
        refs : iterable of refs, optional
            What to check, with its objects; everything without it.
        contents : bool
            Read the objects too; otherwise only look that they are there.

        Returns
        -------
        Verification
            With ``.ok``, ``.damaged``, ``.missing`` and ``.checked``.
        """
        from mlops_lite.store.verify import verify

        with explained(self.url, "be verified"):
            return verify(self, refs, contents=contents)

    def gc(self, *, dry_run: bool = True, grace_s: float = GRACE_S) -> Collection:
        """Remove objects that nothing points at and that are older than a grace period.

        Parameters
        ----------
        dry_run : bool
            Only say what would be removed.
        grace_s : float
            Seconds, seven days by default. A shorter one is safe only while nobody writes.

        Returns
        -------
        Collection
        """
        from mlops_lite.store.gc import collect

        with explained(self.url, "be tidied"):
            return collect(self, dry_run=dry_run, grace_s=grace_s)

    def sync(self, to: Store | str, only: Iterable[object] | None = None) -> Synchronisation:
        """Copy to another store what it lacks, with all that it points at.

        Parameters
        ----------
        to : Store or str
            The other store.
        only : iterable of refs, optional
            What to copy; everything without it. ``dataset/flights@3`` copies that log up to its third record.

        Returns
        -------
        Synchronisation
            What was copied, and which logs had diverged: their tails are kept beside as forks.
        """
        from mlops_lite.store.sync import synchronise

        other = to if isinstance(to, Store) else Store(to)
        with explained(other.url, "be synchronised"):
            return synchronise(self, other, only)

    def adopt(self, ref: object) -> list[Record]:
        """Append the records of a fork to their log, as new records that name the originals.

        Parameters
        ----------
        ref : str
            ``kind/name@fork:<short digest>/<number>``, as :meth:`sync` reported it.

        Returns
        -------
        list of Record
            The new ones.
        """
        from mlops_lite.store.forks import adopt

        return adopt(self, ref)

    def prepare(self) -> None:
        """Make the store ready for a write: its identity, and the proof of its place.

        Raises
        ------
        UnsupportedStoreError
            The place cannot keep several writers apart, or belongs to another program.
        StoreUnavailableError
            It refuses.
        """
        if self._ready:
            return
        with _preparing, explained(self.url, "be prepared"):
            if self._read_identity() is None:
                self._create()
            elif self.backend.needs_proof:
                self._prove()
            self._ready = True

    def _prove(self) -> None:
        from mlops_lite.store.proof import prove

        prove(self.backend, self.cache)

    def _create(self) -> None:
        if self.backend.needs_proof:
            self._prove()
        if self.is_local and os.path.basename(self.url) == ".mlops_lite":
            self.backend.replace(".gitignore", b"*\n")
        with contextlib.suppress(FileExistsError):
            self.backend.create(layout.IDENTITY, identity.new())
        self._identity = None
        if self._read_identity() is None:  # who lost the race reads the winner's
            raise DamagedError(f"{layout.IDENTITY} of {self.url} was written and cannot be read.")

    def _read_identity(self) -> Mapping[str, Any] | None:
        if self._identity is None:
            with explained(self.url, "be read"):
                try:
                    data = self.backend.read(layout.IDENTITY)
                except FileNotFoundError:
                    return None
            self._identity = identity.read(data, self.url)
        return self._identity

    def __enter__(self) -> Store:
        blocks.set((*blocks.get(), self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        blocks.set(blocks.get()[:-1])

    def __reduce__(self) -> tuple[Any, ...]:
        return _open, (address_of(self),)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Store) and (self.url, self._options) == (other.url, other._options)

    def __hash__(self) -> int:
        return hash(self.url)

    def _view(self) -> Any:
        from mlops_lite.store.view import of_store

        return of_store(self)

    def __repr__(self) -> str:
        return f"Store({self.url!r})"


def _open(address: dict[str, Any]) -> Store:
    return Store(**address)
