"""Smoke: the version predicts its own example, as it did when it was registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mlops_lite.deployment.outcome import Outcome
from mlops_lite.deployment.wiring import same

if TYPE_CHECKING:
    from mlops_lite.deployment.candidate import Candidate

__all__ = ["Smoke"]


@attrs.frozen
class Smoke:
    """Ask that the stored example predicts, and gives what was recorded at registration.

    Examples
    --------
    >>> Smoke()
    Smoke()
    """

    def __call__(self, candidate: Candidate) -> Outcome:
        """Judge a version."""
        from mlops_lite.registry.predicting import predict

        example = candidate.version.example
        if example is None:
            return Outcome("Smoke", False, f"{candidate.ref} has no example; register it with example=X.head()")
        said = predict(candidate.native, example)
        recorded = candidate.version.predicted
        if recorded is None:
            return Outcome("Smoke", True, "the example predicts; no prediction was recorded to compare with")
        if not same(said.prediction, recorded):
            return Outcome("Smoke", False, "the example gives another prediction than when it was registered")
        return Outcome("Smoke", True, "the example gives what it gave when it was registered")
