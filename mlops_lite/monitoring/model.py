"""The model of a monitor: which version is judged, and how well it does, with labels and without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlops_lite import workspace
from mlops_lite.base.ref import Ref
from mlops_lite.errors import InvalidInputError, NotFoundError
from mlops_lite.monitoring import performance
from mlops_lite.monitoring.definition import Definition
from mlops_lite.monitoring.estimating import estimate
from mlops_lite.monitoring.finding import Finding
from mlops_lite.monitoring.performance import Rows
from mlops_lite.monitoring.slices import judge_slices
from mlops_lite.stats import metrics
from mlops_lite.stats.cbpe import Calibration
from mlops_lite.stats.combine import benjamini_hochberg
from mlops_lite.stats.interval import Interval
from mlops_lite.store import Store

__all__ = ["MODEL_SHARE", "judge_model", "judge_rows", "judged", "judges_model"]

MODEL_SHARE = 0.2  # of alpha, where there is a model to judge


def judged(model: str | None, store: Any) -> str | None:
    """Name the version that is judged now: what an alias or a deployment means at this moment."""
    if model is None:
        return None
    ref = Ref.parse(model)
    try:
        if ref.kind == "deployment":
            return str(workspace.open(ref, store).model.ref)
        return str(ref.at(store.log(ref.kind, ref.name).resolve(ref.version)))
    except NotFoundError:
        return None


def judges_model(definition: Definition) -> bool:
    """Tell whether a part of alpha is kept for the model."""
    return definition.target is not None and definition.task is not None


def judge_model(
    definition: Definition, rows: Rows, data: Any, store: Store, alpha: float, own: Sequence[Any]
) -> tuple[list[Finding], dict[str, Interval]]:
    """Judge the model by the labels that are there; estimate, where there are none, what they would say."""
    about, found = judge_rows(definition, rows, alpha, own)
    if found or about:
        return about, found
    if definition.task == "regression":
        from mlops_lite.monitoring.dle import estimate_errors

        return estimate_errors(definition, data, store, alpha * MODEL_SHARE / 2)
    calibrations = [Calibration.of(each) for each in definition.calibrations]
    return estimate(definition, calibrations, rows, alpha * MODEL_SHARE / 2)


def judge_rows(
    definition: Definition, rows: Rows, alpha: float, own: Sequence[Any] = (), revision: int = 0
) -> tuple[list[Finding], dict[str, Interval]]:
    """Judge the model on the rows that have labels.

    Every revision has half of the chance of a false alarm that the one before had, so that all together keep to theirs.
    """
    labelled = rows.labelled(definition.target)
    if not len(labelled) or definition.task is None:
        return [], {}
    wanted = [*metrics.default(definition.task), *(metrics.get(name) for name in definition.metrics)]
    try:
        found = performance.evaluate(definition, labelled, [*dict.fromkeys(wanted), *own])
    except InvalidInputError as error:
        return [performance.raised(error)], {}
    names = [name for name in performance.tested(definition, found) if name in definition.baseline]
    p_values = []
    for name in names:
        before = performance.read(definition.baseline[name])
        assert before is not None
        p_values.append(performance.worsening(name, before, found[name])[2])
    _, adjusted = benjamini_hochberg(p_values, alpha)
    share = alpha * MODEL_SHARE / 2 ** (revision + 1)
    about = performance.findings(definition, found, dict(zip(names, adjusted.tolist(), strict=True)), share)
    of_slices, slices = judge_slices(definition, labelled, share)
    return about + of_slices, {**found, **slices}
