"""What a function returned: described always, kept whole where it is small or wanted again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_lite.tracking.describe import describe
from mlops_lite.tracking.masking import mask
from mlops_lite.tracking.pickling import SMALL, NotKeptError, pickled

if TYPE_CHECKING:
    from mlops_lite.tracking.capture import Call

__all__ = ["note_result"]

_EXACT = (type(None), bool, int, float, str)


def note_result(call: Call, value: Any, *, whole: bool = False) -> None:
    """Note what a function returned.

    Parameters
    ----------
    call : Call
    value : object
    whole : bool
        Keep it however large it is, to be given back by a cache.
    """
    described = describe(value)
    masked = mask(described)
    exact = type(value) in _EXACT and masked == value
    call.state["result"] = found = {"value": masked, "exact": exact}
    if exact or (not whole and _nbytes(described) > SMALL):
        return
    try:
        data = pickled(value, None if whole else SMALL)
    except NotKeptError as error:
        found["not_kept"] = str(error)
    else:
        found["object"] = call.keep(data)


def _nbytes(described: Any) -> int:
    if isinstance(described, dict) and "$value" in described:
        return int(described["$value"].get("nbytes") or 0)
    return 0
