"""Refs that a run points at, with the digest of the record they name, so that they cannot come to mean another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_lite.base.ref import Ref

if TYPE_CHECKING:
    from mlops_lite.store import Store

__all__ = ["Input", "link"]


class Input(Ref):
    """The ref of an input; ``changed`` says that the frame was changed between being loaded and being given."""

    __slots__ = ("changed",)
    changed: bool

    def __new__(cls, text: str, changed: bool = False) -> Input:
        """Parse and check."""
        self = super().__new__(cls, text)
        assert isinstance(self, Input)
        self.changed = changed
        return self

    def __reduce__(self) -> tuple[type[Ref], tuple[Any, ...]]:
        return Input, (str(self), self.changed)


_known: dict[tuple[str, str], dict[str, Any]] = {}


def link(store: Store, ref: str) -> dict[str, Any]:
    """Describe a ref as it stands in a run.

    Parameters
    ----------
    store : Store
    ref : str

    Returns
    -------
    dict
        ``ref``, and, where the store knows it, ``record`` and ``store``.
    """
    key = (store.url, str(ref))
    if key in _known:
        return _known[key]
    try:
        parent = store.parent(Ref(ref))
    except Exception:  # it lives in another store, or this one does not answer: the ref alone still says something
        return {"ref": str(ref)}
    found = {"ref": str(parent.ref), "record": parent.record, "store": parent.store}
    if isinstance(Ref(ref).version, int):  # a number means the same for ever
        _known[key] = found
    return found
