"""What is said of model versions after they were registered: notes, tags, approvals, deletions, in a log of their own.

Each record holds the whole list of deleted versions, so that one read answers whether a version is still there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite.base.record import Record
from mlops_lite.store.forgetting import deleted
from mlops_lite.store.layout import note_kind

if TYPE_CHECKING:
    from mlops_lite.store import Store

__all__ = ["KIND", "Approval", "Note", "Notes"]

KIND = note_kind("model")


@attrs.frozen
class Note:
    """What somebody had to say of a version."""

    text: str
    author: str
    time: datetime


@attrs.frozen
class Approval:
    """Somebody's word for a content: it holds for the digest, not for whatever the version may come to hold."""

    digest: str
    text: str | None
    author: str
    time: datetime


class Notes:
    """The notes on the versions of one model.

    Parameters
    ----------
    store : Store
    name : str
        The model.
    """

    def __init__(self, store: Store, name: str) -> None:
        self._store, self._name = store, name
        self._log = store.log(KIND, name)

    def add(self, action: str, version: int, message: str | None = None, **said: Any) -> Record:
        """Append what is said.

        Parameters
        ----------
        action : {"note", "tag", "approve", "delete", "restore"}
        version : int
        message : str, optional
        **said
            What belongs to the action.
        """

        def body(head: Record | None) -> Mapping[str, Any]:
            deleted = set(head.body["deleted"]) if head else set()
            if action == "delete":
                deleted.add(version)
            if action == "restore":
                deleted.discard(version)
            return {"version": version, **said, "deleted": sorted(deleted)}

        return self._log.append(body, action=action, message=message)

    def deleted(self) -> frozenset[int]:
        """Tell which versions were deleted."""
        return deleted(self._store, "model", self._name)

    def notes(self, version: int) -> tuple[Note, ...]:
        """List the notes on a version, oldest first."""
        return tuple(Note(one.message or "", one.author, one.time) for one in self._of(version, "note"))

    def tags(self, version: int) -> dict[str, Any]:
        """Give the tags that were added to a version later."""
        found: dict[str, Any] = {}
        for record in self._of(version, "tag"):
            found.update(record.body["tags"])
        return found

    def approvals(self, version: int) -> tuple[Approval, ...]:
        """List the approvals of a version, oldest first."""
        return tuple(
            Approval(one.body["digest"], one.message, one.author, one.time) for one in self._of(version, "approve")
        )

    def _of(self, version: int, action: str) -> list[Record]:
        return [one for one in self._log.history() if one.action == action and one.body["version"] == version]
