"""The serving handle: a place that answers predictions and follows its log."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mlops_lite import workspace
from mlops_lite.base.ref import Ref
from mlops_lite.deployment.calls import Calls
from mlops_lite.deployment.follower import default_poll_s
from mlops_lite.deployment.following import Follow, Following, poke, serves
from mlops_lite.deployment.place import Place
from mlops_lite.deployment.state import State
from mlops_lite.deployment.wiring import Wiring
from mlops_lite.display import Drawn
from mlops_lite.errors import InvalidInputError

if TYPE_CHECKING:
    import pandas as pd

    from mlops_lite.deployment.change import Change, History
    from mlops_lite.deployment.predictions import PredictionLog, Predictions
    from mlops_lite.deployment.reading import Since
    from mlops_lite.store import Store

__all__ = ["Deployment"]


class Deployment(Calls, Drawn):
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
        self._wiring = Wiring(kept(self.store, self.name) if kept else None)
        self._following = Following(
            self._place,
            self._wiring,
            follow=follow,
            poll_s=poll_s or default_poll_s(self.store.is_local),
            check=check,
            trusted=trusted,
        )

    # ── what serves ──────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def ref(self) -> Ref:
        """The record that this handle follows: ``deployment/prod@7``."""
        loaded = self._following.loaded
        return Ref.of("deployment", self.name, loaded.number if loaded else self._place.newest().number)

    @property
    def state(self) -> State:
        """What the place serves, and what it can go back to."""
        loaded = self._following.loaded
        return loaded.state if loaded else self._place.state

    @property
    def model(self) -> Any:
        """The model version that serves."""
        loaded = self._following.loaded
        if loaded is not None and loaded.champion is not None:
            return loaded.champion.version
        return workspace.open(serves(self.state, self.name), self.store)

    @property
    def version(self) -> int:
        """The number of the model version that serves."""
        found = serves(self.state, self.name).version
        assert isinstance(found, int)
        return found

    @property
    def native(self) -> Any:
        """The model itself, with all its own methods; calls of those pass no check, no canary and no log."""
        champion = self._following.awake().champion
        assert champion is not None
        return champion.native

    @property
    def problem(self) -> Exception | None:
        """Why it does not serve what the log says; None where it does."""
        return self._following.problem

    @property
    def stale_s(self) -> float:
        """Seconds since the log was last read."""
        return time.monotonic() - self._following.read

    @property
    def dropped(self) -> int:
        """Rows that the prediction log could not keep."""
        log = self._wiring.log
        return log.dropped + log.lost if log else 0

    @property
    def shadow(self) -> dict[str, int]:
        """How the answers of a shadow compared, in this process."""
        return {name: getattr(self._wiring, name) for name in ("compared", "differed", "failed", "dropped")}

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
        self._following.refresh()
        return self

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
        loaded = self._following.loaded
        change = self._place.rollback(reason, to, leaving or (loaded.state.newest if loaded else None), because_of)
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

        Returns
        -------
        Change

        Raises
        ------
        ConflictError
            No version is on trial, or another one is.
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
        """List what happened here: who, what, why, which gates, from when to when.

        Returns
        -------
        History
            A sequence of :class:`Change`, oldest first, with ``.to_frame()``.
        """
        return self._place.history()

    def at(self, when: datetime | str) -> Change:
        """Say what served at an instant.

        Parameters
        ----------
        when : datetime or str
            ISO format; UTC without a zone.

        Returns
        -------
        Change
            The record that was the newest then.

        Raises
        ------
        NotFoundError
            Nothing served yet.
        """
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
            Only answers of this method, such as ``predict_proba``, where a service uses several.

        Returns
        -------
        pandas.DataFrame
            One row a row of input; ``label`` where labels came. It can be checked by a monitor. Without rows where
            nobody keeps a log: it is off by default, and ``Deployment(name, log=True)`` keeps one.
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
        self._following.stop()
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


def _reopen(name: str, options: dict[str, Any]) -> Deployment:
    return Deployment(name, **options)
