"""Deploying: gates first, then one record."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, overload

import attrs

from mlops_lite import workspace
from mlops_lite.base import canonical
from mlops_lite.base.ref import Ref
from mlops_lite.deployment import rollouts
from mlops_lite.deployment.candidate import Candidate
from mlops_lite.deployment.change import Change
from mlops_lite.deployment.following import poke
from mlops_lite.deployment.gates import Gate, evaluated
from mlops_lite.deployment.outcome import Outcome
from mlops_lite.deployment.place import Place, model_ref
from mlops_lite.deployment.rollouts import Rollout
from mlops_lite.deployment.rollouts.at_once import AtOnce
from mlops_lite.deployment.rollouts.canary import Canary
from mlops_lite.deployment.rollouts.shadow import Shadow
from mlops_lite.deployment.state import State, Trial
from mlops_lite.deployment.verdict import Verdict
from mlops_lite.errors import ConflictError, GateError, InvalidInputError, InvalidTypeError

if TYPE_CHECKING:
    from mlops_lite.store import Store

__all__ = ["deploy"]

CanaryLike = float | Iterable[float] | Mapping[str, Any] | Canary | None


@overload
def deploy(
    ref: object,
    *,
    to: str,
    gates: Iterable[Gate] = ...,
    canary: CanaryLike = ...,
    shadow: bool | float | Shadow = ...,
    rollout: Rollout | None = ...,
    key: str | None = ...,
    approvals: int = ...,
    message: str | None = ...,
    trusted: Any = ...,
    dry_run: Literal[False] = ...,
    store: Store | str | None = ...,
) -> Change: ...
@overload
def deploy(
    ref: object,
    *,
    to: str,
    gates: Iterable[Gate] = ...,
    canary: CanaryLike = ...,
    shadow: bool | float | Shadow = ...,
    rollout: Rollout | None = ...,
    key: str | None = ...,
    approvals: int = ...,
    message: str | None = ...,
    trusted: Any = ...,
    dry_run: Literal[True],
    store: Store | str | None = ...,
) -> Verdict: ...
def deploy(
    ref: object,
    *,
    to: str,
    gates: Iterable[Gate] = (),
    canary: CanaryLike = None,
    shadow: bool | float | Shadow = False,
    rollout: Rollout | None = None,
    key: str | None = None,
    approvals: int = 0,
    message: str | None = None,
    trusted: Any = None,
    dry_run: bool = False,
    store: Store | str | None = None,
) -> Change | Verdict:
    """Let a model version serve at a place, if all gates let it pass.

    All gates are asked, also after one has refused, and every number is kept in the log. Then one record switches, by
    compare-and-swap; every process that serves follows within one poll.

    Parameters
    ----------
    ref : str or ModelVersion
        Such as ``"churn@2"`` or ``"churn@champion"``.
    to : str
        The place; made by its first deployment.
    gates : iterable of gates
        See :mod:`mlops_lite.deployment.gates`.
    canary : float, sequence of float, dict or Canary, optional
        Let it answer a part of the keys first, such as ``0.1`` or ``[0.05, 0.25]``.
    shadow : bool, float or Shadow
        Let it answer beside what serves; nobody is given those answers.
    rollout : Rollout, optional
        Another way in, from a plug-in.
    key : str, optional
        The column that holds the key of a request, for a canary.
    approvals : int
        How many people other than its author must have approved it: the same as a gate ``Approved(by=n)``.
    message : str, optional
        Why.
    trusted : str or list of str, optional
        What may be opened, for gates that need the model.
    dry_run : bool
        Only ask the gates; nothing is written.
    store : Store or str, optional

    Returns
    -------
    Change
        The record. Where that version serves already, the newest one: nothing changes. With ``dry_run`` a
        :class:`~mlops_lite.deployment.verdict.Verdict`.

    Raises
    ------
    GateError
        A gate refused; ``outcomes`` holds what each said. The place serves what it served.
    NotFoundError
        There is no such version.
    ConflictError
        Another version came to serve while the gates were asked.

    Examples
    --------
    >>> import mlops_lite as ml
    >>> store = ml.use("memory://deploy-example")
    >>> version = ml.Registry().register("double", lambda x: 2 * x, metrics={"accuracy": 0.9})
    >>> change = ml.deploy("double@1", to="prod", gates=[ml.gates.Metric("accuracy", at_least=0.8)])
    >>> change.serving, change.ok
    ('model/double@1', True)
    """
    place = Place(workspace.store(store), to)
    way = _way(canary, shadow, rollout)
    asked = [*_gates(gates), *_approved(approvals)]
    version = workspace.open(_pinned(ref, place), place.store)
    model = str(version.ref)
    state = place.state
    if model == state.model and not dry_run:
        return place.current()
    candidate = _candidate(place, version, state, trusted)
    outcomes = evaluated(asked, candidate)
    if dry_run:
        return Verdict(model, place.name, outcomes)
    judged = _recorded(place, model, outcomes, message, candidate.used)
    step = _step(model, way, key, state, asked_gates=bool(outcomes))
    change = place.append(
        "deploy" if way.share == 1 or state.model is None else "begin",
        model,
        step,
        message=message,
        gates=outcomes,
        facts={"judged": judged.number} if judged else None,
        also=candidate.used,
    )
    workspace.uses(model)
    workspace.made(change.ref)
    poke(place)
    return change


def _pinned(ref: object, place: Place) -> Ref:
    found = model_ref(ref)
    number = place.store.log("model", found.name).resolve(found.version)
    return found.at(number)


def _way(canary: CanaryLike, shadow: bool | float | Shadow, rollout: Rollout | None) -> Rollout:
    """Read how the version shall come in."""
    given = [one for one in (canary, shadow or None, rollout) if one is not None]
    if len(given) > 1:
        raise InvalidInputError("A version comes in one way.", remedy="Pass one of canary=, shadow= and rollout=.")
    if rollout is not None:
        return rollout
    if isinstance(canary, bool):
        raise InvalidInputError(f"canary={canary} does not say how many.", remedy="canary=0.1")
    if canary is not None:
        return canary if isinstance(canary, Canary) else Canary(**_named(canary))
    if isinstance(shadow, Shadow):
        return shadow
    return Shadow(1.0 if shadow is True else float(shadow)) if shadow else AtOnce()


def _gates(given: Any) -> list[Gate]:
    """Read what shall be asked; a slip is found before anybody is asked."""
    several = isinstance(given, Iterable) and not isinstance(given, str)
    listed = list(given) if several else [given]
    for gate in listed:
        if isinstance(gate, type) or not callable(gate):
            raise InvalidTypeError(
                f"{getattr(gate, '__name__', repr(gate))} is no gate.",
                remedy=f"{gate.__name__}(…)" if isinstance(gate, type) else "gates=[ml.gates.Smoke()], or a function.",
            )
    return listed


def _named(canary: Any) -> dict[str, Any]:
    return dict(canary) if isinstance(canary, Mapping) else {"steps": canary}


def _approved(approvals: int) -> list[Gate]:
    from mlops_lite.deployment.gates.approved import Approved

    return [Approved(by=approvals)] if approvals else []


def _candidate(place: Place, version: Any, state: State, trusted: Any) -> Candidate:
    champion = workspace.open(Ref(state.model), place.store) if state.model else None
    return Candidate(place.store, version, champion, place.name, trusted)


def _recorded(
    place: Place, model: str, outcomes: tuple[Outcome, ...], message: str | None, used: Iterable[str]
) -> Change | None:
    """Keep what the gates said before anything switches; refuse where one of them did."""
    if not outcomes:
        return None
    verdict = Verdict(model, place.name, outcomes)
    facts = {"refused": sum(not outcome.ok for outcome in outcomes)}
    judged = place.append(
        "judge", model, _same, message=message, gates=outcomes, facts=facts, keep_same=True, also=used
    )
    if verdict.ok:
        return judged
    goes_on = f"{judged.serving} goes on serving" if judged.serving else "nothing serves there yet"
    raise GateError(
        f"{model} was refused at {place.name!r} by {facts['refused']} of {len(outcomes)} gates; {goes_on}. The numbers "
        f"are kept in {judged.ref}.\n{verdict.table()}",
        outcomes=outcomes,
        ref=judged.ref,
    )


def _same(state: State) -> State:
    return state


def _step(model: str, way: Rollout, key: str | None, before: State, *, asked_gates: bool) -> Callable[[State], State]:
    """Give the step that switches; a version that gates compared with another champion does not pass."""
    options = canonical.unstructure(way) if attrs.has(type(way)) else {}
    salt = os.urandom(16).hex()

    def step(state: State) -> State:
        if asked_gates and state.model != before.model:
            raise ConflictError(
                f"While the gates judged {model}, {state.model} came to serve.",
                remedy="Deploy again: the gates will compare with what serves now.",
                serving=state.model,
            )
        if state.model is None or way.share == 1:
            return state.entered(model)
        if state.model == model:
            return state
        return state.on_trial(Trial(model, rollouts.name_of(way), way.share, key, salt, 0, options))

    return step
