"""Progress of long work: one bar, shown after two seconds, and only where somebody looks."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["bar", "silence"]

_DELAY_S = 2.0
_silent = False


def silence(silent: bool = True) -> None:
    """Show no progress from now on, or show it again. ``MLOPS_LITE_PROGRESS=0`` does the same for a process."""
    global _silent
    _silent = silent


def bar(
    iterable: Iterable[Any] | None = None, *, total: float | None = None, description: str = "", unit: str = "it"
) -> Any:
    """Make a progress bar.

    Parameters
    ----------
    iterable : iterable, optional
        What to walk through; without it call ``.update(n)``.
    total : float, optional
        How many units there are.
    description : str
        What is going on.
    unit : str
        ``"B"`` scales to kB, MB, GB.

    Returns
    -------
    tqdm.tqdm, or what stands in for it where nobody looks
        A context manager.

    Examples
    --------
    >>> with bar(total=3, description="parts") as progress:
    ...     _ = progress.update(3)
    """
    if not _watched():
        return _Unseen(iterable)
    return _kind()(
        iterable,
        total=total,
        desc=description or None,
        unit=unit,
        unit_scale=unit == "B",
        delay=_DELAY_S,
        leave=False,
    )


class _Unseen:
    """A bar where nobody looks: loading the library that draws bars would cost more than short work does."""

    def __init__(self, iterable: Iterable[Any] | None) -> None:
        self._iterable = iterable
        self.disable = True

    def update(self, n: float = 1) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def __iter__(self) -> Iterator[Any]:
        return iter(self._iterable or ())

    def __enter__(self) -> _Unseen:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def _kind() -> Any:
    """Choose the bar of notebooks only where its widgets are: without them it warns, and shows nothing better."""
    if "ipykernel" in sys.modules and importlib.util.find_spec("ipywidgets") is not None:
        from tqdm.notebook import tqdm

        return tqdm
    from tqdm.std import tqdm as plain

    return plain


def _watched() -> bool:
    if _silent or os.environ.get("MLOPS_LITE_PROGRESS") == "0":
        return False
    return sys.stderr.isatty() or "ipykernel" in sys.modules
