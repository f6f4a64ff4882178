"""The arguments of a recorded call, had again: from refs, from pickles, and from whoever reproduces it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_lite import workspace
from mlops_lite.base import canonical
from mlops_lite.errors import InvalidInputError
from mlops_lite.tracking.pickling import unpickle
from mlops_lite.tracking.run import Run

__all__ = ["argument_names", "arguments", "described", "not_kept"]


def arguments(run: Run, given: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """Have every argument again, and what the function is a method of."""
    found = described(run)
    lost = {name: reason for name, reason in found["lost"].items() if name not in given}
    if lost:
        raise not_kept(run, "argument", lost)
    names = [*found["names"], *(["self"] if "self" in {**found["kept"], **found["lost"]} else [])]
    values = {name: given[name] if name in given else _argument(run, name, found) for name in names}
    return values, values.pop("self", None)


def argument_names(run: Run) -> list[str]:
    """List the parameters of a run that it was given; of a block all that it has."""
    return [*described(run)["names"]] if "arguments" in run.facts else [*run.params]


def described(run: Run) -> dict[str, Any]:
    """Read how each argument can be had again."""
    fact = run.facts.get("arguments", {})
    if "object" not in fact:
        return {"names": [], "kept": {}, "loaded": {}, "lost": {}}
    found: dict[str, Any] = canonical.decode(run.store.objects.read(fact["object"]))
    return found


def _argument(run: Run, name: str, found: Mapping[str, Any]) -> Any:
    if name in found["kept"]:
        return unpickle(run.store, found["kept"][name], f"the argument {name!r} of run {run.id}")
    if name in found["loaded"]:
        return _loaded(run, name, **found["loaded"][name])
    return _opened(run, run._state["params"][name])


def _loaded(run: Run, name: str, type: str, columns: list[str] | None) -> Any:
    """Load a frame from its snapshot, of the same library and with the same columns."""
    snapshot = workspace.open(run.params[name], run.store)
    options = {} if columns is None else {"columns": columns}
    if type == "pandas" and hasattr(snapshot, "to_pandas"):
        return snapshot.to_pandas(**options)
    if type == "pyarrow" and hasattr(snapshot, "to_arrow"):
        return snapshot.to_arrow(**options)
    return snapshot.load(**options)


def _opened(run: Run, found: Any) -> Any:
    """Put what refs stand for into plain data."""
    if isinstance(found, dict):
        if "$ref" in found:
            return workspace.open(found["$ref"], run.store)
        return {key: _opened(run, item) for key, item in found.items()}
    return [_opened(run, item) for item in found] if isinstance(found, list) else found


def not_kept(run: Run, what: str, lost: Mapping[str, str]) -> InvalidInputError:
    """Make the error for arguments or globals that a run could not keep; ``lost`` says why, by name."""
    reasons = "; ".join(f"{name!r}: {reason}" for name, reason in lost.items())
    names = ", ".join(f"{name!r}: …" for name in lost)
    return InvalidInputError(
        f"The run {run.id} has not kept the {what} {reasons}.",
        remedy=f"Give it: ml.reproduce(run, given={{{names}}}).",
        lost=dict(lost),
    )
