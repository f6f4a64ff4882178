"""Is a count like those before? A prediction interval for a number of rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["unlike"]


def unlike(earlier: Sequence[int], now: int) -> tuple[float, float]:
    """Compare a count with earlier ones.

    Logarithms of counts are taken as normal, with a variance of at least that of a Poisson law, 1 / mean; then today's
    less the mean of the earlier ones is Student's t (the prediction interval of any textbook). It is fewer days than
    any test by ranks would need: with seven of them those can reach p = 1/4 at best.

    Parameters
    ----------
    earlier : sequence of int
        At least two, all positive.
    now : int
        Positive.

    Returns
    -------
    change : float
        The logarithm of today's count over the geometric mean of the earlier ones.
    p_value : float
        Of both sides.

    Examples
    --------
    >>> change, p_value = unlike([1010, 980, 1003, 995, 1021], 500)
    >>> round(change, 2), p_value < 1e-4
    (-0.69, True)
    """
    from scipy.special import stdtr

    logs = np.log(np.asarray(earlier, dtype=np.float64))
    change = float(np.log(now) - logs.mean())
    spread = np.sqrt(max(logs.var(ddof=1), 1 / np.mean(earlier)) * (1 + 1 / len(logs)))
    return change, float(2 * stdtr(len(logs) - 1, -abs(change) / spread))
