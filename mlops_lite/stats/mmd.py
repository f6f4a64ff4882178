"""Maximum mean discrepancy: whether many columns have moved together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlops_lite.stats.permutation import pearson_three

__all__ = ["maximum_mean_discrepancy"]

_SHUFFLES = 300


def maximum_mean_discrepancy(
    reference: NDArray[Any], current: NDArray[Any], seed: int = 0
) -> tuple[float, float, float]:
    """Test two samples of points by the unbiased squared MMD with a Gaussian kernel (Gretton et al., 2012).

    The width of the kernel is the median distance of all points. The p-value is the tail of Pearson's type III with the
    mean, variance and skewness of 300 shuffles, so that it can be smaller than one in 300.

    Parameters
    ----------
    reference, current : ndarray of shape (n, d), (m, d)

    Returns
    -------
    squared : float
        The squared discrepancy, unbiased; about 0 without a change.
    p_value : float
        Of one side: only a larger discrepancy counts.
    effect : float
        Its root, between 0 and about 1.4.
    """
    points = np.concatenate((reference, current)).astype(np.float64)
    n, m = len(reference), len(current)
    if n < 2 or m < 2:
        return 0.0, 1.0, 0.0
    kernel = _kernel(points)
    dice = np.random.default_rng(seed)
    masks = np.zeros((n + m, _SHUFFLES + 1))
    masks[:n, 0] = 1
    for place in range(1, _SHUFFLES + 1):
        masks[dice.permutation(n + m)[:n], place] = 1
    found = _squared(kernel, masks, n, m)
    squared, shuffled = float(found[0]), found[1:]
    spread = float(shuffled.std())
    if spread == 0:
        return squared, 1.0, 0.0
    z = (squared - float(shuffled.mean())) / spread
    skewness = float(np.mean((shuffled - shuffled.mean()) ** 3)) / spread**3
    p_value = 1.0 if z <= 0 else min(1.0, pearson_three(z, max(skewness, 0.0)) / 2)
    return squared, p_value, float(np.sqrt(max(squared, 0.0)))


def _kernel(points: NDArray[Any]) -> NDArray[Any]:
    norms = np.square(points).sum(1)
    squares = np.maximum(norms[:, None] + norms[None, :] - 2 * points @ points.T, 0)
    width = float(np.median(squares[np.triu_indices(len(points), 1)])) or 1.0
    kernel = np.exp(-squares / width)
    np.fill_diagonal(kernel, 0.0)
    return np.asarray(kernel)


def _squared(kernel: NDArray[Any], masks: NDArray[Any], n: int, m: int) -> NDArray[Any]:
    """Compute the statistic for every way of parting the points at once."""
    both = kernel @ masks
    within = np.einsum("ij,ij->j", masks, both)
    across = both.sum(0) - within
    others = kernel.sum() - within - 2 * across
    return np.asarray(within / (n * (n - 1)) + others / (m * (m - 1)) - 2 * across / (n * m))
