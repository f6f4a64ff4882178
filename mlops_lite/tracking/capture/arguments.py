"""The arguments of the function, defaults included, become parameters; what a run needs to be run again is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_lite import workspace
from mlops_lite.base import canonical
from mlops_lite.tracking.describe import MOST_DIGESTED, describe, is_described, is_exact
from mlops_lite.tracking.masking import mask
from mlops_lite.tracking.pickling import SMALL, NotKeptError, pickled

if TYPE_CHECKING:
    from mlops_lite.tracking.capture import Call

__all__ = ["before"]

_MOST_COLUMNS = 2_000


def before(call: Call) -> Mapping[str, Any] | None:
    """Describe each argument; those with a ref become inputs."""
    if call.function is None:
        return None
    found = _Arguments(call)
    for name, value in call.arguments.items():
        call.state["params"][name] = found.parameter(name, value)
    if call.owner is not None:
        found.keep("self", call.owner, describe(call.owner))
    return {"object": call.keep(canonical.encode(found.described()))}


class _Arguments:
    """How each argument can be had again: from its description, a snapshot, a pickle, or not at all."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._kept: dict[str, str] = {}
        self._loaded: dict[str, Any] = {}
        self._lost: dict[str, str] = {}

    def described(self) -> dict[str, Any]:
        names = list(self._call.arguments)
        return {"names": names, "kept": self._kept, "loaded": self._loaded, "lost": self._lost}

    def parameter(self, name: str, value: Any) -> Any:
        origin = workspace.origin(value)
        if origin is not None:
            return self._from_snapshot(name, value, str(origin))
        found = describe(value)
        for ref in _refs(found):
            self._call.link(ref)
        masked = mask(found, name)
        if masked != found:
            self._lost[name] = "it holds what looks like a secret"
        elif not is_exact(value, found):
            self.keep(name, value, found)
        return masked

    def _from_snapshot(self, name: str, value: Any, ref: str) -> Any:
        changed = workspace.was_changed(value)
        self._call.link(ref, changed=changed)
        if changed:
            found = describe(value)
            self.keep(name, value, found)
            return mask({"$value": {**found["$value"], "changed_from": ref}}, name)
        columns: list[Any] = list(getattr(value, "columns", ()))[:_MOST_COLUMNS]
        named = 0 < len(columns) < _MOST_COLUMNS and all(type(column) is str for column in columns)
        self._loaded[name] = {"type": type(value).__module__.partition(".")[0], "columns": columns if named else None}
        return {"$ref": ref}

    def keep(self, name: str, value: Any, found: Any) -> None:
        """Keep a pickle, if it is a small one."""
        size = found["$value"].get("nbytes") if is_described(found) else None
        if size is not None and size > SMALL:
            what = "by description" if size > MOST_DIGESTED else "by its digest"
            self._lost[name] = f"of its {size:,} bytes the run knows {what} only"
            return
        try:
            self._kept[name] = self._call.keep(pickled(value))
        except NotKeptError as error:
            self._lost[name] = str(error)


def _refs(found: Any) -> list[str]:
    if isinstance(found, dict):
        if "$ref" in found:
            return [found["$ref"]]
        return [ref for item in found.values() for ref in _refs(item)]
    if isinstance(found, list):
        return [ref for item in found for ref in _refs(item)]
    return []
