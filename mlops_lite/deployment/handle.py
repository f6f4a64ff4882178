"""The serving handle: a place that answers predictions and follows its log."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from mlops_lite import workspace
from mlops_lite.base.record import Record
from mlops_lite.base.ref import Ref
from mlops_lite.deployment import serving as servings
from mlops_lite.deployment.follower import Follower, Patience, default_poll_s, followers
from mlops_lite.deployment.loaded import METHODS, Loaded, load
from mlops_lite.deployment.place import Place
from mlops_lite.deployment.serving import Serving
from mlops_lite.deployment.state import State
from mlops_lite.deployment.wiring import Wiring
from mlops_lite.display import Drawn
from mlops_lite.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    import pandas as pd

    from mlops_lite.deployment.change import Change, History
    from mlops_lite.deployment.predictions import PredictionLog, Predictions
    from mlops_lite.deployment.reading import Since
    from mlops_lite.store import Store

__all__ = ["Deployment", "poke"]

Follow = Literal["thread", "call"]
_logger = logging.getLogger("mlops_lite.deployment")


class Deployment(Drawn):
    """A named place that answers predictions.

    It follows the log of the place: when another version is deployed, or one is rolled back, it loads the new version
    beside the old one, hashes every byte, lets it answer its own example, and swaps one attribute. No call fails and
    none sees two versions. What cannot be loaded changes nothing. While the store is away it goes on serving.

    Nothing is loaded before the first call, or :meth:`refresh`.

    Parameters
    ----------
    name : str
        Of the place.
    log : bool, dict or Predictions, optional
        Keep what is asked and answered; see :class:`Predictions` for what can be chosen. Off by default.
    check : bool
        Compare inputs with the signature of the model.
    poll_s : float, optional
        How often to look for a change, in seconds: 0.1 for a folder, 5 with jitter for a bucket.
    follow : {"thread", "call"} or None
        By a thread; without one, by a look at the clock in each call (for functions that are frozen between calls);
        or only at :meth:`refresh`.
    trusted : str or list of str, optional
        What may be opened (see :class:`Store`).
    store : Store or str, optional

    Raises
    ------
    NotFoundError
        Nothing was ever deployed there.

    Examples
    --------
    >>> import mlops_lite as ml
    >>> store = ml.use("memory://deployment-example")
    >>> _ = ml.Registry().register("double", lambda x: 2 * x)
    >>> _ = ml.deploy("double@1", to="prod")
    >>> live = ml.Deployment("prod")
    >>> live.predict(21), live.version
    (42, 1)
    """

    def __init__(
        self,
        name: str,
        *,
        log: bool | dict[str, Any] | Predictions | None = None,
        check: bool = True,
        poll_s: float | None = None,
        follow: Follow | None = "thread",
        trusted: Any = None,
        store: Store | str | None = None,
    ) -> None:
        if follow not in ("thread", "call", None):
            raise InvalidInputError(f"follow={follow!r} is none of 'thread', 'call' and None.")
        if poll_s is not None and not poll_s > 0:
            raise InvalidInputError(f"poll_s={poll_s} is no time to wait.")
        kept = _prediction_log(log)
        self.store = workspace.store(store)
        self._place = Place(self.store, name)
        self.name = self._place.name
        self._given = {"log": log, "check": check, "poll_s": poll_s, "follow": follow, "trusted": trusted}
        self._check, self._trusted, self._follow = check, trusted, follow
        self._poll_s = poll_s or default_poll_s(self.store.is_local)
        self._wiring = Wiring(kept(self.store, self.name) if kept else None)
        self._judge: Any = None
        self.problem: Exception | None = None
        self._trial_problem: Exception | None = None
        self._renew()
        self._first = self._place.newest()
        self._read = time.monotonic()
        self._real: Serving | None = None
        self._serving = self._asleep()
        followers.add(self)
        weakref.finalize(self, self._wiring.finish)

    def _renew(self) -> None:
        self._lock = threading.RLock()
        self._follower: Follower | None = None
        self._patience = Patience()

    # ── answering ────────────────────────────────────────────────────────────────────────────────────────────────

    def predict(self, X: Any, *, key: Any = None, request_id: Any = None) -> Any:
        """Predict with the version that serves.

        Parameters
        ----------
        X : object
            What the model takes.
        key : object, optional
            The key of the request (of each row), by which a canary chooses; else the key column of ``X`` is used.
        request_id : str or sequence of str, optional
            By which a label can be given later (one a row).

        Returns
        -------
        object
            What the model's own ``predict`` returns; a model that is only a function is called.

        Raises
        ------
        SignatureError
            The input is not what the model was made for; every mismatch is named.
        """
        return self._serving.predict(X, key, request_id)

    def predict_proba(self, X: Any, *, key: Any = None, request_id: Any = None) -> Any:
        """Predict probabilities with the version that serves; parameters as for :meth:`predict`."""
        return self._serving.predict_proba(X, key, request_id)

    def transform(self, X: Any, *, key: Any = None, request_id: Any = None) -> Any:
        """Transform with the version that serves; parameters as for :meth:`predict`."""
        return self._serving.transform(X, key, request_id)

    def __call__(self, X: Any, *, key: Any = None, request_id: Any = None) -> Any:
        """Call the version that serves; parameters as for :meth:`predict`."""
        return self._serving.call(X, key, request_id)

    # ── what serves ──────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def ref(self) -> Ref:
        """The record that this handle follows: ``deployment/prod@7``."""
        return Ref.of("deployment", self.name, self._number)

    @property
    def state(self) -> State:
        """What the place serves, and what it can go back to."""
        return self._real.state if self._real else State.of(self._place.newest())

    @property
    def model(self) -> Any:
        """The model version that serves."""
        real = self._real
        if real is not None and real.champion is not None:
            return real.champion.version
        return workspace.open(self._serves(self.state), self.store)

    @property
    def version(self) -> int:
        """The number of the model version that serves."""
        found = self._serves(self.state).version
        assert isinstance(found, int)
        return found

    @property
    def native(self) -> Any:
        """The model itself, with all its own methods; calls of those pass no check, no canary and no log."""
        champion = self._awake().champion
        assert champion is not None
        return champion.native

    @property
    def stale_s(self) -> float:
        """Seconds since the log was last read."""
        return time.monotonic() - self._read

    @property
    def dropped(self) -> int:
        """Rows that the prediction log could not keep."""
        log = self._wiring.log
        return log.dropped + log.lost if log else 0

    @property
    def shadow(self) -> dict[str, int]:
        """How the answers of a shadow compared, in this process."""
        return {name: getattr(self._wiring, name) for name in ("compared", "differed", "failed", "dropped")}

    @property
    def _number(self) -> int:
        return self._real.number if self._real else self._place.newest().number

    # ── following ────────────────────────────────────────────────────────────────────────────────────────────────

    def refresh(self) -> Deployment:
        """Look at the log now, and serve what it says.

        Returns
        -------
        Deployment
            Itself.

        Raises
        ------
        MlopsLiteError
            The store is away, or the version cannot be loaded. What served goes on serving.
        """
        with self._lock:
            record = self._place.look()
            self._read = time.monotonic()
            if self._real is None or record.number != self._real.number:
                self._apply(record)
            self.problem = self._trial_problem
            self._start()
        return self

    def _look(self) -> None:
        """Look at the log, and put up with what goes wrong."""
        if not self._patience.allows():
            return
        try:
            self.refresh()
            self._judged()
            self._patience.worked()
        except Exception as error:
            if self.problem is None or str(self.problem) != str(error):
                _logger.warning("%s goes on serving %s: %s", self.name, self.state.model if self._real else "-", error)
            self.problem = error
            self._patience.failed()

    def _apply(self, record: Record) -> None:
        """Serve what a record says; whatever is loaded already is used again."""
        state = State.of(record)
        old = self._real
        have = {one.ref: one for one in (old and old.champion, old and old.challenger) if one}
        model = self._serves(state)
        champion = have.get(model) or load(self.store, model, self._trusted)
        challenger, self._trial_problem = self._challenger(state, have)
        real = servings.built(record.number, state, champion, challenger, self._wiring, check=self._check)
        self._real = real
        self._serving = servings.guarded(real, self._on_time) if self._follow == "call" else real

    def _serves(self, state: State) -> Ref:
        if state.model is None:
            raise NotFoundError(
                f"Nothing serves at {self.name!r} yet: its gates let nothing pass.",
                remedy=f"ml.Deployment({self.name!r}).history() says why.",
            )
        return Ref(state.model)

    def _challenger(self, state: State, have: dict[str, Loaded]) -> tuple[Loaded | None, Exception | None]:
        """Load the version on trial; where that fails, the version that serves answers alone."""
        if state.trial is None:
            return None, None
        try:
            return have.get(state.trial.model) or load(self.store, state.trial.model, self._trusted), None
        except Exception as error:
            _logger.warning("%s is on trial at %s and cannot be loaded: %s", state.trial.model, self.name, error)
            return None, error

    def _judged(self) -> None:
        """Judge a canary, where this process keeps a prediction log."""
        real, log = self._real, self._wiring.log
        if real is None or real.state.trial is None or log is None:
            self._judge = None
            return
        from mlops_lite.deployment.judging import Judge

        try:
            if self._judge is None or self._judge.trial.began != real.state.trial.began:
                self._judge = Judge(self._place, every_s=log.options.flush_s)
            decided = self._judge.due() and self._judge.decide() is not None
        except Exception as error:  # whoever cannot judge follows all the same
            _logger.warning("%s cannot be judged here: %s", real.state.trial.model, error)
            return
        if decided:
            self.refresh()

    def _asleep(self) -> Serving:
        """Answer the first call by loading what serves."""
        nothing = Serving(0, State(), None, None, dict.fromkeys(METHODS, _unanswered))
        return servings.guarded(nothing, self._awake)

    def _awake(self) -> Serving:
        if self._real is None:
            with self._lock:
                if self._real is None:
                    self.refresh()
        assert self._real is not None
        return self._real

    def _on_time(self) -> Serving:
        """Look at the log where the last look is too long ago."""
        if time.monotonic() - self._read > self._poll_s and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        assert self._real is not None
        return self._real

    def _start(self) -> None:
        if self._follow == "thread" and self._follower is None:
            self._follower = Follower(self, self._poll_s)

    def _after_fork(self) -> None:
        """Have no thread and no lock of the parent; the first call starts a thread of its own."""
        self._renew()
        self._wiring.renew()
        if self._real is not None and self._follow == "thread":
            self._serving = servings.guarded(self._real, self._restarted)

    def _restarted(self) -> Serving:
        with self._lock:
            self._start()
            assert self._real is not None
            self._serving = self._real
        return self._real

    # ── changing what serves ─────────────────────────────────────────────────────────────────────────────────────

    def rollback(self, reason: str, to: object = None, *, leaving: object = None, because_of: object = None) -> Change:
        """Go back to the version before, or further. One record; the whole fleet follows within one poll.

        It undoes: after 1, 2, 3 it gives 2, then 1, never a version that was rolled back from. While a version is on
        trial, that one goes.

        Parameters
        ----------
        reason : str
            Why, in words.
        to : int, str or ModelVersion, optional
            One of the versions that served here and were not rolled back from.
        leaving : str or ModelVersion, optional
            The version that is to go; the one that this handle serves without it.
        because_of : str or value with a ref, optional
            What it follows from, such as the report that raised an alarm: lineage leads there.

        Returns
        -------
        Change

        Raises
        ------
        ConflictError
            A newer deployment, or somebody else's rollback, has overtaken this one. Nothing was changed.
        NotFoundError
            There is nothing to go back to.
        """
        known = self._real.state.newest if self._real else None
        change = self._place.rollback(reason, to, leaving or known, because_of)
        poke(self._place)
        return change

    def advance(self, share: float | None = None, message: str | None = None) -> Change:
        """Give the version on trial more of the keys.

        Parameters
        ----------
        share : float, optional
            Up to 1; then it serves. Without it the next step of the canary.
        message : str, optional
            Why.
        """
        change = self._place.advance(share, message)
        poke(self._place)
        return change

    def judge(self) -> Change | None:
        """Judge the version on trial from the prediction log, and append the verdict where there is one.

        Returns
        -------
        Change or None
            None where it is too early to tell.
        """
        from mlops_lite.deployment.judging import Judge

        if self._wiring.log is not None:
            self._wiring.log.flush()
        change = Judge(self._place).decide()
        poke(self._place)
        return change

    # ── looking back ─────────────────────────────────────────────────────────────────────────────────────────────

    def history(self) -> History:
        """List what happened here: who, what, why, which gates, from when to when."""
        return self._place.history()

    def at(self, when: datetime | str) -> Change:
        """Say what served at an instant (ISO format; UTC without a zone)."""
        return self._place.at(when)

    def predictions(
        self,
        since: Since = None,
        until: Since = None,
        *,
        shadow: bool = False,
        version: object = None,
        method: str | None = None,
    ) -> pd.DataFrame:
        """Read what was predicted, by all processes.

        Parameters
        ----------
        since, until : datetime, str or timedelta, optional
            From when and before when; a timedelta counts back from now.
        shadow : bool
            The answers of a shadow instead of those that were given.
        version : str or ModelVersion, optional
            Only of this model version.
        method : str, optional
            Only answers of this method, such as ``predict_proba``, where a service uses several: a monitor would
            else find predictions and scores missing by turns.

        Returns
        -------
        pandas.DataFrame
            One row a row of input; ``label`` where labels came. It can be checked by a monitor.
        """
        if self._wiring.log is not None:
            self._wiring.log.flush()
        from mlops_lite.deployment.reading import read

        return read(self.store, self.name, since, until, shadow=shadow, version=version, method=method)

    def label(self, ids: Any, y: Any) -> int:
        """Keep what turned out to be true.

        Parameters
        ----------
        ids : str or sequence of str
            Request ids.
        y : object or sequence
            One label a request; one given again replaces the one before.

        Returns
        -------
        int
            How many labels were kept.
        """
        from mlops_lite.deployment.reading import label

        return label(self.store, self.name, ids, y)

    # ── ending ───────────────────────────────────────────────────────────────────────────────────────────────────

    def close(self) -> None:
        """End the threads and store what the prediction log holds. Calls are answered as before."""
        if self._follower is not None:
            self._follower.stop()
        followers.discard(self)
        self._wiring.finish()
        if self._wiring.log is not None:
            self._wiring.log.close()

    def __enter__(self) -> Deployment:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self.name, {**self._given, "store": self.store})

    def __repr__(self) -> str:
        return f"<Deployment {self.name}: {self.state.model}>"

    def _view(self) -> Any:
        from mlops_lite.deployment.view import of_deployment

        return of_deployment(self)


def _prediction_log(given: object) -> Callable[[Store, str], PredictionLog] | None:
    """Read what a user wants to be kept; None for nothing."""
    if given is None or given is False:
        return None
    from mlops_lite.deployment.predictions import PredictionLog, Predictions

    options = Predictions.of(given)
    return lambda store, name: PredictionLog(store, name, options)


def _unanswered(X: Any, key: Any, request_id: Any) -> Any:
    raise AssertionError("a sleeping handle answers nothing itself")  # pragma: no cover


def _reopen(name: str, options: dict[str, Any]) -> Deployment:
    return Deployment(name, **options)


def poke(place: Place) -> None:
    """Let the handles of this process see at once what was just done in it."""
    for handle in list(followers):
        if handle.name == place.name and handle.store == place.store and handle._real is not None:
            handle._patience.worked()
            handle._look()
