"""Registering: everything is looked at before anything is written."""

from __future__ import annotations

import math
import operator
import os
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, runtime_checkable

import attrs

from mlops_lite import formats, workspace
from mlops_lite.base import canonical
from mlops_lite.base import name as names
from mlops_lite.base.record import Parent, Record
from mlops_lite.base.ref import HasRef, Ref
from mlops_lite.errors import InvalidInputError, InvalidTypeError, MlopsLiteError, NotFoundError
from mlops_lite.formats import Stored
from mlops_lite.formats.container.known import Before
from mlops_lite.registry import example as examples
from mlops_lite.registry.environment import Environment, environment_of
from mlops_lite.registry.signature import Signature
from mlops_lite.registry.version import ModelVersion
from mlops_lite.store import Store
from mlops_lite.store.forgetting import is_deleted

__all__ = ["Draft", "TrustWarning", "register"]


_MOST_IN_RECORD = 8 << 10  # bytes of all metrics, and of all tags


class TrustWarning(UserWarning):
    """A model needs more trust than readers of its store give it by themselves."""


@runtime_checkable
class _Tells(Protocol):
    """A run that tells what it knows: what a tracking run has and a plain open run need not."""

    @property
    def metrics(self) -> Mapping[str, Any]: ...

    @property
    def inputs(self) -> Iterable[Ref]: ...


@attrs.frozen
class Draft:
    """What is to be registered, as it was given."""

    model: Any
    metrics: Mapping[str, Any] | None = None
    params: Mapping[str, Any] | None = None
    tags: Mapping[str, Any] | None = None
    message: str | None = None
    dataset: Any = None
    example: Any = None
    output: Any = None
    signature: Signature | None = None
    format: str | None = None


def register(store: Store, name: str, draft: Draft) -> ModelVersion:
    """Add a version of a model.

    Parameters
    ----------
    store : Store
    name : str
    draft : Draft

    Returns
    -------
    ModelVersion
    """
    name = names.check(name, "model")
    _meant(draft)
    run = workspace.current_run()
    metrics = {**(run.metrics if isinstance(run, _Tells) else {}), **_metrics(draft.metrics or {})}
    tags = _plain(draft.tags, "tags")
    params = _plain(draft.params, "params") if draft.params is not None else _own_params(draft.model)
    datasets = _datasets(store, draft, run)
    signature = draft.signature or _signature(store, draft, datasets)
    before = _newest(store, name)
    short, long = _divided({"metrics": metrics, "tags": tags})
    with store.objects.batch(store.objects.reachable(before)) as batch:
        stored = formats.dump(draft.model, batch, format=draft.format, before=_before(store, before))
        kept = examples.write(draft.example, batch) if draft.example is not None else None
        predicted = examples.predict(draft.model, draft.example, batch) if kept else None
        details = {
            **long,
            "environment": canonical.unstructure(_environment(stored, draft.model)),
            "example": kept.manifest if kept else None,
            "params": params,
            "predicted": predicted.manifest if predicted else None,
            "signature": canonical.unstructure(signature) if signature else None,
        }
        digest = batch.add(canonical.encode(details))
    _warn(store, name, stored)
    body = {
        "class": f"{type(draft.model).__module__}.{type(draft.model).__qualname__}",
        "datasets": [parent.ref for parent in datasets],
        "details": digest,
        "format": stored.format,
        "level": stored.level,
        "manifest": stored.manifest,
        "nbytes": stored.nbytes,
        "reason": stored.reason,
        "run": str(run.ref) if run is not None else None,
        **short,
    }
    record = store.log("model", name).append(
        body,
        action="register",
        message=draft.message,
        parents=[*([_parent(store, run)] if run is not None else []), *datasets],
        objects=[*stored.objects, digest, *(digest for one in (kept, predicted) if one for digest in one.objects)],
    )
    version = ModelVersion(store, record)
    workspace.made(version.ref)
    return version


def _meant(draft: Draft) -> None:
    """Refuse what was hardly meant: nothing, or a text that is the path of a file, where the text would be stored."""
    if draft.model is None and draft.format is None:
        raise InvalidInputError(
            "The model is None.",
            remedy="Does the function that trains return it? format='tree' stores it all the same.",
        )
    if isinstance(draft.model, str) and draft.format is None and os.path.exists(draft.model):
        raise InvalidInputError(
            f"The model is the text {draft.model!r}, and there is a file or folder of that name.",
            remedy="Give pathlib.Path(…) to store what is in it, or format='tree' to store the text.",
        )


