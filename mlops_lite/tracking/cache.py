"""``cache=True``: same code, same arguments, same inputs, and the recorded result is given back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite.base import canonical
from mlops_lite.base.digest import sha256
from mlops_lite.base.ref import Ref
from mlops_lite.tracking.describe import content_of, describe
from mlops_lite.tracking.links import link
from mlops_lite.tracking.pickling import unpickle
from mlops_lite.tracking.warning import warn

if TYPE_CHECKING:
    from mlops_lite.store import Store
    from mlops_lite.tracking.active import ActiveRun
    from mlops_lite.tracking.capture import Call

__all__ = ["Hit", "recall"]


@attrs.frozen
class Hit:
    """A result that was recorded."""

    value: Any


class _UnknownError(Exception):
    """Something of the call has no digest, so that it cannot be told from another."""


def recall(run: ActiveRun) -> Hit | None:
    """Look for a finished run of the same code with the same arguments and inputs.

    Parameters
    ----------
    run : ActiveRun
        The one that has just begun; it remembers the key, and where the result came from.

    Returns
    -------
    Hit or None
        None where the function has to run.
    """
    try:
        key = _key(run._call)
    except _UnknownError as error:
        warn(f"The call of {run.name!r} is not cached: {error}.")
        return None
    run._live.setdefault("facts", {})["cache"] = {"key": key}
    for state in _candidates(run.store, key):
        if not _still_newest(run.store, state):
            continue
        try:
            hit = Hit(_value(run.store, state))
        except Exception as error:  # damaged, untrusted, or of a class that has gone: the function can still run
            warn(f"The result of run {state['id']} is not used: {error}")
            continue
        _take_over(run, state)
        return hit
    return None


def _key(call: Call) -> str:
    code = call.state["facts"].get("code", {})
    if "digest" not in code or code.get("edited"):
        reason = "its file was edited after it was imported" if code.get("edited") else "its source is not to be had"
        raise _UnknownError(reason)
    arguments = {name: _identified(call.store, name, describe(value)) for name, value in call.arguments.items()}
    if call.owner is not None:
        arguments["self"] = _identified(call.store, "self", describe(call.owner))
    known = {"code": code["digest"], "arguments": arguments, "seed": call.seed}
    return sha256(canonical.encode(known))


def _identified(store: Store, name: str, found: Any) -> Any:
    """Replace refs by what they stand for now, and insist on a digest of what is large."""
    if isinstance(found, dict):
        if "$ref" in found:
            return {"$ref": link(store, found["$ref"])}
        if found.keys() == {"$value"} and not found["$value"].get("digest"):
            raise _UnknownError(f"of {name!r} there is no digest ({found['$value'].get('reason', 'it is too large')})")
        if found.keys() == {"$value"}:
            return content_of(found)
        return {key: _identified(store, name, item) for key, item in found.items()}
    if isinstance(found, list):
        return [_identified(store, name, item) for item in found]
    return found


def _candidates(store: Store, key: str) -> list[dict[str, Any]]:
    """List finished runs of that key, the newest first."""
    import numpy as np

    listing = store.runs.index.listing()
    table = listing.table(["key", "status"])
    if "key" not in table.column_names:
        return []
    keys, status = (table[name].to_numpy(zero_copy_only=False) for name in ("key", "status"))
    rows = np.flatnonzero((keys == key) & (status == "finished"))
    states = [listing.state(int(row)) for row in rows]
    made = [state for state in states if "from" not in state["facts"]["cache"] and "result" in state]
    return sorted(made, key=lambda state: state["started"], reverse=True)


def _still_newest(store: Store, state: dict[str, Any]) -> bool:
    """Tell whether what the run loaded by itself is still what it would load: nothing newer, no label moved."""
    seen = state["facts"]["cache"].get("inputs", {})
    return all(standing(store, name) == stood for name, stood in seen.items())


def standing(store: Store, ref: str) -> dict[str, Any]:
    """Say how a named thing stands: its newest number, and its labels."""
    parsed = Ref(ref)
    return {
        "newest": len(store.log(parsed.kind, parsed.name)),
        "labels": dict(store.labels(parsed.kind, parsed.name).all()),
    }


def note_inputs(run: ActiveRun) -> None:
    """Note how the things stand that the run has used."""
    cache = run._live.get("facts", {}).get("cache")
    if cache is None or "from" in cache:
        return
    named = {str(Ref.of(Ref(found["ref"]).kind, Ref(found["ref"]).name)) for found in run._live.get("inputs", ())}
    cache["inputs"] = {name: standing(run.store, name) for name in sorted(named) if not name.startswith("run/")}


def _value(store: Store, state: dict[str, Any]) -> Any:
    result = state["result"]
    if "object" in result:
        return unpickle(store, result["object"], f"the result of run {state['id']}")
    if result.get("exact"):
        return result["value"]
    raise ValueError(result.get("not_kept", "it was not kept"))


def _take_over(run: ActiveRun, state: dict[str, Any]) -> None:
    """Let the new run show what the old one did, and keep alive what it points at."""
    live = run._live
    live["facts"]["cache"]["from"] = f"run/{state['id']}"
    for name in ("result", "metrics", "artifacts", "outputs", "inputs"):
        if name in state:
            live[name] = state[name]
    live["objects"] = [*dict.fromkeys([*live.get("objects", ()), *state.get("objects", ())])]
