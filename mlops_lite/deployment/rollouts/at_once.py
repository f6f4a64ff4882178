"""At once: the new version answers every call from the next poll on."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

from mlops_lite.deployment.state import Trial

if TYPE_CHECKING:
    from mlops_lite.deployment.slot import Answer
    from mlops_lite.deployment.wiring import Wiring

__all__ = ["AtOnce"]


@attrs.frozen
class AtOnce:
    """Let the new version serve at once.

    Examples
    --------
    >>> AtOnce().share
    1.0
    """

    share: ClassVar[float] = 1.0

    def route(self, trial: Trial, champion: Answer, challenger: Answer, wiring: Wiring) -> Answer:
        """Answer by the new version."""
        return challenger
