"""Monitors: a named watch over data and a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from mlops_lite import workspace
from mlops_lite.base.ref import Ref
from mlops_lite.display import Drawn
from mlops_lite.errors import InvalidInputError, NotFoundError, suggest
from mlops_lite.monitoring.checking import Checking
from mlops_lite.monitoring.defining import define, refuse_settings
from mlops_lite.monitoring.definition import Definition, definition_at, opened
from mlops_lite.monitoring.labels import Labelling
from mlops_lite.monitoring.moment import moment
from mlops_lite.monitoring.report import Report, Reports
from mlops_lite.monitoring.state import Act, State
from mlops_lite.stats.profile import Frame, Profile
from mlops_lite.store import Store

if TYPE_CHECKING:
    from mlops_lite.monitoring.finding import Finding, Severity
    from mlops_lite.monitoring.streaming import Streaming

__all__ = ["KIND", "Monitor"]

KIND = "monitor"


class Monitor(Drawn):
    """A named watch over data and a model.

    Without further arguments it opens the monitor that was defined under this name; with them it defines it, or
    defines it anew where they ask something else than before.

    Parameters
    ----------
    name : str
    reference : table, snapshot, iterator of tables, Profile or ref, optional
        What is as it should be. Kept as a profile, not as rows.
    target : str, optional
        The column of the truth; it may come later, see :meth:`label`.
    score : str or mapping of class to str, optional
        The column of the probability of the positive class, or one for each class; for rankings that of the score.
    prediction : str, optional
        The column of the predicted class or value.
    id : str, optional
        The column that names a row, by which labels are joined.
    time, group : str, optional
        Columns of the time of a row, and of the query that it belongs to (rankings).
    by : str or list of str
        Columns of levels: metrics are computed for each slice too.
    model : str or ModelVersion, optional
        ``churn@champion`` or ``deployment/prod``: what a report judges is the version that this means at that time. It
        must be there.
    task : {"classification", "regression", "ranking"}, optional
        Found from the columns without it.
    looks : int
        Over so many checks without change ``alpha`` holds; then a new period begins.
    alpha : float
        The chance of one false alarm or more, over all columns and ``looks`` checks.
    memory : int
        Today is looked at by itself, and together with the checks before, so many in all.
    min_effect : float
        In standard deviations: what is smaller is no finding, however certain.
    checks : list of str, or mapping of column to list of str, optional
        Tests and distances by name, such as ``["ks", "psi", "missing"]``; ``*`` means all other columns.
    metrics : list of str, optional
        The metrics on which the verdict rests; others are reported.
    rules : mapping of column to rule, optional
        Declared rules (``ml.rules``), which are absolute; ``*`` means the table.
    importance : mapping of str to float, optional
        How much columns matter: findings are ranked by effect and importance. Without it what ``model`` says counts:
        its ``feature_importances_`` or ``coef_``, or what it loses when a column is shuffled.
    exclude : list of str
        Columns that are not checked.
    keep_days : float
        So long labels are waited for. Then rows and labels are let go of, with the next check or by :meth:`forget`, and
        the next garbage collection (``store.gc``) removes them.
    streams : mapping of column to str or list of str, optional
        Detectors for :meth:`update`: ``adwin``, ``page_hinkley``, ``ddm`` (for errors, 0 or 1), ``kswin``,
        ``sequential``.
    joint : mapping of str to list of str, optional
        Tests of several columns at once: ``{"mmd": ["embedding"]}``, ``{"domain_classifier": ["age", "city"]}``. They
        need a snapshot as reference.
    features : list of str, optional
        What a regression is given: its errors are then estimated without labels. It needs a snapshot as reference, and
        the extra ``learn``.
    embed : mapping of str to callable, optional
        For ``joint``: from the values of a column (text, images) to a matrix. Of this process only.
    store : Store or str, optional

    Examples
    --------
    >>> import numpy as np, mlops_lite as ml
    >>> dice = np.random.default_rng(0)
    >>> then = {"age": dice.normal(40, 10, 2000), "city": dice.choice(["Oslo", "Rome"], 2000)}
    >>> m = ml.Monitor("visitors", reference=then, store="memory://monitor-example")
    >>> m.check({"age": dice.normal(40, 10, 500), "city": dice.choice(["Oslo", "Rome"], 500)}).ok
    True
    >>> report = m.check({"age": dice.normal(60, 10, 500), "city": dice.choice(["Oslo", "Rome"], 500)})
    >>> report.ok, {finding.column for finding in report.findings}
    (False, {'age'})
    """

    def __init__(
        self,
        name: str,
        *,
        reference: Any = None,
        target: str | None = None,
        score: str | Mapping[Any, str] | None = None,
        prediction: str | None = None,
        id: str | None = None,
        time: str | None = None,
        group: str | None = None,
        by: str | Iterable[str] = (),
        model: Any = None,
        task: str | None = None,
        looks: int = 100,
        alpha: float = 0.05,
        memory: int = 7,
        min_effect: float = 0.05,
        checks: Any = None,
        metrics: Iterable[str | Callable[..., float]] = (),
        rules: Mapping[str, Any] | None = None,
        importance: Mapping[str, float] | None = None,
        exclude: Iterable[str] = (),
        keep_days: float = 90.0,
        streams: Mapping[str, Any] | None = None,
        joint: Mapping[str, Any] | None = None,
        features: Iterable[str] = (),
        embed: Mapping[str, Callable[[Any], Any]] | None = None,
        store: Store | str | None = None,
    ) -> None:
        self.store = workspace.store(store)
        self.name = Ref.parse(name, kind=KIND).name
        self._log = self.store.log(KIND, self.name)
        self.embed = dict(embed or {})
        self._streaming: Streaming | None = None
        self._local: list[tuple[Callable[[Report], Any], str]] = []
        metrics = [metrics] if isinstance(metrics, str) else list(metrics)
        self.own_metrics = tuple(metric for metric in metrics if not isinstance(metric, str))
        if reference is None:
            refuse_settings(self._log, locals())
            return
        asked = Definition.of(
            target=target,
            score=score,
            prediction=prediction,
            id=id,
            time=time,
            group=group,
            by=by,
            model=model,
            task=task,
            looks=looks,
            alpha=alpha,
            memory=memory,
            min_effect=min_effect,
            checks=checks,
            metrics=[metric for metric in metrics if isinstance(metric, str)],
            rules=rules,
            importance=dict(importance or {}),
            exclude=exclude,
            keep_days=keep_days,
            streams=dict(streams or {}),
            features=features,
            joint={name: [given] if isinstance(given, str) else list(given) for name, given in (joint or {}).items()},
        )
        define(self._log, asked, reference)

    # ── what it is ───────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def ref(self) -> Ref:
        """``monitor/churn``."""
        return Ref.of(KIND, self.name)

    @property
    def state(self) -> State:
        """Where it stands, by the newest record."""
        newest = self._log.newest()
        assert newest is not None, "a monitor has at least the record that defined it"
        return State.of(newest)

    @property
    def definition(self) -> Definition:
        """What it was told."""
        return definition_at(self.store, self.state.definition)

    @property
    def reference(self) -> Profile:
        """The profile of the reference."""
        return opened(self.store, self.definition.profile)

    @property
    def frame(self) -> Frame:
        """The cells of the reference: what workers need to profile their share, ``profile(part, m.frame)``."""
        return self.reference.frame

    @property
    def alerts(self) -> dict[str, int]:
        """What is open, and since which record."""
        return dict(self.state.alerts)

    # ── checking ─────────────────────────────────────────────────────────────────────────────────────────────────

    def check(self, data: Any, *, at: datetime | date | str | None = None, exact: bool = False) -> Report:
        """Check data against the reference, and record what was found.

        Parameters
        ----------
        data : table, snapshot, iterator of tables, Profile, ref, or the frame of a prediction log
        at : datetime, date or str, optional
            What the data are of; now without it. UTC without a zone.
        exact : bool
            Compare the rows themselves where a check can: the reference must then be a snapshot.

        Returns
        -------
        Report
        """
        checking = Checking(self, exact=exact)
        report = checking.check(data, moment(at))
        self._act(report)
        return report

    def label(self, ids: Any, y: Any) -> Reports:
        """Tell what turned out to be true: checks that held these rows are revised, by a new record.

        Parameters
        ----------
        ids : sequence
            Of the column ``id``.
        y : sequence
            One label each; one given again replaces the one before.

        Returns
        -------
        Reports
            The revised ones.
        """
        revised = Labelling(self).label(ids, y)
        for report in revised:
            self._act(report)
        return revised

    def update(self, rows: Any) -> list[Finding]:
        """Take a row, or a few, of a stream; give what changed just now.

        The detectors live in this process. Where they stand is stored when one of them alarms, every half minute and
        by :meth:`flush`; another process goes on from there. One process at a time should feed a stream.

        Parameters
        ----------
        rows : mapping of column to value, or small table

        Returns
        -------
        list of Finding
            Of kinds ``stream.adwin`` and so on; empty mostly.
        """
        if self._streaming is None:
            from mlops_lite.monitoring.streaming import Streaming

            self._streaming = Streaming(self)
        return self._streaming.update(rows)

    def flush(self) -> None:
        """Store where the detectors of the streams stand."""
        if self._streaming is not None:
            self._streaming.flush()

    def forget(self, days: float | None = None) -> int:
        """Let go of rows and labels that are kept for longer than so many days.

        Every check does so by itself, with ``keep_days``. Reports stay, and so do the metrics that labels gave them.
        What was let go of is removed by the next ``store.gc(dry_run=False)``.

        Parameters
        ----------
        days : float, optional
            ``keep_days`` without it; 0 for all that is kept.

        Returns
        -------
        int
            How many objects: one for the rows of a check, one for the labels of a call.
        """
        from mlops_lite.monitoring.keeping import forget

        return forget(self._log, self.definition.keep_days if days is None else days)

    def history(self) -> Reports:
        """List the reports, oldest first, each as labels have revised it."""
        return Labelling(self).history()

    def report(self, number: int) -> Report:
        """Open the report of a record."""
        return Labelling(self).open(number)

    def plot(self, metric: str | None = None) -> Any:
        """Draw what was measured over time.

        Parameters
        ----------
        metric : str, optional
            One metric; all of them without it, and how many columns alarmed.

        Returns
        -------
        Drawn
            Shows itself in a notebook; ``print`` writes it.
        """
        from mlops_lite.monitoring.view import Plot

        reports = self.history()
        known = {name: None for report in reports for name in report.metrics}
        if metric is not None and metric not in known:
            raise NotFoundError(f"No report has the metric {metric!r}.", remedy=suggest(metric, known), name=metric)
        return Plot(reports, metric)

    # ── acting ───────────────────────────────────────────────────────────────────────────────────────────────────

    def on_alert(self, action: Callable[[Report], Any], *, severity: Severity = "alert") -> Monitor:
        """Say what is done when an alert opens.

        Parameters
        ----------
        action : one of ml.actions, or callable
            An action of ``ml.actions`` is stored with the monitor and done by whichever process opens the alert, once.
            Any other callable is given the report, in this process only.
        severity : {"alert", "warning"}
            From which on.

        Returns
        -------
        Monitor
            Itself.
        """
        if severity not in ("alert", "warning"):
            raise InvalidInputError(f"severity={severity!r}; actions are for 'alert' or 'warning'.")
        if not callable(action):
            raise InvalidInputError(f"{action!r} cannot be called.", remedy="Give one of ml.actions, or a function.")
        from mlops_lite.monitoring.acting import remember

        if not remember(self._log, action, severity):
            self._local.append((action, severity))
        return self

    def _act(self, report: Report) -> None:
        from mlops_lite.monitoring.acting import act

        act(self, report, self._local)

    def pending(self) -> tuple[Act, ...]:
        """List stored actions that an open alert has asked for and that nobody has begun."""
        return self.state.pending

    def __repr__(self) -> str:
        return f"<Monitor {self.name!r} in {self.store.url}>"

    def _view(self) -> Any:
        from mlops_lite.monitoring.view import monitor_view

        return monitor_view(self)
