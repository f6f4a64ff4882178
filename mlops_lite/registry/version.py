"""One registered model."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mlops_lite import formats, workspace
from mlops_lite.base import canonical
from mlops_lite.base.digest import short
from mlops_lite.base.record import Record
from mlops_lite.base.ref import Ref
from mlops_lite.display import Drawn
from mlops_lite.errors import DamagedError, InvalidInputError, NotFoundError
from mlops_lite.formats import Stored
from mlops_lite.registry.environment import Environment
from mlops_lite.registry.notes import Approval, Note, Notes
from mlops_lite.registry.signature import Signature
from mlops_lite.store.forgetting import is_deleted

if TYPE_CHECKING:
    from mlops_lite.formats.container.source import Verify
    from mlops_lite.registry.inspection import Inspection
    from mlops_lite.store import Store

__all__ = ["ModelVersion"]

_VERIFY = ("once", "always", "never")


class ModelVersion(Drawn):
    """One registered model: immutable, but for notes and tags that are added later.

    Parameters
    ----------
    store : Store
    record : Record
        The entry of the model's log.

    Examples
    --------
    >>> import mlops_lite as ml
    >>> with ml.Store("memory://version-example"):
    ...     version = ml.Registry().register("churn", {"w": [0.5, 1.5]}, metrics={"auc": 0.91})
    >>> version.ref, version.metrics["auc"], version.format, version.load()
    ('model/churn@1', 0.91, 'tree', {'w': [0.5, 1.5]})
    """

    def __init__(self, store: Store, record: Record) -> None:
        self.store = store
        self._record = record

    # --- what it is ----------------------------------------------------------------------------------------------

    @property
    def ref(self) -> Ref:
        """Its ref, with its number."""
        return self._record.ref

    @property
    def name(self) -> str:
        """The name of the model."""
        return self._record.name

    @property
    def version(self) -> int:
        """Its number, from 1."""
        return self._record.number

    @property
    def format(self) -> str:
        """How it is stored: ``tree``, ``numpy``, ``pickle``, ``sklearn``, ``torch``, ``xgboost`` and so on."""
        return str(self._body["format"])

    @property
    def kind(self) -> str:
        """The class of the model, as text."""
        return str(self._body["class"])

    @property
    def nbytes(self) -> int:
        """Bytes of its objects, whether shared with other versions or not."""
        return int(self._body["nbytes"])

    @property
    def digest(self) -> str:
        """The digest that names its whole content; equal models have equal digests."""
        return str(self._body["manifest"])

    @property
    def trust(self) -> str:
        """What a reader must trust to open it, as its writer says: ``arrays``, ``known`` or ``code``."""
        return str(self._body["level"])

    # --- where it comes from -------------------------------------------------------------------------------------

    @property
    def author(self) -> str:
        """Who registered it."""
        return self._record.author

    @property
    def created_at(self) -> datetime:
        """When, in UTC."""
        return self._record.time

    @property
    def message(self) -> str | None:
        """What the author had to say."""
        return self._record.message

    @property
    def run(self) -> Ref | None:
        """The run inside which it was registered."""
        found = self._body.get("run")
        return Ref(found) if found else None

    @property
    def datasets(self) -> tuple[Ref, ...]:
        """The snapshots that it was made from."""
        return tuple(Ref(found) for found in self._body.get("datasets", ()))

    @property
    def dataset(self) -> Ref | None:
        """The snapshot that it was made from; the first where there are several."""
        return next(iter(self.datasets), None)

    @property
    def parents(self) -> tuple[Ref, ...]:
        """Everything that its record points at."""
        return tuple(Ref(parent.ref) for parent in self._record.parents)

    # --- what is known of it -------------------------------------------------------------------------------------

    @property
    def metrics(self) -> Mapping[str, float]:
        """Its metrics, by name."""
        return MappingProxyType(dict(self._said("metrics")))

    @property
    def params(self) -> Mapping[str, Any]:
        """Its hyperparameters: those that were given, else those that the model tells by itself."""
        return MappingProxyType(dict(self._details.get("params", {})))

    @property
    def tags(self) -> Mapping[str, Any]:
        """Its tags: those of its registration, and those that were added later."""
        return MappingProxyType({**self._said("tags"), **self._notes.tags(self.version)})

    def _said(self, what: str) -> Mapping[str, Any]:
        """Read what its record says, or what was too long for that and stands beside it."""
        found = self._body.get(what)
        said: Mapping[str, Any] = self._details.get(what, {}) if found is None else found
        return said

    @property
    def notes(self) -> tuple[Note, ...]:
        """What people had to say of it later."""
        return self._notes.notes(self.version)

    @property
    def approvals(self) -> tuple[Approval, ...]:
        """Who approved exactly this content, when, and what they said."""
        return self._notes.approvals(self.version)

    @property
    def aliases(self) -> tuple[str, ...]:
        """The aliases that name it now."""
        labels = self.store.labels("model", self.name).all()
        return tuple(sorted(label for label, number in labels.items() if number == self.version))

    @property
    def signature(self) -> Signature | None:
        """What inputs it takes; None where no example was given."""
        found = self._details.get("signature")
        return canonical.structure(found, Signature) if found else None

    @property
    def environment(self) -> Environment:
        """The Python and the libraries that it was made with."""
        found = self._details.get("environment", {})
        return Environment(str(found.get("python", "")), dict(found.get("packages", {})))

    @functools.cached_property
    def example(self) -> Any:
        """The example of an input, in the kind that was given; None where there is none."""
        from mlops_lite.registry import example

        found = self._details.get("example")
        return example.read(found, self.store, f"the example of {self.ref}") if found else None

    @functools.cached_property
    def predicted(self) -> Any:
        """What it made of its example when it was registered, an array; None where it made nothing of it."""
        from mlops_lite.registry import example

        found = self._details.get("predicted")
        return example.read_prediction(found, self.store, f"the prediction of {self.ref}") if found else None

    # --- opening -------------------------------------------------------------------------------------------------

    def load(
        self,
        *,
        trusted: str | Iterable[str] | None = None,
        readonly: bool = False,
        copy: bool = False,
        verify: bool | Verify = "once",
        digest: str | None = None,
        environment: str = "check",
    ) -> Any:
        """Open the model.

        Parameters
        ----------
        trusted : str or list of str, optional
            What opening it may do: ``"arrays"``, ``"known"``, exact names, ``"code"``; otherwise what the store is
            trusted with.
        readonly : bool
            Give arrays that refuse writing. Otherwise they can be written to, and the store does not change.
        copy : bool
            Give arrays in memory of their own instead of maps of the files.
        verify : bool or {"once", "always", "never"}
            Compare large parts with their digests the first time on this machine (the default), each time (True), or
            never. Everything else is always compared.
        digest : str, optional
            The content that is expected, in full or its first eight digits or more.
        environment : {"check", "warn", "ignore"}
            Refuse where libraries are known to be incompatible and warn of other differences; only warn; or neither.

        Returns
        -------
        object

        Raises
        ------
        UntrustedError
            It needs more than the reader allowed. Nothing was opened.
        DamagedError
            Bytes are not what was registered. Nothing was opened.
        IncompatibleError
            It was made with libraries that are incompatible with those here, or its own code raised.
        MissingLibraryError
            A library is not installed.
        """
        self._expect(digest)
        how: dict[str, Any] = {"readonly": readonly, "copy": copy, "verify": _when(verify)}
        try:
            self.environment.compare(str(self.ref), environment)
            model = formats.load(self.digest, self.store, trusted=trusted, what=str(self.ref), **how)
        except NotFoundError as error:
            if is_deleted(self.store, self._record):
                raise NotFoundError(f"{self.ref} was deleted, and its objects were removed.", name=self.name) from error
            raise
        workspace.uses(self.ref)
        return model

    def _expect(self, digest: str | None) -> None:
        if digest is None:
            return
        if len(digest) < 8:
            raise InvalidInputError(f"{digest!r} is too short for a digest.", remedy=f"Give all of {self.digest!r}.")
        if not self.digest.startswith(digest):
            raise DamagedError(
                f"{self.ref} has the digest {short(self.digest)}…, and {short(digest)}… was expected. "
                "Nothing was opened.",
                remedy="Its record is not the one that the digest was taken from: look at store.verify().",
                digest=self.digest,
            )

    def inspect(self) -> Inspection:
        """Say what opening it would do, without opening it.

        Returns
        -------
        Inspection
            See :meth:`Registry.inspect`.
        """
        from mlops_lite.registry.inspection import inspect

        return inspect(self)

    @property
    def stored(self) -> Stored:
        """Where its content lies."""
        body = self._body
        return Stored(body["format"], body["manifest"], body["nbytes"], body["level"], body.get("reason", ""))

    @property
    def _body(self) -> Mapping[str, Any]:
        return self._record.body

    @functools.cached_property
    def _details(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = canonical.decode(self.store.objects.read(self._body["details"]))
        return found

    @property
    def _notes(self) -> Notes:
        return Notes(self.store, self.name)

    def __reduce__(self) -> tuple[Any, ...]:
        return ModelVersion, (self.store, self._record)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelVersion) and (self.store, self._record) == (other.store, other._record)

    def __hash__(self) -> int:
        return hash(self.ref)

    def _view(self) -> Any:
        from mlops_lite.registry.view import of_version

        return of_version(self)

    def __repr__(self) -> str:
        return f"<ModelVersion {self.ref} {self.format} {self.nbytes:,} bytes {short(self.digest)}>"


def _when(verify: bool | Verify) -> Verify:
    if isinstance(verify, bool):
        return "always" if verify else "never"
    if verify not in _VERIFY:
        raise InvalidInputError(
            f"verify={verify!r} is none of {', '.join(map(repr, _VERIFY))}.", remedy="Or a boolean."
        )
    return verify
