"""Labels that come later: joined by id, checks revised by a new record; nothing is rewritten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mlops_lite.base.record import Record
from mlops_lite.errors import InvalidInputError, InvalidTypeError, NotFoundError
from mlops_lite.monitoring.checking import placed
from mlops_lite.monitoring.definition import Definition
from mlops_lite.monitoring.estimating import missed
from mlops_lite.monitoring.keeping import is_within, written
from mlops_lite.monitoring.model import judge_rows
from mlops_lite.monitoring.performance import Rows
from mlops_lite.monitoring.ranked import ranked
from mlops_lite.monitoring.report import Report, Reports
from mlops_lite.monitoring.state import State

if TYPE_CHECKING:
    from mlops_lite.monitoring.monitor import Monitor

__all__ = ["Labelling"]


class Labelling:
    """The reports of a monitor, and what labels make of them.

    Parameters
    ----------
    monitor : Monitor
    """

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        self.store = monitor.store
        self.log = monitor._log

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────

    def history(self) -> Reports:
        """Give all reports, each in its newest revision."""
        records = list(self.log.history())
        revised = {int(number): record for record in records for number in record.body.get("revised", {})}
        found = [self._open(record, revised.get(record.number)) for record in records if record.action == "check"]
        return Reports(self.monitor.name, tuple(found))

    def open(self, number: int) -> Report:
        """Give the report of one record, in its newest revision."""
        for report in self.history():
            if report.ref.version == number:
                return report
        raise NotFoundError(f"monitor/{self.monitor.name}@{number} is no check.", remedy="See monitor.history().")

    def _open(self, record: Record, revision: Record | None) -> Report:
        digest = record.body["report"] if revision is None else revision.body["revised"][str(record.number)]
        return placed(Report.decode(self.store.objects.read(digest)), record)

    # ── labelling ────────────────────────────────────────────────────────────────────────────────────────────────

    def label(self, ids: Any, y: Any) -> Reports:
        """Join labels to the checks that hold these rows, and revise their reports."""
        given = self._given(ids, y)
        definition = self.monitor.definition
        checks = [record for record in self._checks() if record.body.get("rows")]
        if checks:
            held = self._rows(checks[-1].body["rows"]).columns[str(definition.id)]
            given = dict(zip(_like(list(given), held.tolist(), str(definition.id)), given.values(), strict=True))
        while True:
            newest = self.log.newest()
            assert newest is not None
            earlier = self._earlier()
            found = [(record, self._revise(definition, record, given, earlier)) for record in checks]
            revised = [(record, report) for record, report in found if report is not None]
            if not revised:
                return Reports(self.monitor.name, ())
            recorded = self._record(given, revised, newest.number)
            if recorded is not None:
                return recorded

    def _given(self, ids: Any, y: Any) -> dict[Any, Any]:
        definition = self.monitor.definition
        if definition.id is None or definition.target is None:
            missing = "id" if definition.id is None else "target"
            raise InvalidInputError(
                f"The monitor {self.monitor.name!r} has no {missing}= to join labels by.",
                remedy=f"Define it with {missing}=: Monitor({self.monitor.name!r}, reference=…, {missing}=…).",
            )
        several, labels = _listed(ids), _listed(y)
        if len(several) != len(labels):
            raise InvalidInputError(f"There are {len(several):,} ids and {len(labels):,} labels.")
        return dict(zip(several, labels, strict=True))

    def _checks(self) -> list[Record]:
        days = self.monitor.definition.keep_days
        held = self.log.history(self.monitor.state.kept)
        return [record for record in held if record.action == "check" and is_within(record, days)]

    def _earlier(self) -> dict[Any, Any]:
        """Give all labels that came before and are kept."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        known: dict[Any, Any] = {}
        for record in self.log.history(self.monitor.state.kept):
            if record.action == "label":
                table = pq.read_table(pa.BufferReader(self.store.objects.read(record.body["labels"])))
                known.update(zip(table["id"].to_pylist(), table["y"].to_pylist(), strict=True))
        return known

    def _revise(
        self, definition: Definition, record: Record, given: Mapping[Any, Any], earlier: Mapping[Any, Any]
    ) -> Report | None:
        rows = self._rows(record.body["rows"])
        ids = rows.columns[str(definition.id)].tolist()
        if not any(each in given for each in ids):
            return None
        known = {**earlier, **given}
        before = rows.get(definition.target)
        old = [None] * len(ids) if before is None else before.tolist()
        labels = np.array([known.get(each, was) for each, was in zip(ids, old, strict=True)], dtype=object)
        report = self._open(record, self._newest_revision(record.number))
        revision = report.revision + 1
        about, found = judge_rows(
            definition, rows.with_column(str(definition.target), _typed(labels)), report.alpha, (), revision
        )
        kept = [each for each in report.measurements if not each.kind.startswith(("performance.", "slice."))]
        kept += [each for each in report.measurements if each.kind.startswith("performance.estimated_")]
        estimates = {name: each for name, each in report.metrics.items() if name.startswith("estimated_")}
        about += missed(estimates, found)
        return attrs.evolve(
            report,
            measurements=tuple(ranked([*kept, *about], definition.weights)),
            metrics={**found, **estimates},
            revision=revision,
        )

    def _newest_revision(self, number: int) -> Record | None:
        found = None
        for record in self.log.history(number + 1):
            if str(number) in record.body.get("revised", {}):
                found = record
        return found

    def _rows(self, digest: str) -> Rows:
        import pyarrow as pa
        import pyarrow.parquet as pq

        from mlops_lite.monitoring.examine import as_numpy

        table = pq.read_table(pa.BufferReader(self.store.objects.read(digest)))
        return Rows({name: as_numpy(table[name]) for name in table.column_names})

    def _record(self, given: Mapping[Any, Any], revised: Sequence[tuple[Record, Report]], known: int) -> Reports | None:
        """Write labels and revisions down; None where other labels came since the record that was known."""
        with self.store.objects.batch() as batch:
            labels = batch.add(written(_columns(given)))
            digests = [batch.add(report.encode()) for _, report in revised]
        pairs = {str(record.number): digest for (record, _), digest in zip(revised, digests, strict=True)}
        newest = revised[-1][1]

        def body(head: Record | None) -> dict[str, Any] | None:
            assert head is not None
            if any(self.log.read(number).action == "label" for number in range(known + 1, head.number + 1)):
                return None
            state, opened, closed = State.of(head).checked(head.number + 1, newest.findings, ["performance.", "slice."])
            facts = {"labels": labels, "count": len(given), "revised": pairs, "opened": opened, "closed": closed}
            return {"state": state.describe(), **facts}

        record = self.log.append(
            body, action="label", objects=[labels, *digests], parents=[check.ref for check, _ in revised][-8:]
        )
        if record.body.get("labels") != labels:
            return None
        reports = [placed(report, check) for check, report in revised]
        reports[-1] = attrs.evolve(
            reports[-1], opened=tuple(record.body["opened"]), closed=tuple(record.body["closed"])
        )
        return Reports(self.monitor.name, tuple(reports))


