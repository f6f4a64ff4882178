"""The one way in which bookkeeping complains: a warning, once, and never an exception in the user's function."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator

__all__ = ["RunWarning", "guarded", "warn"]

_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class RunWarning(UserWarning):
    """Something about a run could not be recorded. The function that it watches goes on."""


def warn(text: str) -> None:
    """Warn at the line of the user's that led here."""
    frame = sys._getframe(1)
    level = 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_FOLDER):
        frame = frame.f_back
        level += 1
    warnings.warn(text, RunWarning, stacklevel=level)


class Trouble:
    """What a run is told when its store fails; it passes the first on as a warning.

    Parameters
    ----------
    url : str
        The store.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._told: set[str] = set()

    def __call__(self, error: BaseException, done: str) -> None:
        """Warn, once for each thing that is done about it."""
        if done not in self._told:
            self._told.add(done)
            warn(f"The store at {self._url} failed ({error}). What this run records is {done}.")


@contextlib.contextmanager
def guarded(doing: str) -> Iterator[None]:
    """Let nothing out of a block but one warning.

    Parameters
    ----------
    doing : str
        What could not be done, as in "could not <doing>".
    """
    try:
        yield
    except RunWarning:  # warnings are errors here, by the user's wish
        raise
    except Exception as error:
        warn(f"The run could not {doing}: {type(error).__name__}: {error}")
