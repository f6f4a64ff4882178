"""``ml.reproduce``: make a run again, and say whether the same came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from mlops_lite import workspace
from mlops_lite.base.ref import Ref
from mlops_lite.display import Drawn
from mlops_lite.errors import InvalidInputError
from mlops_lite.provenance.differences import CAUSES, Difference, causes, effects
from mlops_lite.provenance.replay import replay
from mlops_lite.store import Store
from mlops_lite.tracking.pickling import require_code
from mlops_lite.tracking.run import Run

__all__ = ["Reproduction", "reproduce"]


@attrs.frozen
class Reproduction(Drawn):
    """What came of making a run again.

    Parameters
    ----------
    original : Run
    run : Run
        The new one, a child of the original.
    verdict : {"identical", "equivalent", "different"}
        Of the returned value, the metrics, the artifacts and the error; the worst of them.
    differences : tuple of Difference
        Causes first (data, code, packages, seed, hardware), then effects.
    """

    original: Run
    run: Run
    verdict: str
    differences: tuple[Difference, ...]

    @property
    def causes(self) -> tuple[Difference, ...]:
        """What could have made the difference, the first to look at first."""
        return tuple(one for one in self.differences if one.kind in (*CAUSES, "unknown"))

    @property
    def effects(self) -> tuple[Difference, ...]:
        """What came out otherwise."""
        return tuple(one for one in self.differences if one not in self.causes)

    def _view(self) -> Any:
        from mlops_lite.provenance.view import look_of_reproduction

        return look_of_reproduction(self)

    def __repr__(self) -> str:
        return f"<Reproduction of {self.original.id}: {self.verdict}>"


def reproduce(
    run: Run | str,
    *,
    code: str = "recorded",
    environment: str = "current",
    given: Mapping[str, Any] | None = None,
    tolerance: float = 1e-6,
    ignore: Iterable[str] = (),
    store: Store | str | None = None,
) -> Reproduction:
    """Make a run again from what was recorded of it, and compare what comes of it.

    The arguments are had again from their refs and from what the run kept, the seed is set, the function is called.
    What the function does besides (registering a model, writing a file) is done again too.

    Parameters
    ----------
    run : Run or str
    code : {"recorded", "current"}
        The function as it was recorded, or as it is now.
    environment : {"current", "recorded"}
        In this process, or in a virtual environment with the packages and versions that were recorded.
    given : mapping, optional
        Values of arguments and globals that the run could not keep, because they are large or secret.
    tolerance : float
        Numbers that differ by no more than this fraction are equivalent.
    ignore : iterable of str
        Metrics and artifacts that are not compared, such as measured times; ``"result"`` and ``"outputs"`` too.
    store : Store, optional

    Returns
    -------
    Reproduction

    Raises
    ------
    InvalidInputError
        The run is of a block, or needs something that was not kept.
    UntrustedError
        The store is not trusted with code.

    Examples
    --------
    >>> import mlops_lite as ml
    >>> @ml.track_run(seed=0)
    ... def train(depth=6):
    ...     ml.log(auc=0.9 + depth / 100)
    ...     return depth
    >>> with ml.Store("memory://reproduce-example"):
    ...     depth = train(depth=8)
    ...     again = ml.reproduce(train.last_run)
    >>> again.verdict, again.run.parent == again.original
    ('identical', True)
    """
    _check(code, ("recorded", "current"), "code")
    _check(environment, ("current", "recorded"), "environment")
    original = run if isinstance(run, Run) else _find(run, workspace.store(store))
    original = Run(original.store, original.id)  # as it was recorded, not as this process remembers it
    original = original.cached_from or original
    if original.ended_at is None:
        raise InvalidInputError(f"The run {original.id} is {original.status}: it has no end to compare with.")
    require_code(original.store, f"Making run {original.id} again", f"ml.reproduce({str(original.ref)!r})")
    again = _again(original, code, environment, given or {})
    verdict, differences = _judge(original, again, tolerance, frozenset(ignore))
    again.tag(verdict=verdict)
    return Reproduction(original, again, verdict, differences)


def _check(value: str, known: tuple[str, ...], name: str) -> None:
    if value not in known:
        raise InvalidInputError(f"{name}= is {' or '.join(map(repr, known))}, not {value!r}.")


def _find(run: str, store: Store) -> Run:
    return Run(store, store.runs.find(Ref.parse(run, kind="run").name))


def _again(original: Run, code: str, environment: str, given: Mapping[str, Any]) -> Run:
    if environment == "current":
        return replay(original, code, given)
    from mlops_lite.provenance.fresh import interpreter, replay_in

    return replay_in(interpreter(original), original, code, given)


def _judge(original: Run, again: Run, tolerance: float, ignore: frozenset[str]) -> tuple[str, tuple[Difference, ...]]:
    came = effects(original, again, tolerance, ignore)
    found = causes(original, again)
    degrees = {one.degree for one in came}
    verdict = next((degree for degree in ("different", "equivalent") if degree in degrees), "identical")
    if verdict != "identical":
        found = [*found, *_suspects(original, again, found)]
    order = [*CAUSES, "unknown"]
    return verdict, (*sorted(found, key=lambda one: order.index(one.kind)), *came)


def _suspects(original: Run, again: Run, found: list[Difference]) -> list[Difference]:
    """Name what may be behind a difference though nothing that was recorded differs."""
    suspects = []
    if original.seed is None:
        sentence = "no seed was set: what is drawn at random differs from run to run (@ml.track_run(seed=0) sets one)"
        suspects.append(Difference("seed", "seed", sentence))
    elif _hashes_differ(original, again):
        sentence = "texts have other hashes in each process, and sets of them another order (PYTHONHASHSEED=0 stops it)"
        suspects.append(Difference("seed", "PYTHONHASHSEED", sentence))
    if not found and not suspects:
        sentence = "nothing recorded differs: look for the time, the network, threads, or an unseeded generator"
        suspects.append(Difference("unknown", "unknown", sentence))
    return suspects


def _hashes_differ(original: Run, again: Run) -> bool:
    fact, processes = (
        original.facts.get("seed", {}),
        [run.facts.get("process", {}).get("pid") for run in (original, again)],
    )
    return fact.get("hash_seed") == "random" and processes[0] != processes[1]
