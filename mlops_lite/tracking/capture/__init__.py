"""What is noted of every run by itself; one file per fact.

A plug-in is a module with one or both of two functions::

    before(call) -> mapping or None    at the start; must take microseconds when called again in the same process
    after(call) -> mapping or None     at the end

What they return stands in ``run.facts[<file name>]``: plain data, small. Larger things are put into objects by
``call.keep(bytes)``, which gives their digest. Whatever a plug-in raises costs the run that one fact and a warning.
Other packages name theirs in the entry-point group ``mlops_lite.capture``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mlops_lite.base.digest import sha256
from mlops_lite.base.extension import Extensions
from mlops_lite.store.run_state import apply
from mlops_lite.tracking.links import link
from mlops_lite.tracking.warning import guarded

if TYPE_CHECKING:
    from mlops_lite.store import Store

__all__ = ["CAPTURES", "Call", "after", "before"]

CAPTURES = Extensions("mlops_lite.tracking.capture", group="mlops_lite.capture")


class Call:
    """One execution that is about to begin, or has ended.

    Parameters
    ----------
    store : Store
    state : dict
        What is known of the run so far.
    function : callable, optional
        None for a block.
    arguments : mapping, optional
        By name, defaults included.
    seed : int, optional
    file : str
        The file of the function, or of the block.
    owner : object, optional
        What the function is a method of.
    code : mapping, optional
        The fact of its code, where that is known already: a recorded function runs again.
    """

    def __init__(
        self,
        store: Store,
        state: dict[str, Any],
        function: Callable[..., Any] | None = None,
        arguments: Mapping[str, Any] | None = None,
        seed: int | None = None,
        file: str = "",
        owner: Any = None,
        code: Mapping[str, Any] | None = None,
    ) -> None:
        self.store = store
        self.state = state
        self.function = function
        self.arguments = arguments or {}
        self.seed = seed
        self.file = file
        self.owner = owner
        self.code = code
        self.objects: dict[str, bytes] = {}

    def forget(self) -> None:
        """Let go of the user's values: a run that is looked back at must not keep his frames in memory."""
        self.arguments = {}
        self.owner = None
        self.objects = {}

    def link(self, ref: str, *, changed: bool = False) -> None:
        """Note an input, and whether it was changed between being loaded and being given."""
        found = link(self.store, ref)
        apply(self.state, {"op": "input", **found, **({"changed": True} if changed else {})})

    def keep(self, data: bytes) -> str:
        """Have the run keep bytes as an object.

        Returns
        -------
        str
            Their digest.
        """
        digest = sha256(data)
        self.objects[digest] = data
        known = self.state.setdefault("objects", [])
        if digest not in known:
            known.append(digest)
        return digest


@functools.cache
def _steps(name: str) -> list[tuple[str, Callable[[Call], Mapping[str, Any] | None]]]:
    plugins = ((fact, CAPTURES.load(fact)) for fact in CAPTURES.names())
    return [(fact, getattr(plugin, name)) for fact, plugin in plugins if hasattr(plugin, name)]


def before(call: Call) -> None:
    """Note every fact that is known at the start."""
    _note(call, "before")


def after(call: Call) -> None:
    """Note every fact that is known at the end."""
    _note(call, "after")


def _note(call: Call, when: str) -> None:
    facts = call.state.setdefault("facts", {})
    for fact, step in _steps(when):
        with guarded(f"note its {fact}"):
            found = step(call)
            if found:
                facts[fact] = {**facts.get(fact, {}), **found}
