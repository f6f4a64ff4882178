"""A model version in memory, verified and warm, and the functions that ask it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite import workspace
from mlops_lite.base.ref import Ref
from mlops_lite.deployment.slot import Answer
from mlops_lite.errors import InvalidTypeError

if TYPE_CHECKING:
    from mlops_lite.store import Store

__all__ = ["METHODS", "Loaded", "load"]

METHODS = ("predict", "predict_proba", "transform", "__call__")
_MOST_CLASSES = 1000  # their names stand in records of at most 64 kB
_ELSE = {
    "predict": "__call__",
    "__call__": "predict",
}  # a function has no predict, and most estimators are no functions


@attrs.frozen(eq=False)
class Loaded:
    """A model version in memory.

    Parameters
    ----------
    version : ModelVersion
        What was registered.
    native : object
        The model itself.
    """

    version: Any
    native: Any

    @property
    def ref(self) -> str:
        """The ref of the version."""
        return str(self.version.ref)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, where the model has such."""
        found = getattr(self.native, "classes_", None)
        return tuple(map(str, found))[:_MOST_CLASSES] if found is not None and getattr(found, "ndim", 1) == 1 else ()

    def asked(self, method: str, *, check: bool) -> Answer:
        """Build the function that asks the model.

        Parameters
        ----------
        method : str
            One of :data:`METHODS`.
        check : bool
            Compare the input with the signature first.
        """
        ask = self._method(method)
        signature = getattr(self.version, "signature", None) if check else None
        if signature is None:
            return lambda X, key, request_id: ask(X)
        checked = signature.check
        return lambda X, key, request_id: ask(checked(X))

    def _method(self, name: str) -> Callable[[Any], Any]:
        found = self._own(name) or self._own(_ELSE.get(name, ""))
        if found is not None:
            return found

        def refuse(X: Any) -> Any:
            raise InvalidTypeError(
                f"{self.ref} is a {type(self.native).__name__} and has no {name}.",
                remedy=f"It has {', '.join(one for one in METHODS if self._own(one)) or 'none of them'}.",
            )

        return refuse

    def _own(self, name: str) -> Callable[[Any], Any] | None:
        if name != "__call__":
            return getattr(self.native, name, None) if name else None
        return _serving_module(self.native) if callable(self.native) else None


def _serving_module(model: Any) -> Callable[[Any], Any]:
    """Let a module of PyTorch answer as it serves, evaluating and without gradients; leave others as they are."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(model, torch.nn.Module):
        found: Callable[[Any], Any] = model
        return found
    from mlops_lite.registry.predicting import predict

    model.eval()

    def ask(X: Any) -> Any:
        if not isinstance(X, torch.Tensor):
            return predict(model, X).prediction
        with torch.no_grad():
            return model(X)

    return ask


def load(store: Store, ref: str, trusted: Any = None, *, warm: bool = True) -> Loaded:
    """Load a version and hash all its bytes.

    Parameters
    ----------
    store : Store
    ref : str
    trusted : str or list of str, optional
        What may be opened.
    warm : bool
        Let it answer its own example once.

    Raises
    ------
    DamagedError, UntrustedError, NotFoundError
        As the registry says.
    """
    version = workspace.open(Ref(ref), store)
    options = {} if trusted is None else {"trusted": trusted}
    loaded = Loaded(version, version.load(verify=True, **options))
    example = getattr(version, "example", None) if warm else None
    if example is not None:
        loaded.asked("predict", check=True)(example, None, None)
    return loaded
