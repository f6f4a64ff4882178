"""Places: the log of a deployment, read and appended to. No model is loaded here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mlops_lite.base import canonical
from mlops_lite.base.record import Record
from mlops_lite.base.ref import Ref
from mlops_lite.deployment.state import State
from mlops_lite.errors import ConflictError, InvalidInputError, NotFoundError, StoreUnavailableError
from mlops_lite.store.layout import IDENTITY
from mlops_lite.store.log import Log

if TYPE_CHECKING:
    from mlops_lite.deployment.change import Change, History
    from mlops_lite.deployment.outcome import Outcome
    from mlops_lite.store import Store

__all__ = ["Place", "model_ref", "moment"]

_INLINE_BYTES = 16 * 1024  # longer tables of gates stand in an object


class Place:
    """A named place that answers predictions, as its log tells it.

    Parameters
    ----------
    store : Store
    name : str

    Examples
    --------
    >>> from mlops_lite.store import Store
    >>> store = Store("memory://place-example")
    >>> for _ in range(2):
    ...     _ = store.log("model", "churn").append({}, action="register")
    >>> place = Place(store, "prod")
    >>> for ref in ("model/churn@1", "model/churn@2"):
    ...     _ = place.append("deploy", ref, lambda state: state.entered(ref))
    >>> place.state.model, place.rollback("it is worse").serving
    ('model/churn@2', 'model/churn@1')
    """

    def __init__(self, store: Store, name: str) -> None:
        self.store = store
        self.log: Log = store.log("deployment", name)
        self.name = self.log.name

    @property
    def state(self) -> State:
        """What it serves now, read from the store."""
        return State.of(self.log.newest())

    def newest(self) -> Record:
        """Read the newest record.

        Raises
        ------
        NotFoundError
            Nothing was ever deployed there.
        """
        found = self.log.newest()
        if found is None:
            raise self.store.no_such("deployment", self.name)
        return found

    def look(self) -> Record:
        """Read the newest record, and make sure that the store is there.

        An empty folder has no newer record either: on a disk that was taken away nothing would ever change.
        """
        if self.store.is_local and not self.store.backend.exists(IDENTITY):
            raise StoreUnavailableError(
                f"The store at {self.store.url} is not there.", remedy="Mount it again, or put the folder back."
            )
        return self.newest()

    def current(self) -> Change:
        """Give the newest entry."""
        return _change(self.newest(), self.store)

    def history(self) -> History:
        """List the entries of the log, oldest first."""
        from mlops_lite.deployment.change import changes

        return changes(self.log.history(), self.store)

    def at(self, when: datetime | str) -> Change:
        """Say what served at an instant.

        Parameters
        ----------
        when : datetime or str
            ISO format; UTC without a zone.

        Raises
        ------
        NotFoundError
            Nothing served yet.
        """
        instant = moment(when)
        record = self.log.at(instant)
        if record is None:
            first = self.newest() and self.log.read(1)
            raise NotFoundError(
                f"Nothing served at {self.name!r} at {instant.isoformat()}.",
                remedy=f"The first deployment was at {first.time.isoformat()}.",
            )
        return _change(record, self.store, self._until(record))

    def _until(self, record: Record) -> datetime | None:
        later = (one for one in self.log.history(record.number + 1) if one.body["state"] != record.body["state"])
        return next((one.time for one in later), None)

    def append(
        self,
        action: str,
        model: str,
        step: Callable[[State], State],
        *,
        message: str | None = None,
        gates: Iterable[Outcome] = (),
        facts: Mapping[str, Any] | None = None,
        also: Iterable[str] = (),
        expected: int | None = None,
        keep_same: bool = False,
    ) -> Change:
        """Append an entry by compare-and-swap on the newest one.

        Parameters
        ----------
        action : str
            What is done.
        model : str
            The ref of the version that it is about; it becomes the parent of the record.
        step : callable
            Gives the new state for the state that the newest record left; may raise to refuse. Called again whenever
            somebody else was faster.
        message : str, optional
            Why.
        gates : iterable of Outcome
            What was measured.
        facts : mapping, optional
            What else to keep.
        also : iterable of str
            Refs of other versions that it concerns.
        expected : int, optional
            The record that must be the newest one.
        keep_same : bool
            Append even where the state stays the same.

        Returns
        -------
        Change
            The entry; the newest one where nothing changed.

        Raises
        ------
        ConflictError
            Another record than expected is the newest.
        """
        said, objects = self._told(gates)
        said.update(facts or {}, model=model)

        def body(head: Record | None) -> Mapping[str, Any] | None:
            number = head.number if head else 0
            if expected is not None and number != expected:
                raise ConflictError(f"{self.name!r} has entry {number} now, not {expected}.", newest=number)
            before = State.of(head)
            after = step(before).stamped(number + 1)
            return {**said, "state": after.encoded()} if keep_same or head is None or after != before else None

        record = self.log.append(
            body, action=action, message=message, parents=dict.fromkeys([model, *also]), objects=objects
        )
        return _change(record, self.store)

    def _told(self, gates: Iterable[Outcome]) -> tuple[dict[str, Any], list[str]]:
        outcomes = [canonical.unstructure(one) for one in gates]
        if not outcomes:
            return {}, []
        data = canonical.encode(outcomes)
        if len(data) <= _INLINE_BYTES:
            return {"gates": outcomes}, []
        digest = self.store.objects.put(data)
        return {"outcomes": digest}, [digest]

    def rollback(self, reason: str, to: object = None, leaving: object = None, because_of: object = None) -> Change:
        """Go back to the version before, or further.

        Parameters
        ----------
        reason : str
            Why.
        to : int, str or value with a ref, optional
            The version to go back to, one that served here and was not rolled back from. The one before without it.
        leaving : str or value with a ref, optional
            The version to leave; nothing changes where it does not serve any more.
        because_of : str or value with a ref, optional
            What it follows from, such as a report.

        Returns
        -------
        Change

        Raises
        ------
        ConflictError
            A newer deployment, or another rollback, has overtaken this one; nothing was changed.
        NotFoundError
            There is nothing to go back to.
        """
        reason = _reason(reason)
        cause = [] if because_of is None else [str(Ref.parse(because_of))]
        while True:
            head = self.newest()
            state = State.of(head)
            target = None if to is None else model_ref(to, state.model)
            left = str(model_ref(leaving)) if leaving is not None else state.newest
            after = self._returned(head, state, left, target)
            try:
                also = [str(left), *cause]
                return self._replace(head, "rollback", after, message=reason, facts={"left": left}, also=also)
            except ConflictError:
                continue  # somebody else was faster: look again

    def _replace(self, head: Record, action: str, after: State, **said: Any) -> Change:
        """Append a state that was worked out from what the newest record says."""
        assert after.model is not None
        return self.append(action, after.model, lambda _: after, expected=head.number, **said)

    def _returned(self, head: Record, state: State, leaving: str | None, to: Ref | None) -> State:
        try:
            return state.returned(leaving, str(to) if to is not None else None)
        except ConflictError as error:
            raise ConflictError(
                f"{error.message} ({head.author}, {head.time:%Y-%m-%d %H:%M:%S} UTC: {head.action}). "
                "The rollback changed nothing.",
                remedy=f"Look at the history of {self.name!r}; then roll back from what serves now.",
                serving=state.newest,
            ) from None

    def advance(self, share: float | None = None, message: str | None = None) -> Change:
        """Give the version on trial more of the keys.

        Parameters
        ----------
        share : float, optional
            Up to 1; then it serves. Without it the next step of the canary.
        message : str, optional
            Why.
        """
        from mlops_lite.deployment.rollouts import next_share

        trial = State.of(self.newest()).trying
        wanted = next_share(trial) if share is None else float(share)

        def step(now: State) -> State:
            if now.trial is None or now.trial.model != trial.model:
                raise ConflictError(f"{trial.model} is not on its way in any more: {now.newest} came after it.")
            return now.advanced(wanted)

        return self.append("advance", trial.model, step, message=message, facts={"share": wanted})


def _change(record: Record, store: Store, until: datetime | None = None) -> Change:
    from mlops_lite.deployment.change import Change  # whoever only serves looks at no entries

    return Change.of(record, store, until)


def model_ref(value: object, near: str | None = None) -> Ref:
    """Read the ref of a model version as a person writes it: ``"churn@2"``, a value with a ref, or a number.

    Parameters
    ----------
    value : object
    near : str, optional
        The ref whose name a bare number belongs to.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        if near is None:
            raise InvalidInputError(f"{value} does not say which model.", remedy=f"Write 'name@{value}'.")
        return Ref(near).at(value)
    return Ref.parse(value, kind="model")


def moment(when: datetime | str) -> datetime:
    """Read an instant; UTC without a zone."""
    from datetime import UTC

    try:
        found = when if isinstance(when, datetime) else datetime.fromisoformat(when)
    except (TypeError, ValueError):
        raise InvalidInputError(f"{when!r} is no time.", remedy="Write '2026-01-03T10:00Z'.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _reason(reason: object) -> str:
    if isinstance(reason, int):
        raise InvalidInputError(
            f"A rollback needs a reason, and {reason} is a number.", remedy=f"rollback('reason', to={reason})?"
        )
    if not isinstance(reason, str) or not reason.strip():
        raise InvalidInputError("A rollback needs a reason in words.", remedy="rollback('false alarms doubled')")
    return reason