def _divided(said: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Tell what fits into a record, with null for the rest, from the rest, which stands in an object."""
    long = {what: found for what, found in said.items() if len(canonical.encode(found)) > _MOST_IN_RECORD}
    return {what: None if what in long else found for what, found in said.items()}, long


def _metrics(given: Any) -> dict[str, float | int]:
    if not isinstance(given, Mapping):
        raise InvalidTypeError(
            f"metrics= is a {type(given).__name__}, not a dict.", remedy="Write metrics={'roc_auc': 0.91}."
        )
    return {_text(name, "metric"): _number(name, value) for name, value in given.items()}


def _number(name: str, value: Any) -> float | int:
    """Accept a number, or what converts to one, as an interval does."""
    if isinstance(value, (str, bytes, bool)) or not (hasattr(value, "__float__") or hasattr(value, "__index__")):
        raise InvalidTypeError(
            f"The metric {name!r} is {value!r}, which is not a number.", remedy="Give a float or an int.", name=name
        )
    try:
        whole = _whole(value)
        found = float(value) if whole is None else whole
    except (TypeError, ValueError) as error:
        raise InvalidTypeError(f"The metric {name!r} is not one number: {error}.", name=name) from error
    if isinstance(found, float) and math.isnan(found):
        raise InvalidInputError(
            f"The metric {name!r} is not a number (NaN).", remedy="Leave it out, or find out why.", name=name
        )
    return found


def _whole(value: Any) -> int | None:
    """Give a whole number of any library; None for others: an array or tensor of one float has ``__index__`` too."""
    try:
        return operator.index(value)
    except TypeError:
        return None


def _text(name: Any, what: str) -> str:
    if not isinstance(name, str) or not name:
        raise InvalidTypeError(f"{name!r} cannot name a {what}: it is not text.")
    return name


def _plain(given: Mapping[str, Any] | None, what: str) -> dict[str, Any]:
    """Accept what can be written as JSON."""
    plain = {_text(name, what): _without_numpy(value) for name, value in (given or {}).items()}
    try:
        canonical.encode(plain)
    except InvalidTypeError as error:
        raise InvalidTypeError(f"{what}: {error.message}", remedy=error.remedy) from error
    return plain


def _without_numpy(value: Any) -> Any:
    return value.item() if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0 else value


def _own_params(model: Any) -> dict[str, Any]:
    """Ask the model for its hyperparameters, as scikit-learn's estimators tell them; plain values only."""
    ask = getattr(model, "get_params", None)
    if not callable(ask) or isinstance(model, type):
        return {}
    try:
        found = dict(ask())
    except Exception:  # a model's own code, asked for a courtesy
        return {}
    return {
        str(name): value
        for name, value in ((name, _without_numpy(value)) for name, value in found.items())
        if value is None or isinstance(value, (bool, int, float, str))
    }


def _datasets(store: Store, draft: Draft, run: Any) -> list[Parent]:
    """Name the snapshots: those that were given, else the inputs of the run."""
    if draft.dataset is not None:
        several = isinstance(draft.dataset, (list, tuple))
        return [_dataset(store, value) for value in (draft.dataset if several else [draft.dataset])]
    used = run.inputs if isinstance(run, _Tells) else ()
    return [_parent(store, ref) for ref in dict.fromkeys(used) if Ref(ref).kind == "dataset"]


def _dataset(store: Store, value: Any) -> Parent:
    known = value if isinstance(value, (str, HasRef)) else workspace.origin(value)
    if known is None:
        raise InvalidTypeError(
            f"dataset= is a {type(value).__name__}, and it is not known from which snapshot it came.",
            remedy="Give the snapshot: ml.Dataset(name).snapshot(frame), or its ref.",
        )
    ref = Ref.parse(known, kind="dataset")
    home = getattr(value, "store", None)
    try:
        return (home if isinstance(home, Store) else store).parent(ref)
    except NotFoundError as error:
        raise NotFoundError(f"dataset={str(ref)!r}: {error.message}", remedy=error.remedy) from error


def _parent(store: Store, value: Any) -> Parent:
    """Name something that the run used: by its ref alone where it lives in another store."""
    ref = Ref.parse(value)
    try:
        return store.parent(ref)
    except MlopsLiteError:
        return Parent(str(ref))


def _signature(store: Store, draft: Draft, datasets: list[Parent]) -> Signature | None:
    if draft.example is None:
        return None
    signature = Signature.infer(draft.example, draft.output)
    for parent in datasets:
        try:
            schema = getattr(workspace.open(parent.ref, store), "schema", None)
        except MlopsLiteError:
            continue
        if schema is not None:
            signature = signature.widened(schema)
    return signature


def _newest(store: Store, name: str) -> Record | None:
    """Give the version to build on; none where it was deleted: garbage collections may be taking what it names."""
    newest = store.log("model", name).newest()
    return None if newest is None or is_deleted(store, newest) else newest


def _before(store: Store, newest: Record | None) -> Before | None:
    """Look at the version before, to write only what changed; without it everything is written."""
    if newest is None:
        return None
    try:
        manifest = formats.manifest(newest.body["manifest"], store)
        return Before(manifest, store.objects if store.is_local else None)
    except MlopsLiteError:
        return None


def _environment(stored: Stored, model: Any) -> Environment:
    modules = {name.rpartition(".")[0].removeprefix("mlops_lite.formats.") for name in stored.names}
    return environment_of({*modules, *_own_modules(type(model))})


def _own_modules(cls: type) -> set[str]:
    return {base.__module__ for base in cls.__mro__}


def _warn(store: Store, name: str, stored: Stored) -> None:
    """Say once that readers of a shared store will be asked for more trust; one's own store asks for nothing."""
    if stored.level == "code" and formats.trust_of(store).level != "code":
        warnings.warn(
            f"model/{name} needs trusted='code' to be opened: {stored.reason}. Readers of {store.url} will be told so.",
            TrustWarning,
            stacklevel=4,
        )
