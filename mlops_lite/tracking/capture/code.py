"""The source of the function, of what it calls in the project or the notebook, and the globals that it reads."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_lite.base import canonical
from mlops_lite.tracking.closure import Closure, gather
from mlops_lite.tracking.masking import mask_text
from mlops_lite.tracking.sources import Text, is_project, text_of

if TYPE_CHECKING:
    from mlops_lite.tracking.capture import Call

__all__ = ["before", "closure_of"]

_MOST_SCRIPT = 256 << 10

_closures: weakref.WeakKeyDictionary[Any, tuple[Closure, dict[str, Any], bytes]] = weakref.WeakKeyDictionary()


def before(call: Call) -> Mapping[str, Any] | None:
    """Point at the code."""
    if call.code is not None:
        return call.code
    if call.function is None:
        return _script(call)
    closure, described, data = closure_of(call.function)
    found = {"object": call.keep(data), "digest": described["digest"], "function": described["function"]}
    for kept in closure.pickles:
        call.keep(kept)
    edited = closure.edited()
    return {**found, "edited": edited} if edited else found


def closure_of(function: Any) -> tuple[Closure, dict[str, Any], bytes]:
    """Gather the code of a function, once for as long as every name in it stands for the same."""
    known = _closures.get(function)
    if known is None or not known[0].is_current:
        closure = gather(function)
        described = closure.describe()
        known = closure, described, canonical.encode(described)
        _closures[function] = known
    return known


def _script(call: Call) -> Mapping[str, Any] | None:
    """Keep the script or cell that a block stands in."""
    if not call.file or not is_project(call.file):
        return None
    text = text_of(call.file)
    if text is None:
        return None
    found: dict[str, Any] = {"object": call.keep(_described(text))}
    return {**found, "edited": [call.file]} if text.edited() else found


@functools.lru_cache(maxsize=256)
def _described(text: Text) -> bytes:
    """Describe a script, once for its text: looking for secrets in it takes longer than a run."""
    source = mask_text("".join(text.lines), assigned=True)[:_MOST_SCRIPT]
    said = {"function": "", "module": "", "file": text.file, "line": 0, "source": source, "parts": [], "modules": {}}
    return canonical.encode(said)
