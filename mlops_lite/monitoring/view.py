"""How reports look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite.display import Drawn, badge, card, chart, facts, figure, section, table, text

if TYPE_CHECKING:
    from mlops_lite.monitoring.finding import Finding
    from mlops_lite.monitoring.monitor import Monitor
    from mlops_lite.monitoring.report import ColumnReport, Report, Reports

__all__ = ["Plot", "column_view", "monitor_view", "report_view", "reports_view"]

_DRAWN = 60  # columns whose distributions are drawn


def report_view(report: Report) -> Any:
    """Show a report: the verdict, what is wrong, how the columns that moved look, the metrics."""
    status = badge("ok", "ok") if report.ok else badge("not ok", "alert")
    subtitle = f"{report.rows:,} rows of {report.at:%Y-%m-%d %H:%M} UTC"
    parts: list[Any] = [_said(report)]
    if report.findings:
        rows = [(badge(f.severity, _tone(f)), f.kind, f.sentence) for f in report.findings]
        parts.append(table(("severity", "kind", "what"), rows, caption="Findings"))
    if report.metrics:
        numbers = [(name, each.value, each.low, each.high) for name, each in report.metrics.items()]
        parts.append(table(("metric", "value", "low", "high"), numbers, caption="Metrics, with 95 % intervals"))
    moved = [column for column in report.columns.values() if not column.ok and column.sketch][:_DRAWN]
    if moved:
        parts.append(section("Distributions", *map(_drawn, moved)))
    return card(report.ref, *parts, subtitle=subtitle, status=status)


def _tone(finding: Finding) -> Any:
    return finding.severity


def _said(report: Report) -> Any:
    model = f"Judged {report.model}. " if report.model else ""
    revised = f"Revised {report.revision} times by labels. " if report.revision else ""
    chance = f"Look {report.look}; chance of a false alarm {report.alpha:.3g}."
    return text(f"{model}{revised}{chance}", quiet=True)


def _drawn(column: ColumnReport) -> Any:
    sketch = column.sketch
    title = f"{column.name}: reference and current"
    drawing = chart.histogram(sketch["reference"], sketch["current"], sketch["edges"], title=title)
    return figure(drawing, column.leading.sentence if column.leading else column.name)


def column_view(column: ColumnReport) -> Any:
    """Show what was measured of a column."""
    names = list(dict.fromkeys([*column.reference, *column.current]))
    rows = [(name, column.reference.get(name), column.current.get(name)) for name in names]
    parts: list[Any] = [table(("", "reference", "current"), rows, caption="Summary")]
    parts.append(
        table(("check", "statistic", "p", "effect", "least"), _measured(column.measurements), caption="Checks")
    )
    if column.sketch:
        parts.append(_drawn(column))
    status = badge("ok", "ok") if column.ok else badge("not ok", "alert")
    return card(column.name, *parts, status=status)


def _measured(findings: tuple[Finding, ...]) -> list[tuple[Any, ...]]:
    return [(f.kind, f.statistic, f.p_value, f.effect, f.threshold) for f in findings]


def reports_view(reports: Reports) -> Any:
    """Show the checks of a monitor over time."""
    rows = [(r.ref, r.at, r.rows, badge("ok", "ok") if r.ok else badge("not ok", "alert")) for r in reports]
    parts = [table(("report", "of", "rows", "verdict"), rows[-50:], caption="Checks"), *_figures(reports)]
    return card(f"monitor/{reports.monitor}", *parts, subtitle=f"{len(reports)} checks")


def _figures(recorded: Reports, metric: str | None = None) -> list[Any]:
    """Draw alarms and metrics over the time that the data are of, which need not be the order of the checks."""
    reports = sorted(recorded, key=lambda report: report.at)
    names = list(dict.fromkeys(name for report in reports for name in report.metrics))
    names = [metric] if metric else names[:8]
    figures = [] if metric else [_alarms(reports)]
    return [*figures, *(_metric(reports, name) for name in names)]


def _alarms(reports: Sequence[Report]) -> Any:
    counts = [float(sum(f.severity == "alert" for f in report.findings)) for report in reports]
    series = chart.Series("alerts", counts, [report.at for report in reports])
    return figure(chart.lines(series, title="alerts over time"), "Alerts of each check")


def _metric(reports: Sequence[Report], name: str) -> Any:
    held = [report for report in reports if name in report.metrics]
    each = [report.metrics[name] for report in held]
    series = chart.Series(
        name, [e.value for e in each], [r.at for r in held], [e.low for e in each], [e.high for e in each]
    )
    return figure(chart.lines(series, title=f"{name} over time"), f"{name} over time, with its interval")


@attrs.frozen(repr=False)
class Plot(Drawn):
    """What was measured over time, drawn."""

    reports: Reports
    metric: str | None = None

    def __repr__(self) -> str:
        return f"<Plot of {len(self.reports)} reports>"

    def _view(self) -> Any:
        return card(f"monitor/{self.reports.monitor}", *_figures(self.reports, self.metric))


def monitor_view(monitor: Monitor) -> Any:
    """Show what a monitor watches, what is open, and its last checks."""
    definition, state = monitor.definition, monitor.state
    said = {
        "reference": definition.reference or f"{definition.rows:,} rows",
        "model": definition.model,
        "task": definition.task,
        "alpha": f"{definition.alpha:g} over {definition.looks} checks",
        "looks used": state.looks,
        "rows kept": f"{definition.keep_days:g} days, since {monitor.ref.at(state.kept)}" if definition.id else None,
        "actions": ", ".join(act.action for act in state.actions) or None,
    }
    parts: list[Any] = [facts({name: value for name, value in said.items() if value is not None}, "Watch")]
    if state.alerts:
        parts.append(
            table(("alert", "since"), [(k, monitor.ref.at(n)) for k, n in state.alerts.items()], "Open alerts")
        )
    status = badge("alerts", "alert") if state.alerts else badge("clean", "ok")
    return card(monitor.ref, *parts, status=status)
