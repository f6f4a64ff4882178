"""What a handle serves at one moment: built when it swaps, so that a call pays for nothing that it does not use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mlops_lite.deployment import rollouts
from mlops_lite.deployment.loaded import METHODS, Loaded
from mlops_lite.deployment.slot import Answer, Slot
from mlops_lite.deployment.state import State

if TYPE_CHECKING:
    from mlops_lite.deployment.wiring import Wiring

__all__ = ["Serving", "asleep", "built", "guarded"]


class Serving:
    """The answers of one state of a place.

    Attributes
    ----------
    number : int
        The record that it follows; 0 before the first one.
    state : State
    champion, challenger : Loaded or None
        The version that serves, and the one on trial.
    predict, predict_proba, transform, call : callable
        ``(X, key, request_id)``.
    """

    __slots__ = ("call", "challenger", "champion", "number", "predict", "predict_proba", "state", "transform")

    def __init__(
        self,
        number: int,
        state: State,
        champion: Loaded | None,
        challenger: Loaded | None,
        answers: dict[str, Answer],
    ) -> None:
        self.number, self.state = number, state
        self.champion, self.challenger = champion, challenger
        self.predict, self.predict_proba, self.transform, self.call = (answers[name] for name in METHODS)

    @property
    def answers(self) -> dict[str, Answer]:
        """The answers by the name of the method."""
        return dict(zip(METHODS, (self.predict, self.predict_proba, self.transform, self.call), strict=True))


def built(
    number: int, state: State, champion: Loaded, challenger: Loaded | None, wiring: Wiring, *, check: bool
) -> Serving:
    """Build the answers of a state."""
    answers = {name: _answer(name, number, state, champion, challenger, wiring, check) for name in METHODS}
    return Serving(number, state, champion, challenger, answers)


def _answer(
    method: str,
    number: int,
    state: State,
    champion: Loaded,
    challenger: Loaded | None,
    wiring: Wiring,
    check: bool,
) -> Answer:
    answer = _logged(champion, method, number, "answer", wiring, check)
    if state.trial is None or challenger is None:
        return answer
    role = "shadow" if state.trial.share == 0 else "answer"
    other = _logged(challenger, method, number, role, wiring, check)
    return rollouts.load(state.trial).route(state.trial, answer, other, wiring)


def _logged(loaded: Loaded, method: str, number: int, role: str, wiring: Wiring, check: bool) -> Answer:
    answer = loaded.asked(method, check=check)
    if wiring.log is None:
        return answer
    return wiring.log.logged(answer, Slot(number, loaded.ref, method, role, loaded.classes))


def guarded(serving: Serving, before: Callable[[], Serving]) -> Serving:
    """Wrap a serving so that every call asks first what serves now."""

    def wrap(name: str) -> Answer:
        def answer(X: Any, key: Any, request_id: Any) -> Any:
            return before().answers[name](X, key, request_id)

        return answer

    return Serving(
        serving.number, serving.state, serving.champion, serving.challenger, {name: wrap(name) for name in METHODS}
    )


def asleep(wake: Callable[[], Serving]) -> Serving:
    """Serve nothing yet: the first call wakes what it asks."""
    return guarded(Serving(0, State(), None, None, dict.fromkeys(METHODS, _unanswered)), wake)


def _unanswered(X: Any, key: Any, request_id: Any) -> Any:
    raise AssertionError("a sleeping handle answers nothing itself")  # pragma: no cover
