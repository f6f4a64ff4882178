"""Verdicts: what all gates said of a version together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from mlops_lite.deployment.outcome import Outcome
from mlops_lite.display import Drawn

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Verdict"]


class Verdict(Sequence[Outcome], Drawn):
    """What the gates said, in their order.

    Parameters
    ----------
    model : str
        The ref of the version that was judged.
    place : str
        Where it wants to serve.
    outcomes : sequence of Outcome

    Examples
    --------
    >>> verdict = Verdict("model/churn@2", "prod", [Outcome("Metric", True, "roc_auc 0.91, at least 0.8")])
    >>> verdict.ok, len(verdict)
    (True, 1)
    """

    def __init__(self, model: str, place: str, outcomes: Sequence[Outcome]) -> None:
        self.model, self.place, self.outcomes = model, place, tuple(outcomes)

    @property
    def ok(self) -> bool:
        """Whether every gate lets it pass."""
        return all(outcome.ok for outcome in self.outcomes)

    @overload
    def __getitem__(self, index: int) -> Outcome: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Outcome, ...]: ...
    def __getitem__(self, index: int | slice) -> Outcome | tuple[Outcome, ...]:
        """Give one outcome, or several."""
        return self.outcomes[index]

    def __len__(self) -> int:
        return len(self.outcomes)

    def __iter__(self) -> Iterator[Outcome]:
        return iter(self.outcomes)

    def to_frame(self) -> pd.DataFrame:
        """Give one row a number: ``gate``, ``ok``, ``name``, ``value``, ``sentence``."""
        import pandas as pd

        rows = [
            (one.gate, one.ok, name, value, one.error or one.sentence)
            for one in self.outcomes
            for name, value in (one.measured or {"": None}).items()
        ]
        return pd.DataFrame(rows, columns=["gate", "ok", "name", "value", "sentence"])

    def table(self) -> str:
        """Write what each gate said as text, in aligned columns."""
        from mlops_lite.deployment.view import of_gates
        from mlops_lite.display import plain

        return plain(of_gates(self.outcomes))

    def __repr__(self) -> str:
        passed = sum(outcome.ok for outcome in self.outcomes)
        return f"<Verdict on {self.model} at {self.place}: {passed} of {len(self)} gates passed>"

    def _view(self) -> Any:
        from mlops_lite.deployment.view import of_verdict

        return of_verdict(self)
