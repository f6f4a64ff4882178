"""Progress of long work: one bar, shown after two seconds, and only where somebody looks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
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
    tqdm.tqdm
        A context manager.

    Examples
    --------
    >>> with bar(total=3, description="parts") as progress:
    ...     _ = progress.update(3)
    """
    from tqdm.auto import tqdm

    return tqdm(
        iterable,
        total=total,
        desc=description or None,
        unit=unit,
        unit_scale=unit == "B",
        delay=_DELAY_S,
        disable=not _watched(),
        leave=False,
    )


def _watched() -> bool:
    if _silent or os.environ.get("MLOPS_LITE_PROGRESS") == "0":
        return False
    return sys.stderr.isatty() or "ipykernel" in sys.modules
