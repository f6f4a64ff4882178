"""The registry: models by name, their versions and aliases."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlops_lite import workspace
from mlops_lite.base.record import Record
from mlops_lite.base.ref import Ref
from mlops_lite.display import Drawn
from mlops_lite.errors import DamagedError, InUseError, NotFoundError
from mlops_lite.registry.notes import Notes
from mlops_lite.registry.signature import Signature
from mlops_lite.registry.version import ModelVersion
from mlops_lite.registry.versions import Versions
from mlops_lite.store import ANY, Move, Store

if TYPE_CHECKING:
    from mlops_lite.registry.diff import ModelDiff
    from mlops_lite.registry.inspection import Inspection
    from mlops_lite.store.labels import Any_

__all__ = ["Registry"]


class Registry(Drawn):
    """Models by name, their versions and aliases.

    Parameters
    ----------
    store : Store or str, optional
        Where they are kept; the default store otherwise.

    Examples
    --------
    >>> import mlops_lite as ml
    >>> registry = ml.Registry("memory://registry-example")
    >>> for weight in (0.5, 0.7):
    ...     version = registry.register("churn", {"w": [weight]}, metrics={"roc_auc": 0.9 + weight / 100})
    >>> move = registry.promote("churn@2", "champion")
    >>> registry.load("churn@champion"), registry.get("churn@1").metrics["roc_auc"]
    ({'w': [0.7]}, 0.905)
    """

    def __init__(self, store: Store | str | os.PathLike[str] | None = None) -> None:
        self._given = store if store is None or isinstance(store, Store) else Store(store)

    @property
    def store(self) -> Store:
        """Where the models are kept."""
        return workspace.store(self._given)

    # --- registering and finding -----------------------------------------------------------------------------------

    def register(
        self,
        name: str,
        model: Any,
        *,
        metrics: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        message: str | None = None,
        dataset: Any = None,
        example: Any = None,
        output: Any = None,
        signature: Signature | None = None,
        format: str | None = None,
    ) -> ModelVersion:
        """Add a version of a model.

        Inside an open run the run, its inputs and its last metrics are noted as those of the version.

        Parameters
        ----------
        name : str
            Of the model; ``/`` groups.
        model : object
            Any Python object; a :class:`pathlib.Path` stands for the file or folder there.
        metrics : mapping of str to number, optional
        params : mapping, optional
            Hyperparameters; those that the model tells by itself otherwise.
        tags : mapping, optional
        message : str, optional
            What you have to say.
        dataset : snapshot, ref, or list of them, optional
            What it was made from.
        example : table, array, text or list, optional
            Inputs of the model; the signature is inferred from it, and its first rows are kept.
        output : table or array, optional
            What the model gives for such inputs.
        signature : Signature, optional
            Instead of one that is inferred.
        format : str, optional
            How to store it, by name; otherwise the format that is made for it.

        Returns
        -------
        ModelVersion

        Raises
        ------
        InvalidNameError, InvalidInputError, InvalidTypeError
            Something cannot be registered; says what. Nothing was written.
        """
        from mlops_lite.registry.register import Draft, register

        draft = Draft(model, metrics, params, tags, message, dataset, example, output, signature, format)
        return register(self.store, name, draft)

    def get(self, ref: object) -> ModelVersion:
        """Find a version.

        Parameters
        ----------
        ref : str, Ref or ModelVersion
            ``"churn"`` or ``"churn@latest"``, ``"churn@3"``, ``"churn@-1"``, ``"churn@champion"``, and a time in ISO
            format: the newest version then.

        Returns
        -------
        ModelVersion

        Raises
        ------
        NotFoundError
            There is no such version, or it was deleted; says what there is.
        """
        parsed = Ref.parse(ref, kind="model")
        record = self.store.log("model", parsed.name).find(parsed.version)
        gone = Notes(self.store, parsed.name).deleted()
        if record.number not in gone:
            return ModelVersion(self.store, record)
        if parsed.version in (None, "latest"):
            return self._newest_left(parsed.name, gone)
        raise NotFoundError(
            f"model/{parsed.name}@{record.number} was deleted.",
            remedy=f"registry.restore('{parsed.name}@{record.number}') brings it back.",
            name=parsed.name,
        )

    def _newest_left(self, name: str, gone: Iterable[int]) -> ModelVersion:
        log = self.store.log("model", name)
        left = [number for number in range(len(log), 0, -1) if number not in gone]
        if not left:
            raise NotFoundError(
                f"All versions of model/{name} were deleted.",
                remedy=f"registry.restore('{name}@{len(log)}') brings the newest one back.",
                name=name,
            )
        return ModelVersion(self.store, log.read(left[0]))

    def load(self, ref: object, **how: Any) -> Any:
        """Open the model of a version.

        Parameters
        ----------
        ref : str, Ref or ModelVersion
            As for :meth:`get`.
        **how
            As for :meth:`ModelVersion.load`: ``trusted=``, ``readonly=``, ``copy=``, ``verify=``, ``digest=``,
            ``environment=``.

        Returns
        -------
        object
        """
        return self.get(ref).load(**how)

    def versions(self, name: object) -> Versions:
        """List the versions of a model, oldest first, but for deleted ones.

        Parameters
        ----------
        name : str or ref
            The model.

        Returns
        -------
        Versions
            A sequence of :class:`ModelVersion`, with ``.to_frame()``.

        Raises
        ------
        NotFoundError
            There is no such model.
        """
        model = Ref.parse(name, kind="model").name
        log = self.store.log("model", model)
        records = list(log.history())
        if not records:
            raise self.store.no_such("model", model)
        gone = Notes(self.store, model).deleted()
        return Versions(ModelVersion(self.store, record) for record in records if record.number not in gone)

    def models(self) -> list[str]:
        """List the names of all models.

        Returns
        -------
        list of str
        """
        return self.store.names("model")

    # --- aliases ---------------------------------------------------------------------------------------------------

    def promote(
        self, ref: object, alias: str, *, expected: int | Any_ | None = ANY, message: str | None = None
    ) -> Record:
        """Give an alias to a version.

        Parameters
        ----------
        ref : str, Ref or ModelVersion
        alias : str
            Such as ``"champion"``.
        expected : int or None, optional
            The version that must hold it now (None: none). Without it whoever holds it gives way.
        message : str, optional
            Why.

        Returns
        -------
        Record
            The move; the newest one where the version holds the alias already.

        Raises
        ------
        ConflictError
            Another version holds it; says who gave it to that one, and when.
        InvalidNameError
            The alias reads as a version, a time or a fork.
        """
        version = self.get(ref)
        return self.store.labels("model", version.name).move(alias, version.version, expected, message)

    def revert(
        self, name: object, alias: str, *, expected: int | Any_ | None = ANY, message: str | None = None
    ) -> Record:
        """Give an alias back to its previous holder; again, to the one before that.

        Parameters
        ----------
        name : str
            The model.
        alias : str
        expected : int, optional
            The version that must hold it now.
        message : str, optional
            Why.

        Returns
        -------
        Record
            The move.

        Raises
        ------
        NotFoundError
            It is not set, or had no holder before.
        ConflictError
            Another version than expected holds it.
        """
        return self.store.labels("model", Ref.parse(name, kind="model").name).revert(alias, expected, message)

    def demote(self, name: object, alias: str, *, message: str | None = None) -> Record:
        """Take an alias away.

        Parameters
        ----------
        name : str
            The model.
        alias : str
        message : str, optional
            Why.

        Returns
        -------
        Record
            The move.

        Raises
        ------
        NotFoundError
            It is not set.
        """
        return self.store.labels("model", Ref.parse(name, kind="model").name).remove(alias, message)

    def history(self, name: object, alias: str | None = None) -> list[Move]:
        """List the moves of the aliases of a model, oldest first: who, when, why, from which version to which.

        Parameters
        ----------
        name : str
            The model.
        alias : str, optional
            Only the moves of this one.

        Returns
        -------
        list of Move
        """
        return self.store.labels("model", Ref.parse(name, kind="model").name).history(alias)

    # --- what is said of versions later ------------------------------------------------------------------------------

    def note(self, ref: object, text: str) -> ModelVersion:
        """Add a note to a version.

        Parameters
        ----------
        ref : str, Ref or ModelVersion
        text : str

        Returns
        -------
        ModelVersion
            The version; ``.notes`` lists them.
        """
        version = self.get(ref)
        self._notes(version).add("note", version.version, text)
        return version

    def tag(self, ref: object, **tags: Any) -> ModelVersion:
        """Add tags to a version, or change them.

        Parameters
        ----------
        ref : str, Ref or ModelVersion
        **tags
            Name and value; what can be written as JSON.

        Returns
        -------
        ModelVersion
            The version; ``.tags`` holds them all.
        """
        version = self.get(ref)
        self._notes(version).add("tag", version.version, tags=tags)
        return version

    def approve(self, ref: object, note: str | None = None) -> ModelVersion:
        """Put your name to exactly this content of a version.

        Parameters
        ----------
        ref : str, Ref or ModelVersion
        note : str, optional
            On what ground.

        Returns
        -------
        ModelVersion
            The version; ``.approvals`` lists who approved it.
        """
        version = self.get(ref)
        self._notes(version).add("approve", version.version, note, digest=version.digest)
        return version

    def delete(self, ref: object, *, force: bool = False, message: str | None = None) -> Record:
        """Delete a version: it is no longer found or listed. Its number is never given again.

        What only it needs is removed by ``store.gc(dry_run=False)`` once the deletion is a week old; until then
        :meth:`restore` brings it back. Its record stays: who registered it, when, from what, and its metrics.

        Parameters
        ----------
        ref : str, Ref or ModelVersion
        force : bool
            Even if something points at it.
        message : str, optional
            Why.

        Returns
        -------
        Record
            What was noted.

        Raises
        ------
        InUseError
            An alias, a deployment or a run points at it; says which.
        """
        from mlops_lite.registry.usage import users

        version = self.get(ref)
        pointing = users(version)
        if pointing and not force:
            listed = ", ".join(pointing[:8]) + (f" and {len(pointing) - 8} more" if len(pointing) > 8 else "")
            raise InUseError(
                f"{version.ref} is still used by {listed}. Nothing was deleted.",
                remedy="Move what points at it, or, if you mean it: delete(…, force=True).",
                users=pointing,
            )
        return self._notes(version).add("delete", version.version, message)

    def restore(self, ref: object, *, message: str | None = None) -> ModelVersion:
        """Bring a deleted version back.

        Parameters
        ----------
        ref : str, Ref or ModelVersion
        message : str, optional
            Why.

        Returns
        -------
        ModelVersion

        Raises
        ------
        NotFoundError
            There is no such version, or a garbage collection has removed its objects.
        """
        parsed = Ref.parse(ref, kind="model")
        record = self.store.log("model", parsed.name).find(parsed.version)
        _keep(self.store, record)
        Notes(self.store, parsed.name).add("restore", record.number, message)
        return ModelVersion(self.store, record)

    def _notes(self, version: ModelVersion) -> Notes:
        return Notes(self.store, version.name)

    # --- looking closer --------------------------------------------------------------------------------------------

    def inspect(self, ref: object) -> Inspection:
        """Say what opening a version would do, without opening it.

        Parameters
        ----------
        ref : str, Ref or ModelVersion

        Returns
        -------
        Inspection
            The level of trust that it needs, every name that it looks up, functions by value with their source, and
            what of that the version before did not have. Names, not behaviour.
        """
        return self.get(ref).inspect()

    def diff(self, name: object, before: object = None, after: object = None) -> ModelDiff:
        """Compare two versions: arrays, hyperparameters, metrics, signature, environment, code of the runs.

        Parameters
        ----------
        name : str or ref
            The model, or one version of any model.
        before, after : version of that model, or ref
            ``diff("churn", 1, 2)`` or ``diff("churn@1", "xgb@3")``.

        Returns
        -------
        ModelDiff
        """
        from mlops_lite.registry.diff import diff

        if after is None and before is not None:
            first, second = self.get(name), self.get(before)
        else:
            model = Ref.parse(name, kind="model").name
            first = self.get(f"{model}@{-2 if before is None else before}")
            second = self.get(f"{model}@{-1 if after is None else after}")
        return diff(first, second)

    def _view(self) -> Any:
        from mlops_lite.registry.view import of_registry

        return of_registry(self)

    def __repr__(self) -> str:
        return f"<Registry in {self.store.url}>"


def _keep(store: Store, record: Record) -> None:
    """Make sure that the objects of a version are there, and that no garbage collection takes them before it is back.

    Raises
    ------
    NotFoundError
        One has been removed.
    """
    try:
        needed = store.objects.reachable(record)
        for digest in needed:
            store.objects.size(digest)
        store.objects.require(needed, None)
    except (NotFoundError, DamagedError) as error:
        raise NotFoundError(
            f"{record.ref} was deleted, and its objects have been removed since by store.gc.",
            remedy="A copy of the store in which it was not deleted gives them back: copy.sync(to=store).",
            name=record.name,
        ) from error
