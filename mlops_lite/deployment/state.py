"""What a deployment log says, as a value, and the pure steps from one state to the next.

Every record of the log carries the whole state, so that one read answers however long the log is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from mlops_lite.base import canonical
from mlops_lite.base.record import Record
from mlops_lite.errors import ConflictError, InvalidInputError, NotFoundError

__all__ = ["MOST_EARLIER", "State", "Trial"]

MOST_EARLIER = 100  # a record is at most 64 kB, and nobody undoes a hundred promotions one by one


@attrs.frozen
class Trial:
    """A version on its way in, beside the one that serves.

    Parameters
    ----------
    model : str
        Its ref.
    rollout : str
        The name of the rollout that says which calls it answers (a file in ``deployment/rollouts``).
    share : float
        The part of the keys that it gets, above 0 and below 1.
    key : str, optional
        The column that holds the key of a request.
    salt : str
        The key of the hash that chooses, the same in every process.
    began : int
        The number of the record that began it.
    options : mapping
        What the rollout wants to know besides.
    """

    model: str
    rollout: str
    share: float
    key: str | None = None
    salt: str = ""
    began: int = 0
    options: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen
class State:
    """What a place serves, and what it can go back to.

    Parameters
    ----------
    model : str, optional
        The ref of the model version that serves; None before the first deployment.
    earlier : tuple of str
        Versions that served before and were not rolled back from, each once, the latest last.
    trial : Trial, optional
        A version on its way in.

    Examples
    --------
    >>> state = State()
    >>> for version in (1, 2, 3):
    ...     state = state.entered(f"model/churn@{version}")
    >>> state = state.returned(); state.model
    'model/churn@2'
    >>> state = state.returned(); state.model
    'model/churn@1'
    >>> state.returned()
    Traceback (most recent call last):
    ...
    mlops_lite.errors.NotFoundError: Before model/churn@1 nothing served here that was not rolled back from. Deploy ...
    """

    model: str | None = None
    earlier: tuple[str, ...] = ()
    trial: Trial | None = None

    @classmethod
    def of(cls, record: Record | None) -> State:
        """Read the state that a record left the place in."""
        return canonical.structure(dict(record.body["state"]), cls) if record is not None else cls()

    def encoded(self) -> dict[str, Any]:
        """Write it for a record."""
        found: dict[str, Any] = canonical.unstructure(self)
        return found

    @property
    def newest(self) -> str | None:
        """The version that came in last: the one on trial, else the one that serves."""
        return self.trial.model if self.trial else self.model

    @property
    def trying(self) -> Trial:
        """The version on trial.

        Raises
        ------
        ConflictError
            Nothing is on trial.
        """
        if self.trial is None:
            raise ConflictError(
                f"Nothing is on its way in: {self.model} serves alone.", remedy="ml.deploy(…, canary=0.1) begins one."
            )
        return self.trial

    def entered(self, model: str) -> State:
        """Let a version serve; a trial ends."""
        kept = [ref for ref in self.earlier if ref not in (model, self.model)]
        if self.model is not None and self.model != model:
            kept.append(self.model)
        return State(model, tuple(kept[-MOST_EARLIER:]))

    def on_trial(self, trial: Trial) -> State:
        """Let a version in beside the one that serves."""
        return attrs.evolve(self, trial=trial)

    def stamped(self, number: int) -> State:
        """Note the record that begins a trial."""
        if self.trial is None or self.trial.began:
            return self
        return attrs.evolve(self, trial=attrs.evolve(self.trial, began=number))

    def advanced(self, share: float) -> State:
        """Give the version on trial more of the keys; with all of them it serves.

        Raises
        ------
        ConflictError
            Nothing is on trial.
        InvalidInputError
            That is not more, or more than all.
        """
        trial = self.trying
        if not trial.share < share <= 1:
            raise InvalidInputError(
                f"{trial.model} has a share of {trial.share:g}; it can advance to more than that and at most to 1, "
                f"not to {share:g}.",
                remedy="rollback('reason') takes it back.",
            )
        if share == 1:
            return self.entered(trial.model)
        if trial.share == 0:
            raise InvalidInputError(
                f"{trial.model} answers in the shadow, which no key falls to: it cannot have a share of {share:g}.",
                remedy="advance(1) lets it serve; ml.deploy(…, canary=0.1) lets it answer a part of the keys.",
            )
        return attrs.evolve(self, trial=attrs.evolve(trial, share=share))

    def returned(self, leaving: str | None = None, to: str | None = None) -> State:
        """Undo the last way in, or go back further.

        Parameters
        ----------
        leaving : str, optional
            The version to leave; the newest without it.
        to : str, optional
            The version to go back to.

        Raises
        ------
        ConflictError
            The version to leave does not serve (any more).
        NotFoundError
            There is nothing to go back to.
        """
        leaving = leaving or self.newest
        if leaving is None:
            raise NotFoundError("Nothing was ever deployed here.", remedy="ml.deploy('churn@1', to=…)")
        if leaving not in (self.model, self.newest):
            raise ConflictError(f"{leaving} does not serve here: {self.newest} came after it.", serving=self.newest)
        if self.trial is not None and leaving == self.trial.model and to in (None, self.model):
            return attrs.evolve(self, trial=None)
        if to is None:
            return self._back_to(len(self.earlier) - 1)
        if to not in self.earlier:
            raise NotFoundError(
                f"{to} is none of the versions that this place can go back to ({', '.join(self.earlier) or 'none'}).",
                remedy=f"ml.deploy({to.partition('/')[2]!r}, to=…) deploys it through the gates.",
            )
        return self._back_to(self.earlier.index(to))

    def _back_to(self, position: int) -> State:
        if position < 0:
            raise NotFoundError(
                f"Before {self.model} nothing served here that was not rolled back from.",
                remedy="Deploy another version: ml.deploy('name@version', to=…).",
            )
        return State(self.earlier[position], self.earlier[:position])
