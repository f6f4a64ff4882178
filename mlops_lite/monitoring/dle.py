"""What a regression would miss by, while its labels are awaited: direct loss estimation.

A second learner predicts the loss of a row from its features and the prediction (NannyML's DLE), fitted on the rows of
the reference snapshot; the mean over today's rows is the estimate. It needs the extra ``learn``, and it cannot see that
the relation of features and truth broke (concept drift).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mlops_lite import frames, workspace
from mlops_lite.errors import InvalidInputError
from mlops_lite.monitoring import performance
from mlops_lite.monitoring.definition import Definition
from mlops_lite.monitoring.estimating import OUTSIDE, PREFIX
from mlops_lite.monitoring.finding import Finding
from mlops_lite.monitoring.jointly import some_rows
from mlops_lite.monitoring.matrix import Encoder
from mlops_lite.stats.interval import Interval
from mlops_lite.stats.learn import expected_losses
from mlops_lite.store import Store

__all__ = ["estimate_errors"]

_MOST = 50_000  # rows of each side
_LEAST = 100


def estimate_errors(
    definition: Definition, data: Any, store: Store, alpha: float
) -> tuple[list[Finding], dict[str, Interval]]:
    """Estimate the mean absolute and the root mean squared error of rows without labels.

    Asked for by ``features=``. Nothing is estimated where the reference is no snapshot or the data are a stream.
    """
    asked = definition.task == "regression" and definition.features and definition.reference is not None
    if not asked or (frames.kind(data) is None and not hasattr(data, "to_arrow")):
        return [], {}
    columns = [*definition.features, str(definition.prediction)]
    snapshot = workspace.open(definition.reference, store)
    then = some_rows(
        snapshot.to_arrow(columns=[*columns, str(definition.target)]), [*columns, definition.target], _MOST
    )
    encoder = Encoder(columns)
    try:
        X, current = encoder.fit(then), encoder.points(some_rows(data, columns, _MOST))
    except InvalidInputError as error:
        return [performance.raised(error)], {}
    y, p = (np.asarray(then[str(name)], dtype=np.float64) for name in (definition.target, definition.prediction))
    held = np.isfinite(y) & np.isfinite(p)
    if held.sum() < _LEAST or not len(current):
        return [], {}
    errors = np.abs(y - p)[held]
    found = {
        "mean_absolute_error": _estimated(X[held], errors, current),
        "root_mean_squared_error": _root(_estimated(X[held], errors**2, current)),
    }
    before = {name: performance.read(definition.baseline.get(name)) for name in found}
    names = [name for name in performance.tested(definition, found) if before[name] is not None]
    p_values = {name: performance.worsening(name, before[name], found[name])[2] for name in names}  # type: ignore[arg-type]
    about = performance.findings(definition, found, p_values, alpha / max(1, len(names)), PREFIX)
    about += _beyond(X[held], current)
    return about, {PREFIX + name: each for name, each in found.items()}


def _beyond(X: Any, current: Any) -> list[Finding]:
    """Warn where rows lie outside the range of the reference in a feature: nothing was learnt of errors there."""
    share = float(((current < X.min(0)) | (current > X.max(0))).any(1).mean())
    if share <= OUTSIDE:
        return []
    words = f"{share:.1%} of the rows lie beyond all of the reference: there the estimates are guesses."
    return [Finding(None, "performance.support", share, None, share, OUTSIDE, "warning", words)]


def _estimated(X: Any, losses: Any, current: Any) -> Interval:
    """Give the mean expected loss; its interval covers how single losses scatter, here and in the reference."""
    from mlops_lite.stats.resampling import normal_quantile

    expected, residuals, variances = expected_losses(X, losses, current)
    value = float(expected.mean()) + float(residuals.mean())
    half = normal_quantile(0.95) * float(np.sqrt(variances.mean() * (1 / len(current) + 1 / len(residuals))))
    return Interval(value, max(0.0, value - half), value + half)


def _root(squared: Interval) -> Interval:
    value, low, high = (float(np.sqrt(max(each, 0.0))) for each in (squared.value, squared.low, squared.high))
    return Interval(value, low, high, squared.level)