def _listed(values: Any) -> list[Any]:
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        return [values]
    return list(values.tolist() if hasattr(values, "tolist") else values)


def _like(ids: list[Any], held: list[Any], name: str) -> list[Any]:
    """Give ids the type of those of a check, where nothing is lost by it: ``"17"`` is 17, ``"017"`` is not.

    Raises
    ------
    InvalidTypeError
        An id cannot be one of theirs: its label would be joined to nothing.
    """
    wants_text = any(isinstance(each, str) for each in held)
    wants_number = not wants_text and any(isinstance(each, (int, float)) for each in held)
    found = []
    for each in ids:
        is_text = isinstance(each, str)
        like = each
        if wants_text and isinstance(each, int) and not isinstance(each, bool):
            like = str(each)
        elif wants_number and is_text and each.lstrip("-").isdecimal() and str(int(each)) == each:
            like = int(each)
        if (wants_text and not isinstance(like, str)) or (wants_number and isinstance(like, str)):
            example = next(held_one for held_one in held if held_one is not None)
            raise InvalidTypeError(
                f"The id {each!r} is of another type than those of the column {name!r}, such as {example!r}.",
                remedy=f"Give the labels with the values of {name!r} as they were when they were checked.",
            )
        found.append(like)
    return found


def _typed(labels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Give numbers back as numbers, NaN where one is missing."""
    held = [value for value in labels.tolist() if value is not None]
    if held and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in held):
        return np.array([np.nan if value is None else value for value in labels.tolist()], dtype=np.float64)
    return labels


def _columns(given: Mapping[Any, Any]) -> dict[str, Any]:
    import pyarrow as pa

    return {"id": pa.array(list(given)), "y": pa.array(list(given.values()), from_pandas=True)}
