"""How values become bytes and come back; one file per format.

A plug-in is a module with

``PRIORITY``
    An integer; of all formats that accept a value the highest writes it.
``LEVEL``
    What a reader must trust: ``"arrays"``, ``"known"``, ``"code"``, or None where the pickle itself says.
``accepts(value) -> bool``
    Tells whether the format is for this value. It asks what is loaded and never imports a library to find out.
``dump(value, writer) -> facts``
    Hands the bytes over to the :class:`~mlops_lite.formats.container.Writer` and gives what it needs besides, as
    plain data.
``load(facts, reader, trust) -> value``
    Makes the value again from the :class:`~mlops_lite.formats.container.Reader`.

``leaves(facts, reader)``
    Optional: the :class:`~mlops_lite.formats._leaf.Leaf` values of its arrays or files, told without opening it.

Its file name is the name of the format, stored with each value; other packages name theirs in the entry-point group
``mlops_lite.formats``. What is stored stays readable for ever: a format may learn new facts, and forgets none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite.base.extension import Extensions
from mlops_lite.errors import InvalidInputError, MissingLibraryError
from mlops_lite.formats import _leaf
from mlops_lite.formats import _libraries as libraries
from mlops_lite.formats import trust as trusting
from mlops_lite.formats._leaf import Leaf
from mlops_lite.formats.container import Manifest, Reader, Sink, Writer
from mlops_lite.formats.container.known import Before
from mlops_lite.formats.trust import Trust

if TYPE_CHECKING:
    from mlops_lite.formats.container.source import Verify

__all__ = ["FORMATS", "Leaf", "Stored", "Trust", "dump", "leaves", "load", "manifest", "reader", "trust_of"]

FORMATS = Extensions("mlops_lite.formats", group="mlops_lite.formats")

trust_of = trusting.trust_of


@attrs.frozen
class Stored:
    """A value in a store.

    Parameters
    ----------
    format : str
        The name of its format.
    manifest : str
        The digest of its manifest, which names the whole content.
    nbytes : int
        Bytes of all its objects, each counted once.
    level : {"arrays", "known", "code"}
        What a reader must trust, as the writer says: information, never permission.
    reason : str
        What needs more than ``"known"``.
    objects : tuple of str
        The digests of everything that it needs, the manifest included.
    names : tuple of str
        What its pickle looks up, where it is one.
    """

    format: str
    manifest: str
    nbytes: int
    level: str
    reason: str = ""
    objects: tuple[str, ...] = attrs.field(default=(), repr=False)
    names: tuple[str, ...] = attrs.field(default=(), repr=False)


def choose(value: Any, format: str | None = None) -> Any:
    """Choose the format of a value.

    Parameters
    ----------
    value : object
    format : str, optional
        By name.

    Raises
    ------
    InvalidInputError
        The format that was asked for does not take it.
    """
    if format is not None:
        plugin = FORMATS.load(format)
        if not plugin.accepts(value):
            raise InvalidInputError(f"The format {format!r} does not take a {type(value).__name__}.")
        return plugin
    ranked = sorted(map(FORMATS.load, FORMATS.names()), key=lambda plugin: -plugin.PRIORITY)
    return next(plugin for plugin in ranked if plugin.accepts(value))


def dump(value: Any, batch: Sink, *, format: str | None = None, before: Before | None = None) -> Stored:
    """Store a value.

    Parameters
    ----------
    value : object
    batch : ObjectBatch
        Takes the objects; nothing is durable before it is left.
    format : str, optional
        By name; otherwise the one of highest priority that accepts the value.
    before : Before, optional
        The version before, so that what did not change is not written.

    Returns
    -------
    Stored

    Raises
    ------
    InvalidInputError
        Something inside cannot be stored; the message names the path to it.

    Examples
    --------
    >>> from mlops_lite.store import Store
    >>> store = Store("memory://formats-example")
    >>> with store.objects.batch() as batch:
    ...     stored = dump({"w": [1.5, None]}, batch)
    >>> stored.format, stored.level, load(stored, store)
    ('tree', 'arrays', {'w': [1.5, None]})
    """
    plugin = choose(value, format)
    writer = Writer()
    facts = plugin.dump(value, writer)
    judgement = _judged(plugin, facts, writer)
    listed = writer.write(batch, plugin.__name__.rpartition(".")[2], facts, before)
    digest = batch.add(listed.encode())
    return Stored(
        listed.format,
        digest,
        listed.nbytes,
        judgement.level,
        judgement.reason,
        tuple(sorted({digest, *listed.digests})),
        judgement.names,
    )


def _judged(plugin: Any, facts: Any, writer: Writer) -> trusting.Judgement:
    if plugin.LEVEL is not None:
        return trusting.Judgement(plugin.LEVEL)
    return trusting.judge(writer.part(facts["head"]))


def manifest(stored: Stored | str, store: Any) -> Manifest:
    """Read the manifest of a stored value.

    Parameters
    ----------
    stored : Stored or str
        It, or the digest of its manifest.
    store : Store
    """
    digest = stored if isinstance(stored, str) else stored.manifest
    return Manifest.decode(store.objects.read(digest))


def reader(stored: Stored | str, store: Any, what: str = "the value", **how: Any) -> Reader:
    """Open the parts of a stored value."""
    return Reader(manifest(stored, store), store.objects, what, cache=store.cache, **how)


def leaves(reader: Reader) -> list[Leaf]:
    """List the arrays or files of a stored value, by their paths in it, without opening it."""
    return _leaf.leaves(FORMATS.load(reader.manifest.format), reader)


def load(
    stored: Stored | str,
    store: Any,
    *,
    trusted: str | Iterable[str] | Trust | None = None,
    what: str = "the value",
    readonly: bool = False,
    copy: bool = False,
    verify: Verify = "once",
) -> Any:
    """Make a stored value again.

    Parameters
    ----------
    stored : Stored or str
        It, or the digest of its manifest.
    store : Store
    trusted : str, list of str or Trust, optional
        What opening it may do (see :mod:`mlops_lite.formats.trust`); otherwise what the store is trusted with.
    what : str
        What to call it in messages.
    readonly : bool
        Give arrays that cannot be written to.
    copy : bool
        Give arrays in memory of their own instead of private maps of the files.
    verify : {"once", "always", "never"}
        When large parts are compared with their digests: the first time on this machine, each time, or not.

    Returns
    -------
    object

    Raises
    ------
    DamagedError
        Bytes are not what was written.
    UntrustedError
        It needs more than the reader allowed. Nothing was opened.
    MissingLibraryError
        Its library is not installed.
    """
    trust = trusting.trust_of(store, trusted)
    parts = reader(stored, store, what, readonly=readonly, copy=copy, verify=verify)
    plugin = FORMATS.load(parts.manifest.format)
    if plugin.LEVEL is not None:
        trusting.require(trust, plugin.LEVEL, what, f"it is in the format {parts.manifest.format!r}")
    try:
        return plugin.load(parts.manifest.facts, parts, trust)
    except ModuleNotFoundError as error:
        if isinstance(error, MissingLibraryError):
            raise
        name = (error.name or "").partition(".")[0]
        raise MissingLibraryError(
            f"{what} needs the module {error.name!r}, which is not installed.",
            remedy=f"pip install {libraries.distribution(name)}",
            name=error.name,
        ) from error
