"""Reports: the outcome of one check."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, overload

import attrs

from mlops_lite.base import canonical
from mlops_lite.base.ref import Ref
from mlops_lite.display import Drawn
from mlops_lite.errors import NotFoundError, suggest
from mlops_lite.monitoring.finding import Finding
from mlops_lite.stats.interval import Interval

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ColumnReport", "Report", "Reports"]

_ORDER = {"alert": 0, "warning": 1, "info": 2, "ok": 3}


@attrs.frozen
class ColumnReport(Drawn):
    """What a check measured of one column, whether anything is wrong with it or not.

    Parameters
    ----------
    name : str
    measurements : tuple of Finding
    reference, current : mapping
        Summaries: mean, quartiles, missing values, or the commonest level.
    sketch : mapping
        Of a column with which something is wrong, the two distributions, coarsely: ``edges`` (or names of levels),
        ``reference`` and ``current`` counts.
    """

    name: str
    measurements: tuple[Finding, ...]
    reference: Mapping[str, Any] = attrs.field(factory=dict, repr=False)
    current: Mapping[str, Any] = attrs.field(factory=dict, repr=False)
    sketch: Mapping[str, Any] = attrs.field(factory=dict, repr=False)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return all(each.severity in ("ok", "info") for each in self.measurements)

    @property
    def leading(self) -> Finding | None:
        """The gravest measurement; among those that are as they were, the least likely."""
        return min(self.measurements, key=_rank, default=None)

    @property
    def p_value(self) -> float | None:
        """That of the leading measurement."""
        return self.leading.p_value if self.leading else None

    @property
    def effect(self) -> float | None:
        """That of the leading measurement."""
        return self.leading.effect if self.leading else None

    def _view(self) -> Any:
        from mlops_lite.monitoring.view import column_view

        return column_view(self)


def _rank(finding: Finding) -> tuple[int, float]:
    return _ORDER[finding.severity], 1.0 if finding.p_value is None else finding.p_value


@attrs.frozen(repr=False)
class Report(Drawn):
    """The outcome of one check.

    Parameters
    ----------
    ref : Ref
        ``monitor/churn@7``.
    at : datetime
        What the data are of.
    rows : int
    measurements : tuple of Finding
        Everything that was measured.
    metrics : mapping of str to Interval
        How good the model is; ``estimated_…`` where the labels are not there.
    columns : mapping of str to ColumnReport
    alpha : float
        The chance of a false alarm that this check had.
    look : int
        Which check of the period it was.
    data : str or None
        The ref of the data, where it is known.
    model : str or None
        The model version that was judged.
    opened, closed : tuple of str
        Alerts that began and ended with it.
    revision : int
        How often it was revised by labels that came later.
    """

    ref: Ref
    at: datetime
    rows: int
    measurements: tuple[Finding, ...]
    metrics: Mapping[str, Interval] = attrs.field(factory=dict)
    columns: Mapping[str, ColumnReport] = attrs.field(factory=dict)
    alpha: float = 0.05
    look: int = 1
    data: str | None = None
    model: str | None = None
    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    revision: int = 0

    @property
    def ok(self) -> bool:
        """Whether there is no alert."""
        return all(finding.severity != "alert" for finding in self.measurements)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong, gravest first, and what one should know."""
        return tuple(finding for finding in self.measurements if finding.severity != "ok")

    def __getitem__(self, column: str) -> ColumnReport:
        if column not in self.columns:
            raise NotFoundError(f"The report holds no column {column!r}.", remedy=suggest(column, self.columns))
        return self.columns[column]

    def __contains__(self, column: object) -> bool:
        return column in self.columns

    def summary(self) -> str:
        """Say it in a few lines."""
        state = "is clean" if self.ok else f"has {sum(f.severity == 'alert' for f in self.findings)} alerts"
        lines = [f"{self.ref} {state}: {self.rows:,} rows of {self.at:%Y-%m-%d %H:%M} UTC."]
        lines += [f"{finding.severity}: {finding.sentence}" for finding in self.findings]
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """Give all measurements, one a row."""
        import pandas as pd

        names = [field.name for field in attrs.fields(Finding)]
        return pd.DataFrame([attrs.asdict(each) for each in self.measurements], columns=names)

    def encode(self) -> bytes:
        """Write it."""
        return zlib.compress(canonical.encode(canonical.unstructure(self)), 1)

    @classmethod
    def decode(cls, data: bytes) -> Report:
        """Read it back."""
        return canonical.structure(canonical.decode(zlib.decompress(data)), cls)

    def __repr__(self) -> str:
        wrong = [finding for finding in self.findings if finding.severity != "info"]
        return f"<Report {self.ref} {'ok' if self.ok else 'not ok'}: {self.rows:,} rows, {len(wrong)} findings>"

    def _view(self) -> Any:
        from mlops_lite.monitoring.view import report_view

        return report_view(self)


@attrs.frozen(repr=False)
class Reports(Sequence[Report], Drawn):
    """The reports of a monitor, oldest first, each in its newest revision."""

    monitor: str
    reports: tuple[Report, ...]

    @overload
    def __getitem__(self, index: int) -> Report: ...
    @overload
    def __getitem__(self, index: slice) -> Reports: ...
    def __getitem__(self, index: int | slice) -> Report | Reports:
        found = self.reports[index]
        return Reports(self.monitor, found) if isinstance(found, tuple) else found

    def __len__(self) -> int:
        return len(self.reports)

    def __iter__(self) -> Iterator[Report]:
        return iter(self.reports)

    def to_frame(self) -> pd.DataFrame:
        """Give one row a check: its verdict, how many findings, the metrics."""
        import pandas as pd

        rows = []
        for report in self.reports:
            alerts = sum(finding.severity == "alert" for finding in report.findings)
            numbers = {name: each.value for name, each in report.metrics.items()}
            said = {"ref": str(report.ref), "at": report.at, "rows": report.rows, "ok": report.ok, "alerts": alerts}
            rows.append({**said, "model": report.model, **numbers})
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        return f"<{len(self)} reports of {self.monitor}>"

    def _view(self) -> Any:
        from mlops_lite.monitoring.view import reports_view

        return reports_view(self)
