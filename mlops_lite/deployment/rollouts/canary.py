"""Canary: the new version answers a part of the keys, step by step, and goes back by itself where it does worse."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite.deployment.rollouts._sticky import draw, falls, keys_of
from mlops_lite.deployment.state import Trial
from mlops_lite.errors import InvalidInputError

if TYPE_CHECKING:
    from mlops_lite.deployment.slot import Answer
    from mlops_lite.deployment.wiring import Wiring

__all__ = ["Canary"]


def _steps(given: float | Iterable[float]) -> tuple[float, ...]:
    listed = (given,) if isinstance(given, (int, float)) else tuple(given)
    numbers = all(isinstance(step, (int, float)) for step in listed)
    steps = tuple(float(step) for step in listed) if numbers else ()
    if not steps or any(not 0 < step < 1 for step in steps) or list(steps) != sorted(set(steps)):
        raise InvalidInputError(
            f"A canary of {given!r} is none: its steps are parts of the keys, above 0, below 1, each larger than the "
            "one before.",
            remedy="canary=0.1, or canary=[0.05, 0.25, 0.5]; leave it out to deploy at once.",
        )
    return steps


@attrs.frozen
class Canary:
    """Let the new version answer a part of the keys.

    It is judged from the prediction log (see :mod:`mlops_lite.deployment.judging`): where it is worse, it goes back;
    where it is shown to be not worse by more than ``margin``, it takes the next step, and behind the last step it
    serves. Without a prediction log it advances by hand.

    Parameters
    ----------
    steps : float or sequence of float
        Parts of the keys, above 0 and below 1, rising.
    metric : str, optional
        Judge by this metric too, from the labels that come later. Errors are always judged.
    margin : float
        How much worse it may be and still advance, in units of the share of errors (or of the metric).
    alpha : float
        How often at most a version that is no worse is taken back, over the whole canary, wherever one looks.
    automatic : bool
        Advance and go back without a person.

    Examples
    --------
    >>> Canary([0.05, 0.25]).share
    0.05
    >>> Canary(1.1)
    Traceback (most recent call last):
    ...
    mlops_lite.errors.InvalidInputError: A canary of 1.1 is none: ...
    """

    steps: tuple[float, ...] = attrs.field(converter=_steps)
    metric: str | None = None
    margin: float = attrs.field(default=0.01, validator=attrs.validators.gt(0))
    alpha: float = attrs.field(default=0.05, validator=[attrs.validators.gt(0), attrs.validators.lt(1)])
    automatic: bool = True

    @property
    def share(self) -> float:
        """The first step."""
        return self.steps[0]

    def route(self, trial: Trial, champion: Answer, challenger: Answer, wiring: Wiring) -> Answer:
        """Answer by the version to which the keys of a call fall.

        A call with several keys is answered by one version all the same: by the new one only where every key falls to
        it. Where only some do, the caller is warned once. A call without a key is drawn by its request id, or by
        chance.
        """
        share, salt, column = trial.share, trial.salt, trial.key
        warned = False

        def answer(X: Any, key: Any, request_id: Any) -> Any:
            nonlocal warned
            keys = keys_of(X, key, column)
            if keys:
                chosen = all(falls(one, share, salt) for one in keys)
                if not (chosen or warned) and len(keys) > 1:
                    warned = _warned_of(keys, trial)
            elif isinstance(request_id, str):
                chosen = falls(request_id, share, salt)
            else:
                chosen = draw(share)
            return (challenger if chosen else champion)(X, key, request_id)

        return answer


def _warned_of(keys: list[Any], trial: Trial) -> bool:
    """Warn of a call whose keys fall to both versions: whoever makes only such calls never asks the one on trial."""
    falling = sum(falls(one, trial.share, trial.salt) for one in keys)
    if falling:
        warnings.warn(
            f"{trial.model} is on trial and did not answer this call, though {falling} of its {len(keys)} keys fall to "
            "it: a call is answered by one version, by the one on trial only where all keys fall to it. Predict the "
            "rows of each key apart, or give the whole call one key: live.predict(X, key='batch 7').",
            stacklevel=4,
        )
    return falling > 0
