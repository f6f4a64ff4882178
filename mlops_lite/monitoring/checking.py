"""A check: from the data to a record."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite.base.record import Record
from mlops_lite.base.ref import Ref
from mlops_lite.errors import InvalidInputError, MlopsLiteError
from mlops_lite.monitoring.answers import of_log, over_own_rows
from mlops_lite.monitoring.definition import opened
from mlops_lite.monitoring.dependence import explained
from mlops_lite.monitoring.estimating import PREFIX
from mlops_lite.monitoring.exact import Exact
from mlops_lite.monitoring.examine import Examined, examine
from mlops_lite.monitoring.finding import Finding
from mlops_lite.monitoring.ids import judge_ids
from mlops_lite.monitoring.jointly import judge_jointly
from mlops_lite.monitoring.judge import judge
from mlops_lite.monitoring.keeping import kept_rows, let_go
from mlops_lite.monitoring.measure import Measured
from mlops_lite.monitoring.model import MODEL_SHARE, judge_model, judged, judges_model
from mlops_lite.monitoring.performance import METHOD
from mlops_lite.monitoring.ranked import ranked
from mlops_lite.monitoring.report import ColumnReport, Report
from mlops_lite.monitoring.rowcount import judge_count
from mlops_lite.monitoring.rules import judge_rules
from mlops_lite.monitoring.schema import judge_schema
from mlops_lite.monitoring.sketch import sketch
from mlops_lite.monitoring.source import origin, source
from mlops_lite.monitoring.state import State
from mlops_lite.stats.interval import Interval
from mlops_lite.stats.profile import Profile
from mlops_lite.store import Store

if TYPE_CHECKING:
    from mlops_lite.monitoring.monitor import Monitor

__all__ = ["Checking", "placed"]

SCOPE = ("quality.", "drift.", "rule.")  # what every check asks


class Checking:
    """One check of a monitor.

    Parameters
    ----------
    monitor : Monitor
    exact : bool
        Compare rows where a check can.
    """

    def __init__(self, monitor: Monitor, exact: bool = False) -> None:
        self.monitor = monitor
        self.store = monitor.store
        self.state = monitor.state
        self.definition = monitor.definition
        self.reference = monitor.reference
        self.exact = exact
        self._joint: dict[str, tuple[Measured, float]] = {}
        self._stands_out = True  # until today's data were found to be like the reference

    def check(self, data: Any, at: datetime) -> Report:
        """Check data and record what was found."""
        data = source(data, self.store)
        known = origin(data)
        rules = self.definition.declared
        rows = Exact(self.definition.reference, data, self.store) if self.exact else None
        examined = self._examined(data, _unique(rules))
        self._refuse(data, examined)
        model = judged(self.definition.model, self.store)
        if examined.profile.rows:
            present = examined.profile.columns
            self._joint = judge_jointly(self.definition, data, self.store, self.monitor.embed, present)
        report = self._report(examined, at, known, model, rows, data)
        return self._record(report, examined, known)

    def _examined(self, data: Any, unique: Sequence[str]) -> Examined:
        keep = (*self.definition.kept, METHOD) if METHOD not in self.reference else self.definition.kept
        found = examine(data, keep, self.reference.frame, unique)
        own = over_own_rows(found.profile, found.rows, self.definition)
        spared = {*self.definition.kept, *self.definition.named, *self.reference.columns}
        return Examined(of_log(own, spared), found.rows, found.repeated)

    def _refuse(self, data: Any, examined: Examined) -> None:
        mine, theirs = self.reference.frame.columns, examined.profile.frame.columns
        if isinstance(data, Profile) and any(
            mine[name].describe() != cells.describe() for name, cells in theirs.items() if name in mine
        ):
            raise InvalidInputError(
                "This profile was counted on other cells than the reference.",
                remedy="Profile with the frame of the monitor: profile(part, monitor.frame).",
            )

    # ── judging ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _report(
        self, examined: Examined, at: datetime, known: Ref | None, model: str | None, rows: Exact | None, data: Any
    ) -> Report:
        alpha = self.definition.alpha / self.definition.looks
        current = examined.profile
        optional = [name for name in (self.definition.target,) if name is not None]
        measured = judge_schema(self.reference, current, optional)
        found: dict[str, Interval] = {}
        if current.rows:
            measured += judge_rules(self.definition.declared, current, at, examined.repeated)
            measured += judge_ids(self.definition.id, examined.rows.get(self.definition.id), self.definition.repeated)
            measured += judge_count(self._counts(), current.rows, alpha, self.definition.min_effect / 0.05)
            moved = self._drift(current, alpha, rows)
            measured += explained(moved, self.definition.dependence, self.reference, current)
            about, found = judge_model(
                self.definition, examined.rows, data, self.store, alpha, self.monitor.own_metrics
            )
            measured += about
        return Report(
            ref=self.monitor.ref,
            at=at,
            rows=current.rows,
            measurements=tuple(ranked(measured, self.definition.weights)),
            metrics=found,
            columns=self._columns(current, measured),
            alpha=alpha,
            data=None if known is None else str(known),
            model=model,
        )

    def _drift(self, current: Profile, alpha: float, rows: Exact | None) -> list[Finding]:
        """Judge today's data by themselves, and together with those of the last checks: each has half of the chance."""
        share = alpha * (1 - MODEL_SHARE if judges_model(self.definition) else 1)
        settings = {"checks": self.definition.chosen, "min_effect": self.definition.min_effect}
        settings["skip"] = self.definition.skipped
        recent, count = self._recent(current)
        if recent is None:
            found = judge(self.reference, current, share, rows=rows, joint=self._joint, **settings)
            self._stands_out = _alarmed(found)
            return found
        today = judge(self.reference, current, share / 2, rows=rows, joint=self._joint, **settings)
        self._stands_out = _alarmed(today)
        longer = judge(self.reference, recent, share / 2, f" (over the last {count + 1} checks)", **settings)
        named = {finding.key: finding for finding in longer if finding.severity == "alert"}
        return [named.get(each.key, each) if each.severity == "ok" else each for each in today]

    def _recent(self, current: Profile) -> tuple[Profile | None, int]:
        """Add the profiles of the last checks to today's; None where there are none of the same columns."""
        digests = self.state.recent[-self.definition.memory + 1 :] if self.definition.memory > 1 else ()
        parts: list[Profile] = []
        names: list[str] = []
        for digest in digests:
            earlier = _earlier(self.store, digest, self.definition.profile)
            names = names or [name for name in current.columns if name in earlier]
            if names and all(name in earlier for name in names):
                parts.append(earlier)
        whole, *others = (
            Profile(each.rows, {name: each.columns[name] for name in names}) for each in (current, *parts)
        )
        return (whole.merge(*others) if parts else None), len(parts)

    def _counts(self) -> list[int]:
        """Give the rows of the last checks."""
        return [_earlier(self.store, digest, self.definition.profile).rows for digest in self.state.recent]

    def _columns(self, current: Profile, measured: Sequence[Finding]) -> dict[str, ColumnReport]:
        found = {}
        for name, then in self.reference.columns.items():
            now = current.columns.get(name)
            own = tuple(each for each in measured if each.column == name)
            if now is None:
                found[name] = ColumnReport(name, own, then.summary())
            else:
                wrong = any(each.severity in ("warning", "alert") for each in own)
                drawn = sketch(then, now) if wrong and now.present else {}
                found[name] = ColumnReport(name, own, then.summary(), now.summary(), drawn)
        return found

    # ── recording ────────────────────────────────────────────────────────────────────────────────────────────────

    def _record(self, report: Report, examined: Examined, known: Ref | None) -> Report:
        kept = kept_rows(self.definition, examined.rows)
        with self.store.objects.batch() as batch:
            profile = batch.add(_counted_like(examined.profile, self.reference).encode(self.reference.frame))
            objects = [profile, batch.add(report.encode())]
            if kept is not None:
                objects.append(batch.add(kept))
        said = {"report": objects[1], "rows": objects[2] if kept is not None else None, "profile": profile}

        def body(head: Record | None) -> dict[str, Any]:
            assert head is not None
            state, gone = let_go(self.monitor._log, head, self.definition.keep_days)
            state = self._after(state, profile)
            scope = (*SCOPE, *sorted({_scope(name) for name in report.metrics}))
            state, opened, closed = state.checked(head.number + 1, report.findings, scope)
            facts = {"at": report.at, "ok": report.ok, "look": state.looks, "opened": opened, "closed": closed}
            return {"state": state.describe(), **said, **facts, **({"forgotten": gone} if gone else {})}

        parents = [ref for ref in (known, report.model) if ref is not None and self._is_here(ref)]
        record = self.monitor._log.append(body, action="check", objects=objects, parents=parents)
        return placed(report, record)

    def _after(self, state: State, profile: str) -> State:
        """Count the look; remember the profile, unless it alarmed by itself: it would alarm again for days."""
        if state.definition != self.state.definition:  # defined anew meanwhile: another reference, and other cells
            return state
        begins = state.looks >= self.definition.looks
        recent = state.recent if self._stands_out else (*state.recent, profile)[-self.definition.memory :]
        return attrs.evolve(
            state,
            looks=1 if begins else state.looks + 1,
            period=state.period + 1 if begins else state.period,
            recent=recent,
        )

    def _is_here(self, ref: object) -> bool:
        try:
            self.store.parent(ref)
        except MlopsLiteError:
            return False  # data of another store: its ref stands in the report all the same
        return True


