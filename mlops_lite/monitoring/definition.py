"""What a monitor was told: kept in the store, so that ``Monitor("churn")`` in another process is the same one."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from mlops_lite.base import canonical
from mlops_lite.base.extension import Extensions
from mlops_lite.base.ref import Ref
from mlops_lite.errors import InvalidInputError, InvalidTypeError, NotFoundError, suggest
from mlops_lite.monitoring import measure, rules
from mlops_lite.monitoring.rules import Rule
from mlops_lite.stats import metrics
from mlops_lite.stats.profile import Profile
from mlops_lite.store import Store

__all__ = ["DETECTORS", "JOINT", "Definition", "definition_at", "opened"]

JOINT = Extensions("mlops_lite.monitoring.joint", group="mlops_lite.joint_checks")
DETECTORS = Extensions("mlops_lite.monitoring.streams", group="mlops_lite.detectors")


def _names(given: Any) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given or ())


def _score(given: Any) -> Any:
    return {str(name): str(column) for name, column in given.items()} if isinstance(given, Mapping) else given


@attrs.frozen(kw_only=True)
class Definition:
    """What a monitor was told. See :class:`~mlops_lite.monitoring.monitor.Monitor` for the fields."""

    reference: str | None = None
    target: str | None = None
    score: Any = attrs.field(default=None, converter=_score)
    prediction: str | None = None
    id: str | None = None
    time: str | None = None
    group: str | None = None
    by: tuple[str, ...] = attrs.field(default=(), converter=_names)
    model: str | None = None
    task: str | None = None
    alpha: float = 0.05
    looks: int = 100
    memory: int = 7
    min_effect: float = 0.05
    checks: Any = None
    metrics: tuple[str, ...] = attrs.field(default=(), converter=_names)
    rules: Mapping[str, Any] = attrs.field(factory=dict)
    importance: Mapping[str, float] = attrs.field(factory=dict)
    exclude: tuple[str, ...] = attrs.field(default=(), converter=_names)
    keep_days: float = 90.0
    streams: Mapping[str, Any] = attrs.field(factory=dict)
    joint: Mapping[str, Any] = attrs.field(factory=dict)
    features: tuple[str, ...] = attrs.field(default=(), converter=_names)
    # found in the reference
    profile: str = ""
    rows: int = 0
    frame: str = ""
    repeated: int = 0  # ids that repeat an earlier one
    classes: tuple[Any, ...] = ()
    baseline: Mapping[str, Any] = attrs.field(factory=dict)
    calibrations: tuple[Any, ...] = ()
    dependence: Mapping[str, Any] = attrs.field(factory=dict)
    of_model: Mapping[str, float] = attrs.field(factory=dict)  # importances, where none were told
    extra: Mapping[str, Any] = attrs.field(factory=dict)

    @classmethod
    def of(cls, *, rules: Any = None, checks: Any = None, model: Any = None, **given: Any) -> Definition:
        """Take what a user wrote, and refuse what cannot be meant."""
        found = cls(
            rules=_described(rules),
            checks=_checks(checks),
            model=None if model is None else str(Ref.parse(model, kind=None if _has_kind(model) else "model")),
            **given,
        )
        found.refuse()
        return found

    def refuse(self) -> None:
        """Raise where something cannot be meant."""
        for name in ("alpha", "looks", "memory", "min_effect", "keep_days"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise InvalidTypeError(f"{name}={value!r} is no number.")
        if not 0 < self.alpha < 1:
            raise InvalidInputError(f"alpha={self.alpha} is no probability between 0 and 1.")
        if self.looks < 1 or self.memory < 1:
            raise InvalidInputError(f"looks={self.looks} and memory={self.memory} must be at least 1.")
        for name in ("min_effect", "keep_days"):
            if not getattr(self, name) >= 0:
                raise InvalidInputError(f"{name}={getattr(self, name)} must not be negative.")
        if self.task is not None:
            metrics.default(self.task)
        for name in self.metrics:
            metrics.get(name)
        _known("detector", DETECTORS, [name for given in self.streams.values() for name in _names(given)])
        _known("joint check", JOINT, self.joint)

    @property
    def declared(self) -> dict[str, tuple[Rule, ...]]:
        """The declared rules, by column."""
        return {name: tuple(rules.rule_of(rule) for rule in several) for name, several in self.rules.items()}

    @property
    def chosen(self) -> Any:
        """The checks, by name, or by column and name."""
        if self.checks is not None or self.target is None:
            return measure.DEFAULTS if self.checks is None else self.checks
        late = tuple(check for check in measure.DEFAULTS if check != "missing")  # labels may come later
        return {self.target: late, "*": measure.DEFAULTS}

    @property
    def weights(self) -> Mapping[str, float]:
        """How much columns matter: as told, else as the model says; its outputs and the truth as the first of them."""
        known = self.importance or self.of_model
        outputs = [name for name in (self.target, self.prediction, *self.scores) if name is not None]
        return {**dict.fromkeys(outputs, max(known.values())), **known} if known else {}

    @property
    def scores(self) -> tuple[str, ...]:
        """The columns of the score."""
        return tuple(self.score.values()) if isinstance(self.score, Mapping) else _names(self.score)

    @property
    def kept(self) -> tuple[str, ...]:
        """The columns that are needed row by row: for metrics, and for labels to come."""
        several = (self.id, self.target, self.prediction, *self.scores, self.time, self.group, *self.by)
        return tuple(dict.fromkeys(name for name in several if name is not None))

    @property
    def named(self) -> frozenset[str]:
        """The columns that settings name: what is left out, what has rules, checks or a weight."""
        found = {*self.exclude, *self.features, *(set(self.rules) - {"*"}), *self.importance}
        found |= {name for columns in self.joint.values() for name in columns}
        return frozenset(found | (set(self.checks) - {"*"} if isinstance(self.checks, dict) else set()))

    @property
    def skipped(self) -> tuple[str, ...]:
        """The columns that are not judged for drift."""
        return tuple(name for name in (self.id, self.time, self.group, *self.exclude) if name is not None)

    def encode(self) -> bytes:
        """Write it."""
        return canonical.encode(canonical.unstructure(self))

    @classmethod
    def decode(cls, data: bytes) -> Definition:
        """Read it back."""
        return canonical.structure(canonical.decode(data), cls)


@functools.lru_cache(maxsize=32)
def definition_at(store: Store, digest: str) -> Definition:
    """Read a definition, once a process."""
    return Definition.decode(store.objects.read(digest))


@functools.lru_cache(maxsize=16)
def opened(store: Store, digest: str) -> Profile:
    """Read the profile of a reference, once a process."""
    return Profile.decode(store.objects.read(digest))


def _known(what: str, plug_ins: Extensions, names: Iterable[str]) -> None:
    for name in names:
        if name not in plug_ins.names():
            remedy = suggest(name, plug_ins.names())
            raise NotFoundError(f"There is no {what} {name!r}.", remedy=remedy, name=name)


def _has_kind(model: Any) -> bool:
    return not isinstance(model, str) or model.partition("/")[0] in ("model", "deployment")


def _described(given: Any) -> dict[str, Any]:
    return {name: [rule.describe() for rule in several] for name, several in rules.checked(given).items()}


def _checks(given: Any) -> Any:
    """Take names of checks for all columns, or a mapping of column to names."""
    if given is None:
        return None
    if isinstance(given, Mapping):
        return {str(column): _checks(names) for column, names in given.items()}
    found = list(_names(given))
    for name in found:
        measure.check_named(name)
    return found
