"""The arguments of the function, defaults included, become parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_lite import workspace
from mlops_lite.tracking.describe import describe
from mlops_lite.tracking.masking import mask

if TYPE_CHECKING:
    from mlops_lite.tracking.capture import Call

__all__ = ["before"]


def before(call: Call) -> None:
    """Describe each argument; those with a ref become inputs."""
    if not call.arguments:
        return
    params = call.state["params"]
    for name, value in call.arguments.items():
        params[name] = mask(_parameter(call, value), name)


def _parameter(call: Call, value: Any) -> Any:
    origin = workspace.origin(value)
    if origin is not None:
        found: Any = {"$ref": str(origin)}
    else:
        found = describe(value)
    for ref in _refs(found):
        call.link(ref)
    return found


def _refs(found: Any) -> list[str]:
    if isinstance(found, dict):
        if "$ref" in found:
            return [found["$ref"]]
        return [ref for item in found.values() for ref in _refs(item)]
    if isinstance(found, list):
        return [ref for item in found for ref in _refs(item)]
    return []
