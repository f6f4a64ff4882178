"""What every capture of a run must do."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from typing import Any

from mlops_lite.base import canonical
from mlops_lite.store import Store
from mlops_lite.tracking.capture import Call

__all__ = ["CaptureContract"]

_MOST_BYTES = 4_000
_SECRET = "contract-secret-0123456789"


def _function(data: Any, password: str, depth: int = 6) -> int:
    return depth


class _Stubborn:
    """Raises whatever is asked of it."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __repr__(self) -> str:
        raise RuntimeError("repr")

    def __reduce__(self) -> Any:
        raise RuntimeError("pickle")


class CaptureContract:
    """The promises of a capture. Inherit it and give a fixture ``plugin`` (the module) and one ``store``.

    Each test says in its name what must hold.
    """

    def captured(self, plugin: Any, call: Call) -> dict[str, Any]:
        """Let a plug-in note what it notes, at the start and at the end."""
        call.state.setdefault("facts", {})
        found: dict[str, Any] = {}
        for when in ("before", "after"):
            step = getattr(plugin, when, None)
            said: Mapping[str, Any] | None = step(call) if step is not None else None
            found.update(said or {})
            call.state["facts"][plugin.__name__.rpartition(".")[2]] = found
        return found

    def call(self, store: Store, **changes: Any) -> Call:
        """Prepare a call of a function."""
        arguments = {"data": [1, 2], "password": _SECRET, "depth": 6}
        how = {"function": _function, "arguments": arguments, "seed": 3, "file": __file__, **changes}
        return Call(store, {"id": "contract", "params": {}}, **how)

    def test_it_has_a_step(self, plugin: Any) -> None:
        """At the start, at the end, or both."""
        assert callable(getattr(plugin, "before", None)) or callable(getattr(plugin, "after", None))

    def test_what_it_notes_is_small_plain_data(self, plugin: Any, store: Store) -> None:
        """What is large goes into objects."""
        assert len(canonical.encode(self.captured(plugin, self.call(store)))) <= _MOST_BYTES

    def test_objects_that_it_points_at_are_kept(self, plugin: Any, store: Store) -> None:
        """Every digest that it names is one of the run's."""
        call = self.call(store)
        found = self.captured(plugin, call)
        if "object" in found:
            assert found["object"] in call.objects
        assert set(call.objects) <= set(call.state.get("objects", ()))

    def test_the_same_call_is_noted_in_the_same_way(self, plugin: Any, store: Store) -> None:
        """As far as it is about the call, and not about its time."""
        first, second = (self.captured(plugin, self.call(store)) for _ in range(2))
        assert first.get("object") == second.get("object") and first.keys() == second.keys()

    def test_a_block_is_noted_too(self, plugin: Any, store: Store) -> None:
        """Without a function there are no arguments and no closure."""
        self.captured(plugin, self.call(store, function=None, arguments=None, seed=None))

    def test_a_function_without_source_is_noted_too(self, plugin: Any, store: Store) -> None:
        """Such as a builtin, or one that was made by exec."""
        space: dict[str, Any] = {}
        exec("def made(x): return x", space)
        for function in (len, space["made"]):
            self.captured(plugin, self.call(store, function=function, arguments={"x": 1}, file=""))

    def test_a_value_that_raises_does_not_stop_it(self, plugin: Any, store: Store) -> None:
        """Neither as an argument nor as what the function is a method of."""
        stubborn = _Stubborn()
        self.captured(plugin, self.call(store, arguments={"x": stubborn}, owner=stubborn))

    def test_no_secret_is_noted(self, plugin: Any, store: Store) -> None:
        """Neither in what it says nor in what it keeps."""
        call = self.call(store)
        said = canonical.encode([self.captured(plugin, call), call.state["params"]])
        assert _SECRET.encode() not in said + b"".join(call.objects.values())

    def test_the_user_notices_nothing(self, plugin: Any, store: Store) -> None:
        """Random numbers, folder and environment are as they were."""
        random.seed(1)
        before = os.getcwd(), dict(os.environ), random.getstate()
        self.captured(plugin, self.call(store, seed=None))
        assert before == (os.getcwd(), dict(os.environ), random.getstate())
