"""Following: what a handle serves, and how it comes to serve something newer while calls go on."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import threading
import time
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from mlops_lite.base.record import Record
from mlops_lite.base.ref import Ref
from mlops_lite.deployment import serving as servings
from mlops_lite.deployment.follower import Follower, Patience
from mlops_lite.deployment.loaded import Loaded, load
from mlops_lite.deployment.serving import Serving
from mlops_lite.deployment.state import State
from mlops_lite.errors import NotFoundError

if TYPE_CHECKING:
    from mlops_lite.deployment.place import Place
    from mlops_lite.deployment.wiring import Wiring

__all__ = ["Follow", "Following", "poke"]

Follow = Literal["thread", "call"]
_logger = logging.getLogger("mlops_lite.deployment")
_paused = threading.Event()
_all: weakref.WeakSet[Following] = weakref.WeakSet()


class Following:
    """What a place serves, loaded, and kept up with its log.

    Nothing is loaded before the first call, or :meth:`refresh`.

    Parameters
    ----------
    place : Place
    wiring : Wiring
        What answers may use besides models.
    follow : {"thread", "call"} or None
        Who looks at the log: a thread, each call that finds the last look too long ago, or nobody.
    poll_s : float
        How often to look, in seconds.
    check : bool
        Compare inputs with the signature of the model.
    trusted : str or list of str, optional
        What may be opened.

    Attributes
    ----------
    serving : Serving
        What calls ask; swapped as one.
    loaded : Serving or None
        What was loaded; None before the first call.
    read : float
        When the log was last read, by the monotonic clock.
    problem : Exception or None
        Why it does not serve what the log says.
    """

    def __init__(
        self, place: Place, wiring: Wiring, *, follow: Follow | None, poll_s: float, check: bool, trusted: Any
    ) -> None:
        self.place, self.wiring = place, wiring
        self._follow, self._poll_s = follow, poll_s
        self._check, self._trusted = check, trusted
        self._judge: Any = None
        self.problem: Exception | None = None
        self._trial_problem: Exception | None = None
        self._renew()
        place.newest()  # raises where nothing was ever deployed
        self.read = time.monotonic()
        self.loaded: Serving | None = None
        self.serving = servings.asleep(self._wake)
        _all.add(self)
        weakref.finalize(self, wiring.finish)

    def _renew(self) -> None:
        self._lock = threading.RLock()
        self._follower: Follower | None = None
        self._patience = Patience()

    def refresh(self, *, warm: bool = True) -> None:
        """Look at the log now, and serve what it says; where that fails, what served goes on serving."""
        with self._lock:
            record = self.place.look()
            self.read = time.monotonic()
            if self.loaded is None or record.number != self.loaded.number:
                self._apply(record, warm)
            self.problem = self._trial_problem
            self._start()

    def look(self) -> None:
        """Look at the log, and put up with what goes wrong."""
        if not self._patience.allows():
            return
        try:
            self.refresh()
            self._judged()
            self._patience.worked()
        except Exception as error:
            if self.problem is None or str(self.problem) != str(error):
                serves = self.loaded.state.model if self.loaded else "-"
                _logger.warning("%s goes on serving %s: %s", self.place.name, serves, error)
            self.problem = error
            self._patience.failed()

    def hurry(self) -> None:
        """Look at once, whatever failed before: something was just done in this process."""
        if self.loaded is not None:
            self._patience.worked()
            self.look()

    def awake(self) -> Serving:
        """Give what was loaded; load it where nothing was."""
        if self.loaded is None:
            self.refresh()
        assert self.loaded is not None
        return self.loaded

    def stop(self) -> None:
        """End the thread."""
        if self._follower is not None:
            self._follower.stop()
        _all.discard(self)

    def _apply(self, record: Record, warm: bool) -> None:
        """Serve what a record says; whatever is loaded already is used again."""
        state = State.of(record)
        old = self.loaded
        have = {one.ref: one for one in (old and old.champion, old and old.challenger) if one}
        model = serves(state, self.place.name)
        champion = have.get(model) or load(self.place.store, model, self._trusted, warm=warm)
        challenger, self._trial_problem = self._challenger(state, have)
        new = servings.built(record.number, state, champion, challenger, self.wiring, check=self._check)
        self.loaded = new
        self.serving = servings.guarded(new, self._on_time) if self._follow == "call" else new

    def _challenger(self, state: State, have: dict[str, Loaded]) -> tuple[Loaded | None, Exception | None]:
        """Load the version on trial; where that fails, the version that serves answers alone."""
        if state.trial is None:
            return None, None
        try:
            return have.get(state.trial.model) or load(self.place.store, state.trial.model, self._trusted), None
        except Exception as error:
            _logger.warning("%s is on trial at %s and cannot be loaded: %s", state.trial.model, self.place.name, error)
            return None, error

    def _judged(self) -> None:
        """Judge a canary, where this process keeps a prediction log."""
        loaded, log = self.loaded, self.wiring.log
        if loaded is None or loaded.state.trial is None or log is None:
            self._judge = None
            return
        from mlops_lite.deployment.judging import Judge

        try:
            if self._judge is None or self._judge.trial.began != loaded.state.trial.began:
                self._judge = Judge(self.place, every_s=log.options.flush_s)
            decided = self._judge.due() and self._judge.decide() is not None
        except Exception as error:  # whoever cannot judge follows all the same
            _logger.warning("%s cannot be judged here: %s", loaded.state.trial.model, error)
            return
        if decided:
            self.refresh()

    def _wake(self) -> Serving:
        """Load for the first call, which warms the version itself."""
        with self._lock:
            if self.loaded is None:
                with _no_collection():
                    self.refresh(warm=False)
        assert self.loaded is not None
        return self.loaded

    def _on_time(self) -> Serving:
        """Look at the log where the last look is too long ago."""
        if time.monotonic() - self.read > self._poll_s and self._lock.acquire(blocking=False):
            try:
                self.look()
            finally:
                self._lock.release()
        assert self.loaded is not None
        return self.loaded

    def _start(self) -> None:
        if self._follow == "thread" and self._follower is None:
            self._follower = Follower(self, self._poll_s)

    def after_fork(self) -> None:
        """Have no thread and no lock of the parent; the first call starts a thread of its own."""
        self._renew()
        self.wiring.renew()
        if self.loaded is not None and self._follow == "thread":
            self.serving = servings.guarded(self.loaded, self._restarted)

    def _restarted(self) -> Serving:
        with self._lock:
            self._start()
            assert self.loaded is not None
            self.serving = self.loaded
        return self.loaded


def serves(state: State, name: str) -> Ref:
    """Give the version that serves.

    Raises
    ------
    NotFoundError
        No version came through the gates yet.
    """
    if state.model is None:
        raise NotFoundError(
            f"Nothing serves at {name!r} yet: its gates let nothing pass.",
            remedy=f"ml.Deployment({name!r}).history() says why.",
        )
    return Ref(state.model)


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the collector of garbage from looking at libraries and models while they are built, for they stay.

    It takes a tenth of the time of the first call. Where others make garbage meanwhile, it is collected a little later.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    _paused.set()
    try:
        yield
    finally:
        _paused.clear()
        gc.enable()


def poke(place: Place) -> None:
    """Let the handles of this process see at once what was just done in it."""
    for one in list(_all):
        if one.place.name == place.name and one.place.store == place.store:
            one.hurry()


def _after_fork() -> None:
    if _paused.is_set():  # by a thread that stayed in the parent
        _paused.clear()
        gc.enable()
    for one in list(_all):
        one.after_fork()


os.register_at_fork(after_in_child=_after_fork)
