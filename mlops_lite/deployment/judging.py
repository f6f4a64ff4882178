"""Judging a canary: from the flushed prediction log, by a test that may be looked at as often as one likes.

Any process may judge. It reads the segments written since the trial began, counts the errors of both versions side by
side (and, with ``metric=``, compares what they said with the labels that came), and appends its verdict by
compare-and-swap, so that it does not matter who is first. Two hypotheses are tested:

* *it is no worse* — refuted, the version goes back. Over the whole trial this happens to a version that is no worse
  with probability ``alpha`` at most, wherever one looks (shared by the errors and the metric).
* *it is worse by the margin or more* — refuted on the data of the present step, the version takes the next step.

Between two records the errors of one segment have no known order, so they are put into a random one; the seed is the
number of the record, so that every process puts them into the same.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from mlops_lite.base.record import Record
from mlops_lite.deployment import rollouts
from mlops_lite.deployment.change import Change
from mlops_lite.deployment.labelled import Labelled, Loss
from mlops_lite.deployment.place import Place
from mlops_lite.deployment.predictions import KIND
from mlops_lite.deployment.rollouts.canary import Canary
from mlops_lite.deployment.state import State, Trial
from mlops_lite.errors import ConflictError
from mlops_lite.stats.sequential import SequentialTest

__all__ = ["Judge"]

_FIRST = 200  # losses that set the range of one without an upper end


class Judge:
    """The judge of the trial that a place has now.

    Parameters
    ----------
    place : Place
    every_s : float
        How often :meth:`due` says yes.
    """

    def __init__(self, place: Place, every_s: float = 0.0) -> None:
        self._place = place
        self._every_s = every_s
        self._looked = float("-inf")
        record = place.newest()
        self.trial = State.of(record).trying
        self.canary = rollouts.load(self.trial)
        self.step = record.number  # the record that began the present step, or a later one that changed nothing
        self._log = place.store.log(KIND, place.name)
        self._next = 1
        self._tests = _Tests(self.canary, self.trial) if isinstance(self.canary, Canary) else None

    def due(self) -> bool:
        """Tell whether it is time to look again."""
        now = time.monotonic()
        if now - self._looked < self._every_s:
            return False
        self._looked = now
        return True

    def decide(self) -> Change | None:
        """Read what is new, and append a verdict where there is one.

        Returns
        -------
        Change or None
            None where it is too early to tell, where the rollout is not judged, or where somebody else was faster.
        """
        if self._tests is None:
            return None
        newest = self._place.newest()
        state = State.of(newest)
        if state.trial is None or state.trial.began != self.trial.began:
            return None
        self.trial = state.trial
        self._tests.enter(self._step_of(newest), state)
        for record in self._log.history(self._next):
            self._next = record.number + 1
            self._tests.add(record, self._place)
        return self._appended(self._tests.verdict())

    def _step_of(self, newest: Record) -> int:
        """Find the record that gave the trial its present share."""
        number = newest.number
        while number > self.trial.began:
            before = State.of(self._place.log.read(number - 1)).trial
            if before is None or before.share != self.trial.share:
                break
            number -= 1
        return number

    def _appended(self, verdict: Mapping[str, Any] | None) -> Change | None:
        assert isinstance(self.canary, Canary)
        if verdict is None or not self.canary.automatic:
            return None
        share = rollouts.next_share(self.trial)
        worse = verdict["verdict"] == "worse"
        trial = self.trial

        def step(state: State) -> State:
            if state.trial != trial:
                raise ConflictError(f"{trial.model} is not on trial with {trial.share:g} of the keys any more.")
            return state.returned(trial.model) if worse else state.advanced(share)

        facts = {**verdict, "left": trial.model} if worse else {**verdict, "share": share}
        message = _sentence(verdict, trial, share)
        try:
            return self._place.append("verdict", trial.model, step, message=message, facts=facts)
        except ConflictError:
            return None


def _sentence(verdict: Mapping[str, Any], trial: Trial, share: float) -> str:
    what, p = verdict["on"], verdict["p_value"]
    if verdict["verdict"] == "worse":
        return f"{trial.model} is worse on {what} (p {p:.2g}): taken back"
    there = "serves" if share == 1 else f"advances to {share:g} of the keys"
    return f"{trial.model} is not worse on {what} by the margin (p {p:.2g}): {there}"


class _Tests:
    """The tests of one trial: of errors, and of the losses where a metric was named.

    They are fed record by record, so that all judges come to the same numbers whenever they look.
    """

    def __init__(self, canary: Canary, trial: Trial) -> None:
        self.canary, self.trial = canary, trial
        self.step = 0
        self.champion: str | None = None
        self.pairs = [_Pair("errors", canary, (0.0, 1.0))]
        self.labelled = Labelled(canary.metric, trial.began) if canary.metric else None
        if self.labelled is not None:
            self.pairs.append(_Pair(self.labelled.metric.name, canary, self.labelled.span))

    def enter(self, step: int, state: State) -> None:
        """Begin a step: whether it may go on is asked of new data."""
        self.champion = state.model
        if step != self.step:
            self.step = step
            for pair in self.pairs:
                pair.begin_step()

    def add(self, record: Record, place: Place) -> None:
        """Take in what one record of the prediction log says."""
        if record.action == "flush":
            self._feed(self.pairs[0], self._errors(record))
        if self.labelled is not None:
            self._feed(self.pairs[1], self.labelled.add(record, place.store))

    def _feed(self, pair: _Pair, losses: list[Loss]) -> None:
        mine = [loss for loss in losses if loss.model == self.trial.model]
        theirs = [loss for loss in losses if loss.model == self.champion]
        pair.update(mine, theirs, self.step)

    def _errors(self, record: Record) -> list[Loss]:
        """Give 1 for each call that failed and 0 for each other one, in a random order."""
        dice = np.random.default_rng(record.number)
        return [
            Loss(one["model"], one["deployment"], float(failed))
            for one in record.body["counts"]
            if one["role"] == "answer" and one["deployment"] >= self.trial.began
            for failed in dice.permutation(np.arange(one["calls"]) < one["errors"])
        ]

    def verdict(self) -> dict[str, Any] | None:
        """Say what is shown by now."""
        for pair in self.pairs:
            if pair.worse is not None and pair.worse.refuted:
                return _told("worse", pair.name, pair.worse)
        fine = [(pair.name, pair.fine) for pair in self.pairs]
        if all(test is not None and test.refuted for _, test in fine):
            name, slowest = max(fine, key=lambda one: one[1].p_value if one[1] else 1.0)
            assert slowest is not None
            return _told("not worse", name, slowest)
        return None


class _Pair:
    """The two tests of one loss: whether it is worse, over the trial; whether it is not worse by the margin, in a step.

    A loss without an upper end gets one from the first losses of both versions (their 99th percentile); those are then
    left out, for the range must not depend on what is tested.
    """

    def __init__(self, name: str, canary: Canary, span: tuple[float, float] | None) -> None:
        self.name, self.canary, self.span = name, canary, span
        self.alpha = canary.alpha / (2 if canary.metric else 1)
        self.worse: SequentialTest | None = None
        self.fine: SequentialTest | None = None
        self._first: list[float] = []

    def begin_step(self) -> None:
        """Forget what was shown of the step before."""
        self.fine = None

    def update(self, mine: list[Loss], theirs: list[Loss], step: int) -> None:
        """Feed the losses of one record."""
        if self.span is None:
            self._first += [loss.value for loss in (*mine, *theirs)]
            if len(self._first) >= _FIRST:
                self.span = (0.0, float(np.quantile(self._first, 0.99)) or 1e-12)
            return
        low, high = self.span
        margin = min(self.canary.margin, 0.99 * (high - low))
        self.worse = self.worse or SequentialTest(alpha=self.alpha, low=low, high=high)
        self.fine = self.fine or SequentialTest(alpha=self.canary.alpha, low=low - margin, high=high)
        self.worse.update(_values(mine), _values(theirs))
        # the champion's losses exceed those of the version on trial less the margin: it is not worse by the margin
        self.fine.update(_values(theirs, step), _values(mine, step) - margin)


def _values(losses: list[Loss], since: int = 0) -> Any:
    return np.array([loss.value for loss in losses if loss.deployment >= since], dtype=np.float64)


def _told(verdict: str, name: str, test: SequentialTest) -> dict[str, Any]:
    return {
        "verdict": verdict,
        "on": name,
        "p_value": test.p_value,
        "seen": [test.candidates, test.references],
    }
