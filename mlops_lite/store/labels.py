"""Labels: movable names for versions, moved by records. A dataset's tags and a model's aliases are labels."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite.base.record import Record
from mlops_lite.base.ref import check_label
from mlops_lite.errors import ConflictError, InvalidInputError, NotFoundError, suggest
from mlops_lite.store import layout

if TYPE_CHECKING:
    from mlops_lite.store.store import Store

__all__ = ["ANY", "CALLED", "Any_", "Labels", "Move"]

CALLED = {"dataset": "tag", "model": "alias"}  # what those who use them call the labels of a kind
_MOST = 1000
_TAKE_AWAY = {"dataset": "ml.Dataset({name!r}).untag({label!r})", "model": "registry.demote({name!r}, {label!r})"}


class Any_(enum.Enum):  # noqa: N801 - the type of one constant
    """The type of :data:`ANY`."""

    ANY = "whatever holds it"


ANY = Any_.ANY


@attrs.frozen
class Move:
    """One move of a label: who, when, why, from which version to which (None: not set)."""

    label: str
    number: int | None
    before: int | None
    time: datetime
    author: str
    message: str | None


class Labels:
    """The labels of one named thing.

    Each record holds the whole map, so the state is one read however many moves there were; and for each label the
    move that set it, which names the move it covers: a stack that :meth:`revert` pops.

    Examples
    --------
    >>> from mlops_lite.store import Store
    >>> store = Store("memory://labels-example")
    >>> for _ in range(2):
    ...     _ = store.log("model", "churn").append({}, action="register")
    >>> labels = store.labels("model", "churn")
    >>> for number in (1, 2):
    ...     _ = labels.move("champion", number)
    >>> labels.get("champion"), labels.revert("champion").body["number"], labels.all()
    (2, 1, {'champion': 1})
    """

    def __init__(self, store: Store, kind: str, name: str) -> None:
        self._of = store.log(kind, name)
        self._log = store.log(layout.label_kind(kind), name)

    def all(self) -> dict[str, int]:
        """Give every label with its version."""
        return {label: number for label, (number, _) in _map(self._log.newest()).items()}

    def get(self, label: str) -> int | None:
        """Give the version that a label names; None where it is not set."""
        return self.all().get(label)

    def at(self, moment: datetime) -> dict[str, int]:
        """Give the labels as they were at an instant."""
        return {label: number for label, (number, _) in _map(self._log.at(moment)).items()}

    def move(self, label: str, number: int, expected: int | Any_ | None = ANY, message: str | None = None) -> Record:
        """Set a label, or move it.

        Parameters
        ----------
        label : str
        number : int
            The version it shall name.
        expected : int or None, optional
            The version it must name now (None: it must not be set).
        message : str, optional
            Why.

        Returns
        -------
        Record
            The move; the newest one where the label names that version already.

        Raises
        ------
        ConflictError
            It names another version than expected; says who moved it, and when.
        NotFoundError
            There is no such version.
        """
        label = check_label(label)
        number = self._of.resolve(number)

        def body(head: Record | None) -> Mapping[str, Any] | None:
            found = _map(head)
            before = found.get(label)
            self._expect(label, before[0] if before else None, expected, head)
            if before and before[0] == number:
                return None
            if before is None and len(found) >= _MOST:
                raise InvalidInputError(f"{self._of.kind}/{self._of.name} has {_MOST} labels already.")
            own = head.number + 1 if head else 1
            return _body(label, number, before, before[1] if before else None, {**found, label: [number, own]})

        return self._log.append(body, action="label", message=message)

    def remove(self, label: str, message: str | None = None) -> Record:
        """Take a label away.

        Raises
        ------
        NotFoundError
            It is not set.
        """

        def body(head: Record | None) -> Mapping[str, Any]:
            found = dict(_map(head))
            if label not in found:
                raise self._unset(label, found)
            before = found.pop(label)
            return _body(label, None, before, before[1], found)

        return self._log.append(body, action="unlabel", message=message)

    def revert(self, label: str, expected: int | Any_ | None = ANY, message: str | None = None) -> Record:
        """Give a label back to its previous holder; again, to the one before that.

        Raises
        ------
        NotFoundError
            It is not set, or had no holder before.
        ConflictError
            It names another version than expected.
        """

        def body(head: Record | None) -> Mapping[str, Any]:
            found = dict(_map(head))
            if label not in found:
                raise self._unset(label, found)
            before = found[label]
            self._expect(label, before[0], expected, head)
            under = self._log.read(before[1]).body["under"]
            if under is None:
                call = _TAKE_AWAY.get(self._of.kind, "labels.remove({label!r})").format(name=self._of.name, label=label)
                raise NotFoundError(
                    f"{label!r} of {self._of.kind}/{self._of.name} names version {before[0]} and had no holder before.",
                    remedy=f"{call} takes it away.",
                )
            earlier = self._log.read(under).body["number"]
            found[label] = [earlier, under]
            return _body(label, earlier, before, None, found)

        return self._log.append(body, action="revert", message=message)

    def history(self, label: str | None = None) -> list[Move]:
        """List the moves, oldest first, of one label or of all."""
        return [
            Move(
                record.body["label"],
                record.body["number"],
                record.body["before"],
                record.time,
                record.author,
                record.message,
            )
            for record in self._log.history()
            if label in (None, record.body["label"])
        ]

    def _expect(self, label: str, actual: int | None, expected: int | Any_ | None, head: Record | None) -> None:
        if expected is ANY or expected == actual:
            return
        last = next((move for move in reversed(self.history(label))), None)
        moved = f": {last.author} moved it at {last.time:%Y-%m-%d %H:%M:%S} UTC" if last else ""
        what = f"names version {actual}" if actual is not None else "is not set"
        raise ConflictError(
            f"{label!r} of {self._of.kind}/{self._of.name} {what}, not {expected}{moved}.",
            remedy="Look at what changed, then move it with the version that it names now as expected=.",
            actual=actual,
            expected=expected,
        )

    def _unset(self, label: str, found: Mapping[str, Any]) -> NotFoundError:
        what = CALLED.get(self._of.kind, "label")
        return NotFoundError(
            f"{self._of.kind}/{self._of.name} has no {what} {label!r}.", remedy=suggest(label, found) or "It has none."
        )


def _map(record: Record | None) -> dict[str, list[int]]:
    return dict(record.body["map"]) if record else {}


def _body(
    label: str, number: int | None, before: list[int] | None, under: int | None, labels: Mapping[str, list[int]]
) -> dict[str, Any]:
    return {
        "label": label,
        "number": number,
        "before": before[0] if before else None,
        "under": under,
        "map": dict(labels),
    }
