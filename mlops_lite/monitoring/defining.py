"""Defining a monitor: the reference is profiled once, and what was learnt from it is kept."""

from __future__ import annotations

import contextlib
import difflib
import warnings
from collections.abc import Mapping
from typing import Any

import attrs

from mlops_lite import frames
from mlops_lite.base.record import Record
from mlops_lite.base.ref import Ref
from mlops_lite.errors import InvalidInputError, NotFoundError, suggest
from mlops_lite.monitoring import performance
from mlops_lite.monitoring.answers import of_log, over_own_rows
from mlops_lite.monitoring.definition import Definition
from mlops_lite.monitoring.dependence import learn as dependences
from mlops_lite.monitoring.estimating import calibrations_of
from mlops_lite.monitoring.examine import Examined, examine
from mlops_lite.monitoring.ids import repeats
from mlops_lite.monitoring.importance import importances
from mlops_lite.monitoring.performance import METHOD
from mlops_lite.monitoring.source import origin, source
from mlops_lite.monitoring.state import State
from mlops_lite.stats import metrics
from mlops_lite.stats.profile import Profile
from mlops_lite.store import Store
from mlops_lite.store.log import Log

__all__ = ["define", "refuse_settings"]

_SETTINGS = (
    *("target", "score", "prediction", "id", "time", "group"),
    *("model", "task", "checks", "rules", "streams", "joint"),
)


def define(log: Log, asked: Definition, reference: Any) -> Record:
    """Define a monitor, unless it is defined so already.

    Raises
    ------
    InvalidInputError
        The reference has no rows or lacks a column that was named, or a column of probabilities is none.
    NotFoundError
        There is no such model or deployment.
    """
    reference = source(reference, log.store)
    _refuse_model(asked.model, log.store)
    examined = examine(reference, dict.fromkeys((*asked.kept, METHOD)))
    own = over_own_rows(examined.profile, examined.rows, asked)
    settled = of_log(own, {*asked.kept, *asked.named}).settled()
    _refuse(asked, settled)
    _tell_of_target(asked.target, settled)
    ref = origin(reference)
    learnt = _learn(attrs.evolve(asked, reference=None if ref is None else str(ref)), examined)
    if frames.kind(reference) is not None or hasattr(reference, "to_arrow"):  # not a stream, which is read by now
        dependence = dependences(learnt, reference, settled)
        of_model = importances(learnt, reference, settled, log.store)
        learnt = attrs.evolve(learnt, dependence=dependence, of_model=of_model)
    with log.store.objects.batch() as batch:
        profile = batch.add(settled.encode())
        repeated = repeats(examined.rows.get(asked.id))
        learnt = attrs.evolve(learnt, profile=profile, rows=settled.rows, frame=settled.frame.digest, repeated=repeated)
        digest = batch.add(learnt.encode())

    def body(head: Record | None) -> dict[str, Any] | None:
        before = State.of(head) if head else None
        if before is not None and before.definition == digest:
            return None
        number = head.number + 1 if head else 1
        actions = before.actions if before else ()
        alerts = before.alerts if before else {}
        pending = before.pending if before else ()
        state = State(digest, number, actions=actions, alerts=alerts, pending=pending)
        return {"state": state.describe(), "profile": profile}

    parents = [] if ref is None else [ref]
    return log.append(body, action="define", objects=[profile, digest], parents=parents)


def refuse_settings(log: Log, given: Mapping[str, Any]) -> None:
    """Raise where a monitor is opened that is not there, or with settings, which would be forgotten silently."""
    if log.newest() is None:
        raise log.store.no_such(log.kind, log.name)
    told = next((name for name in _SETTINGS if given[name] is not None), None)
    if told is not None:
        raise InvalidInputError(
            f"{told}= was given to the monitor {log.name!r} without a reference.",
            remedy=f"Monitor({log.name!r}) opens it; to define it anew give reference= too.",
        )


def _refuse(asked: Definition, profile: Profile) -> None:
    if not profile.rows:
        raise InvalidInputError("The reference has no rows.", remedy="Give the data that the model was made with.")
    for name in asked.kept:
        if name not in profile and name != asked.target:
            raise NotFoundError(
                f"The reference has no column {name!r}.", remedy=suggest(name, profile.columns), name=name
            )
    for name in sorted(asked.named):
        if name not in profile:
            raise NotFoundError(f"The reference has no column {name!r}.", remedy=suggest(name, profile.columns))


def _tell_of_target(target: str | None, profile: Profile) -> None:
    """Warn of a target that looks misspelt: labels may come later, so that it need not be in the reference."""
    if target is None or target in profile:
        return
    close = difflib.get_close_matches(target, profile.columns, n=1, cutoff=0.8)
    if close:
        warnings.warn(
            f"The reference has no column {target!r}: its labels are taken to come later. If {close[0]!r} is meant, "
            f"define the monitor with target={close[0]!r}.",
            stacklevel=4,
        )


def _refuse_model(model: str | None, store: Store) -> None:
    """Raise where a model or deployment is not there: a misspelt name would judge nothing, silently."""
    if model is not None:
        ref = Ref.parse(model)
        store.log(ref.kind, ref.name).resolve(ref.version)


def _learn(asked: Definition, examined: Examined) -> Definition:
    """Find the task, the classes, and how good the model is on the reference."""
    rows = examined.rows
    learnt = attrs.evolve(asked, task=performance.learn_task(asked, rows))
    if learnt.task == "classification":
        learnt = attrs.evolve(learnt, classes=_plain(performance.learn_classes(learnt, rows)))
        performance.probabilities(learnt, rows.answers(True))  # refuses what is no probability
    labelled = rows.labelled(learnt.target)
    if not len(labelled) or learnt.task is None:
        return learnt
    wanted = [*metrics.default(learnt.task), *(metrics.get(name) for name in learnt.metrics)]
    found = performance.evaluate(learnt, labelled, list(dict.fromkeys(wanted)))
    described = {name: [each.value, each.low, each.high] for name, each in found.items()}
    calibrations = tuple(each.describe() for each in calibrations_of(learnt, labelled))
    return attrs.evolve(learnt, baseline=described, calibrations=calibrations)


def _plain(classes: tuple[Any, ...]) -> tuple[Any, ...]:
    found = []
    for each in classes:
        with contextlib.suppress(AttributeError):
            each = each.item()
        found.append(each)
    return tuple(found)