@functools.lru_cache(maxsize=32)
def _earlier(store: Store, digest: str, reference: str) -> Profile:
    return Profile.decode(store.objects.read(digest), opened(store, reference).frame)


def _scope(metric: str) -> str:
    """Say which alerts a metric can close: an estimate none that labels opened."""
    if metric.startswith(PREFIX):
        return "performance.estimated_"
    return "slice." if "[" in metric else "performance."


def _alarmed(findings: Sequence[Finding]) -> bool:
    return any(finding.severity == "alert" for finding in findings)


def _counted_like(profile: Profile, reference: Profile) -> Profile:
    """Leave out columns that the reference does not have: their cells are not in its frame."""
    return Profile(profile.rows, {name: each for name, each in profile.columns.items() if name in reference})


def placed(report: Report, record: Record) -> Report:
    """Give a report what only its record knows."""
    return attrs.evolve(
        report,
        ref=record.ref,
        look=record.body["look"],
        opened=tuple(record.body["opened"]),
        closed=tuple(record.body["closed"]),
    )


def _unique(rules: Any) -> list[str]:
    wanted = []
    for name, several in rules.items():
        wanted += ["*" if rule.name == "no_duplicates" else name for rule in several if rule.needs_rows]
    return list(dict.fromkeys(wanted))
