"""Shadow: the new version answers beside the one that serves; its answers are compared, logged and never returned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite.deployment.rollouts._sticky import draw
from mlops_lite.deployment.state import Trial
from mlops_lite.errors import InvalidInputError

if TYPE_CHECKING:
    from mlops_lite.deployment.slot import Answer
    from mlops_lite.deployment.wiring import Wiring

__all__ = ["Shadow"]


@attrs.frozen
class Shadow:
    """Let the new version answer beside the one that serves.

    It answers in the background, from a queue that drops what does not fit; neither its time nor its errors reach the
    caller.

    Parameters
    ----------
    part : float
        The part of the calls that it answers too.

    Examples
    --------
    >>> Shadow(0.5).part
    0.5
    """

    part: float = 1.0

    def __attrs_post_init__(self) -> None:
        """Refuse what is no part."""
        if not 0 < self.part <= 1:
            raise InvalidInputError(f"A shadow of {self.part:g} of the calls is none.", remedy="shadow=True or 0.1")

    @property
    def share(self) -> float:
        """No key falls to it."""
        return 0.0

    def route(self, trial: Trial, champion: Answer, challenger: Answer, wiring: Wiring) -> Answer:
        """Answer by the version that serves, and ask the other one later."""
        part, later = self.part, wiring.later

        def answer(X: Any, key: Any, request_id: Any) -> Any:
            given = champion(X, key, request_id)
            if part == 1 or draw(part):
                later(challenger, X, key, request_id, given)
            return given

        return answer
