"""Monitors: defined once, opened anywhere, right about what moved."""

import datetime as dt
import subprocess
import sys
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mlops_lite as ml
from mlops_lite import workspace
from mlops_lite.errors import InvalidInputError, InvalidTypeError, NotFoundError
from mlops_lite.monitoring.checking import Checking
from mlops_lite.monitoring.report import Reports
from mlops_lite.monitoring.view import Plot
from mlops_lite.stats.profile import profile


def names(report, severity="alert"):
    return {finding.column for finding in report.findings if finding.severity == severity}


def test_clean_data_is_clean(store, draw, watch):
    monitor = ml.Monitor("churn", reference=draw(4000, 0), store=store, **watch)
    report = monitor.check(draw(1000, 1), at="2026-11-01")
    assert report.ok
    assert report.findings == ()
    assert report.ref == "monitor/churn@2"
    assert (report.rows, report.at) == (1000, dt.datetime(2026, 11, 1, tzinfo=dt.UTC))
    assert report["age"].ok
    assert report.metrics["roc_auc"].low < report.metrics["roc_auc"].value < report.metrics["roc_auc"].high


def test_what_moved_is_named_and_nothing_else(store, draw, watch):
    monitor = ml.Monitor("churn", reference=draw(4000, 0), store=store, **watch)
    report = monitor.check(draw(2000, 1, shift=3))
    assert not report.ok
    assert names(report) == {"age", "p", "label", "churned"}
    finding = report["age"].leading
    assert finding.kind == "drift.distribution"
    assert finding.effect == pytest.approx(0.3, abs=0.08)
    assert finding.p_value < 1e-9
    assert "moved up" in finding.sentence


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e308], ids=str)
def test_nothing_but_infinities_is_told_in_words(store, draw, watch, value):
    monitor = ml.Monitor("churn", reference=draw(4000, 0), store=store, **watch)
    with np.errstate(over="ignore"):
        report = monitor.check(draw(1000, 1).assign(age=np.float64(value) * 100))
    assert names(report) == {"age"}
    said = " ".join(finding.sentence for finding in report.findings)
    assert "nothing but infinities" in said and "nan" not in said
    assert "nan" not in str(report["age"].leading.sentence)


@pytest.mark.parametrize(
    "at", ["2026-11-01", dt.date(2026, 11, 1), pd.Timestamp("2026-11-01"), np.datetime64("2026-11-01")], ids=type
)
def test_a_time_is_taken_as_a_person_has_it(store, draw, watch, at):
    monitor = ml.Monitor("churn", reference=draw(500, 0), store=store, **watch)
    assert monitor.check(draw(100, 1), at=at).at == dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize("at", [3, "yesterday", True, [1]], ids=repr)
def test_what_is_no_time_is_refused(store, draw, watch, at):
    monitor = ml.Monitor("churn", reference=draw(500, 0), store=store, **watch)
    with pytest.raises(InvalidInputError, match="is no time"):
        monitor.check(draw(100, 1), at=at)
    assert len(store.log("monitor", "churn")) == 1


@pytest.mark.parametrize("setting", [{"alpha": "x"}, {"looks": None}, {"memory": True}, {"min_effect": "0"}], ids=repr)
def test_a_setting_that_is_no_number_is_refused(store, draw, setting):
    with pytest.raises(InvalidTypeError, match="is no number"):
        ml.Monitor("churn", reference=draw(100, 0), store=store, **setting)
    assert store.names("monitor") == []


def test_the_same_definition_is_the_same_monitor(store, draw, watch):
    reference = draw(500, 0)
    first = ml.Monitor("churn", reference=reference, store=store, **watch)
    again = ml.Monitor("churn", reference=reference, store=store, **watch)
    assert again.state == first.state
    assert len(store.log("monitor", "churn")) == 1
    other = ml.Monitor("churn", reference=reference, alpha=0.01, store=store, **watch)
    assert other.definition.alpha == 0.01
    assert len(store.log("monitor", "churn")) == 2


def test_another_process_opens_it(store, draw, watch):
    ml.Monitor("churn", reference=draw(500, 0), store=store, rules={"age": ml.rules.between(0, 200)}, **watch)
    code = (
        f"import mlops_lite as ml; m = ml.Monitor('churn', store={store.url!r}); print(m.definition.target, m.alerts)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "churned {}"


def test_settings_without_a_reference_are_refused(store, draw):
    ml.Monitor("churn", reference=draw(100, 0), store=store)
    with pytest.raises(InvalidInputError, match="without a reference"):
        ml.Monitor("churn", target="churned", store=store)
    with pytest.raises(NotFoundError, match="Did you mean 'churn'"):
        ml.Monitor("chrun", store=store)


def test_refs_open_monitors_and_reports(store, draw):
    monitor = ml.Monitor("churn", reference=draw(100, 0), store=store)
    report = monitor.check(draw(100, 1))
    assert workspace.open("monitor/churn", store).ref == monitor.ref
    assert workspace.open(report.ref, store) == report


# ── what may be given ────────────────────────────────────────────────────────────────────────────────────────────────

KINDS = {
    "pandas": lambda frame: frame,
    "arrow": lambda frame: pa.Table.from_pandas(frame),
    "polars": lambda frame: pl.from_pandas(frame),
    "dict": lambda frame: {name: frame[name].to_numpy() for name in frame},
    "batches": lambda frame: iter(pa.Table.from_pandas(frame).to_batches(max_chunksize=100)),
    "frames": lambda frame: iter([frame.iloc[:300], frame.iloc[300:]]),
    "nullable": lambda frame: frame.convert_dtypes(),
    "categorical": lambda frame: frame.astype({"city": "category"}),
    "other widths": lambda frame: frame.astype({"label": "int8", "churned": "float64"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_table_gives_the_same_report(kind, store, draw, watch):
    monitor = ml.Monitor("churn", reference=draw(1000, 0), store=store, memory=1, **watch)
    expected = monitor.check(draw(500, 1))
    found = monitor.check(KINDS[kind](draw(500, 1)))
    pick = lambda report: [(f.key, f.statistic, f.p_value, f.severity) for f in report.measurements]  # noqa: E731
    assert pick(found) == pick(expected)
    assert found.metrics == expected.metrics


def test_a_snapshot_is_reference_and_data(store, draw, watch):
    dataset = ml.Dataset("customers", store=store)
    first, second = dataset.snapshot(draw(800, 0)), dataset.snapshot(draw(800, 1))
    monitor = ml.Monitor("churn", reference=first, store=store, **watch)
    report = monitor.check(second)
    assert (monitor.definition.reference, report.data) == ("dataset/customers@1", "dataset/customers@2")
    parents = store.log("monitor", "churn").read(report.ref.version).parents
    assert [parent.ref for parent in parents] == ["dataset/customers@2"]
    assert monitor.check("dataset/customers@2").data == report.data
    assert monitor.check(second.load()).data == report.data  # a frame that was loaded from it


def test_workers_profile_their_share(store, draw):
    monitor = ml.Monitor("churn", reference=draw(1000, 0), store=store, memory=1)
    rows = pa.Table.from_pandas(draw(600, 1))
    parts = [profile(rows.slice(start, 200), monitor.frame) for start in (0, 200, 400)]
    found, expected = monitor.check(parts[0].merge(*parts[1:])), monitor.check(rows)
    assert [f.p_value for f in found.measurements] == [f.p_value for f in expected.measurements]
    with pytest.raises(InvalidInputError, match="other cells"):
        monitor.check(profile(rows))


# ── bad input ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_rows_are_a_finding(store, draw, watch):
    monitor = ml.Monitor("churn", reference=draw(500, 0), store=store, **watch)
    report = monitor.check(draw(500, 1).iloc[:0])
    assert [finding.kind for finding in report.findings] == ["quality.rows"]
    assert not report.ok


def test_one_row_is_checked(store, draw, watch):
    monitor = ml.Monitor("churn", reference=draw(500, 0), store=store, **watch)
    report = monitor.check(draw(1, 1))
    assert report.ok
    assert "performance.roc_auc" in {finding.kind for finding in report.findings}  # not defined: said, not NaN
    assert str(report)


def test_a_column_of_nulls(store, draw):
    monitor = ml.Monitor("churn", reference=draw(500, 0), store=store)
    for nothing in (np.nan, None):
        report = monitor.check(draw(500, 1).assign(age=nothing, city=nothing))
        assert {f.kind for f in report.findings} == {"quality.missing"}
        assert names(report) == {"age", "city"}


def test_infinities_are_told(store, draw):
    monitor = ml.Monitor("churn", reference=draw(500, 0), store=store)
    rows = draw(500, 1)
    rows.loc[:20, "age"] = np.inf
    report = monitor.check(rows)
    assert "infinite" in report["age"].leading.sentence
    assert report["age"].current["mean"] < 100


def test_mixed_and_changed_types_are_findings(store, draw):
    monitor = ml.Monitor("churn", reference=draw(500, 0), store=store)
    rows = draw(500, 1).astype({"age": object, "city": object})
    rows.loc[:10, "age"] = "unknown"
    rows.loc[:10, "city"] = 5
    report = monitor.check(rows)
    assert {(f.column, f.kind) for f in report.findings if f.severity == "alert"} >= {
        ("age", "quality.schema"),
        ("city", "quality.schema"),
    }


def test_missing_renamed_and_new_columns(store, draw):
    monitor = ml.Monitor("churn", reference=draw(500, 0), store=store)
    report = monitor.check(draw(500, 1).rename(columns={"income": "incomes"}))
    missing, new = (report.findings[0], report.findings[-1])
    assert missing.sentence == "Column 'income' is missing. Was it renamed to 'incomes'?"
    assert (new.column, new.severity) == ("incomes", "info")


def test_time_zones_are_instants(store):
    hours = pd.date_range("2026-01-01", periods=1000, freq="h", tz="UTC")
    monitor = ml.Monitor("clock", reference=pd.DataFrame({"t": hours}), store=store)
    report = monitor.check(pd.DataFrame({"t": hours.tz_convert("Europe/Oslo")}))
    assert report.ok
    assert report["t"].effect == pytest.approx(0, abs=1e-9)


def test_a_running_clock_is_no_drift_but_moved_dates_are(store):
    days = pd.date_range("1960-01-01", periods=5000, freq="D")
    monitor = ml.Monitor("people", reference=pd.DataFrame({"born": days}), store=store)
    assert monitor.check(pd.DataFrame({"born": pd.date_range("2026-01-01", periods=500, freq="h")})).ok
    assert not monitor.check(pd.DataFrame({"born": days[2000:4000]})).ok


def test_a_hundred_thousand_categories(store):
    dice = np.random.default_rng(0)
    monitor = ml.Monitor("users", reference={"user": dice.integers(0, 10**5, 50_000).astype(str)}, store=store)
    assert monitor.check({"user": dice.integers(0, 10**5, 50_000).astype(str)}).ok
    assert not monitor.check({"user": dice.integers(0, 2 * 10**4, 50_000).astype(str)}).ok


def test_a_reference_that_cannot_be_one(store, draw, watch):
    with pytest.raises(InvalidInputError, match="no rows"):
        ml.Monitor("churn", reference=draw(0, 0), store=store)
    with pytest.raises(NotFoundError, match="Did you mean 'city'"):
        ml.Monitor("churn", reference=draw(50, 0), exclude="citty", store=store)
    with pytest.raises(InvalidInputError, match=r"outside \[0, 1\]"):
        ml.Monitor("churn", reference=draw(50, 0).assign(p=lambda rows: rows["p"] * 2), store=store, **watch)
    with pytest.raises(NotFoundError, match="no check 'kss'"):
        ml.Monitor("churn", reference=draw(50, 0), checks=["kss"], store=store)
    with pytest.raises(InvalidTypeError, match="cannot be checked"):
        ml.Monitor("churn", reference=5, store=store)
    assert len(store.log("monitor", "churn")) == 0  # nothing was written


@pytest.mark.parametrize("wrong", [{"alpha": 0}, {"looks": 0}, {"memory": 0}, {"min_effect": -1}, {"metrics": ["x"]}])
def test_settings_that_cannot_be_meant(wrong, store, draw):
    with pytest.raises((InvalidInputError, NotFoundError)):
        ml.Monitor("churn", reference=draw(50, 0), store=store, **wrong)


def test_two_columns_of_one_name(store, draw):
    monitor = ml.Monitor("churn", reference=draw(50, 0), store=store)
    rows = draw(50, 1)
    rows.columns = ["age", *rows.columns[1:]]
    with pytest.raises(InvalidInputError, match="Two columns are named 'age'"):
        monitor.check(rows)


def test_probabilities_that_are_none_and_unknown_classes_are_findings(store, draw, watch):
    monitor = ml.Monitor("churn", reference=draw(500, 0), store=store, **watch)
    for rows in (draw(500, 1).assign(p=1.5), draw(500, 1).assign(churned=7)):
        report = monitor.check(rows)
        assert "performance.input" in {finding.kind for finding in report.findings}


# ── what is promised ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_alpha_is_spent_over_the_looks(store, draw):
    monitor = ml.Monitor("churn", reference=draw(500, 0), store=store, alpha=0.05, looks=2)
    looks = [(report.look, report.alpha) for report in (monitor.check(draw(100, seed)) for seed in range(1, 4))]
    assert looks == [(1, 0.025), (2, 0.025), (1, 0.025)]
    assert monitor.state.period == 2


def test_a_slow_move_is_found_over_several_checks(store):
    dice = np.random.default_rng(0)
    monitor = ml.Monitor("slow", reference={"x": dice.normal(size=50_000)}, store=store, min_effect=0.01)
    reports = [monitor.check({"x": dice.normal(0.045, 1, 2000)}) for _ in range(7)]
    assert reports[0].ok
    assert any("over the last" in report["x"].leading.sentence for report in reports)


def test_one_bad_day_does_not_alarm_for_a_week(store):
    dice = np.random.default_rng(0)
    monitor = ml.Monitor("day", reference={"x": dice.normal(size=20_000)}, store=store)
    verdicts = [monitor.check({"x": dice.normal(mean, 1, 2000)}).ok for mean in (0, 2, 0, 0)]
    assert verdicts == [True, False, True, True]


def test_a_large_sample_does_not_alarm_over_nothing(store):
    dice = np.random.default_rng(0)
    monitor = ml.Monitor("much", reference={"x": dice.normal(size=500_000)}, store=store)
    report = monitor.check({"x": dice.normal(0.02, 1, 500_000)})
    assert report["x"].p_value < 1e-9
    assert report.ok


def test_findings_are_ranked_by_effect_and_importance(store, draw):
    reference = draw(3000, 0)
    rows = draw(3000, 1, shift=3).assign(income=lambda rows: rows["income"] * 3)
    plain = ml.Monitor("a", reference=reference, store=store).check(rows)
    weighed = ml.Monitor("b", reference=reference, store=store, importance={"age": 1.0, "income": 0.01}).check(rows)
    assert plain.findings[0].column == "income"
    assert weighed.findings[0].column == "age"


def test_checks_are_chosen_by_name_and_column(store, draw):
    monitor = ml.Monitor("churn", reference=draw(1000, 0), checks={"age": ["ks", "psi"], "*": ["missing"]}, store=store)
    report = monitor.check(draw(1000, 1, shift=3))
    assert {finding.kind for finding in report["age"].measurements} == {"drift.ks", "drift.psi"}
    assert report["income"].measurements == ()
    assert not report.ok


# ── looking back ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_history_and_drawings(store, draw, watch):
    monitor = ml.Monitor("churn", reference=draw(1000, 0), store=store, **watch)
    reports = [monitor.check(draw(500, seed, shift=seed), at=f"2026-11-0{seed}") for seed in (1, 2, 3)]
    history = monitor.history()
    assert [report.ref for report in history] == [report.ref for report in reports]
    assert list(history) == reports
    assert list(history.to_frame()["ok"]) == [report.ok for report in reports]
    for value in (reports[-1], history, monitor, monitor.plot(), monitor.plot("roc_auc"), reports[-1]["age"]):
        assert len(value._repr_html_()) < 100_000
        assert "<script" not in value._repr_html_()
        assert str(value)
        assert "\n" not in repr(value)
    assert len(reports[-1].to_frame()) == len(reports[-1].measurements)
    assert reports[-1].summary().startswith("monitor/churn@4")


def test_a_report_of_sixty_columns_is_small(store):
    dice = np.random.default_rng(0)
    monitor = ml.Monitor("wide", reference={f"n{i}": dice.normal(size=2000) for i in range(60)}, store=store)
    report = monitor.check({f"n{i}": dice.normal(1, 1, 2000) for i in range(60)})
    assert len(report.findings) >= 60
    assert len(report._repr_html_()) <= 100_000


def test_two_processes_check_at_the_same_time(store, draw):
    ml.Monitor("churn", reference=draw(200, 0), store=store)
    code = (
        "import sys, numpy as np, mlops_lite as ml\n"
        f"m = ml.Monitor('churn', store={store.url!r})\n"
        "for _ in range(5): m.check({'age': np.random.default_rng(1).normal(40, 10, 100)})"
    )
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [process.wait() for process in running] == [0, 0]
    history = ml.Monitor("churn", store=store).history()
    assert sorted(report.look for report in history) == list(range(1, 11))


def test_a_check_that_ends_after_the_monitor_was_defined_anew_is_not_held_against_it(store, draw, monkeypatch):
    monitor = ml.Monitor("churn", reference=draw(500, 0), store=store)
    record = Checking._record

    def overtaken(self, *given):
        ml.Monitor("churn", reference=draw(800, 5), store=store)
        return record(self, *given)

    with monkeypatch.context() as patch:
        patch.setattr(Checking, "_record", overtaken)
        assert monitor.check(draw(200, 1)).ok
    assert monitor.state.recent == ()
    assert monitor.check(draw(200, 2)).ok
    assert monitor.history()[-1].look == 1


def test_a_target_that_looks_misspelt_is_told(store, draw):
    with pytest.warns(UserWarning, match="If 'churned' is meant"):
        ml.Monitor("m", reference=draw(200, 0), target="chruned", store=store)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ml.Monitor("later", reference=draw(200, 0).drop(columns="churned"), target="churned", store=store)


def test_drawings_follow_the_time_that_the_data_are_of(store, draw, watch):
    monitor = ml.Monitor("churn", reference=draw(500, 0), store=store, **watch)
    days = ["2026-11-03", "2026-11-01", "2026-11-02"]
    for seed, day in enumerate(days, 1):
        monitor.check(draw(100 * seed, seed, shift=10 * (seed == 1)), at=day)
    swapped = Reports("churn", tuple(sorted(monitor.history(), key=lambda report: report.at)))
    assert [report.rows for report in monitor.history()] == [100, 200, 300]
    assert monitor.plot()._repr_html_() == Plot(swapped)._repr_html_()
    assert monitor.plot("roc_auc")._repr_html_() == Plot(swapped, "roc_auc")._repr_html_()


def amounts(rows, seed, move=0.0, share=0.3):
    """Amounts, and about a million for those that are not known."""
    dice = np.random.default_rng(seed)
    unknown = dice.random(rows) < share
    return {"amount": np.where(unknown, 1e6 + move, 0.0) + dice.normal(size=rows)}


REFERENCES = {
    "whole": lambda: amounts(20_000, 0),
    "the far mode late in a stream": lambda: (amounts(30_000, seed, share=0.3 * (seed > 4)) for seed in range(20)),
}


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_move_inside_a_far_mode_is_named(store, reference):
    monitor = ml.Monitor("m", reference=REFERENCES[reference](), store=store)
    share = 0.3 * (1 if reference == "whole" else 0.75)
    assert monitor.check(amounts(20_000, 100, share=share)).ok
    assert names(monitor.check(amounts(20_000, 101, move=1.0, share=share))) == {"amount"}
    parts = [
        profile({"amount": part}, monitor.frame) for part in np.split(amounts(20_000, 102, 1.0, share)["amount"], 5)
    ]
    assert names(monitor.check(parts[0].merge(*parts[1:]))) == {"amount"}


def test_labels_that_have_not_come_yet_are_no_fault(store, draw, watch):
    monitor = ml.Monitor("late", reference=draw(3000, 0), store=store, **watch)
    rows = draw(2000, 1)
    rows["churned"] = rows["churned"].astype(float)
    rows.loc[rows.index[:900], "churned"] = float("nan")
    assert monitor.check(rows).ok
    monitor = ml.Monitor("later", reference=draw(3000, 0).drop(columns="churned"), store=store, target="churned")
    assert monitor.check(draw(2000, 1)).ok


ODD = {
    "huge": {"x": 1e300},
    "tiny": {"x": 1e-300},
    "decimals": {"x": [Decimal("1.5")] * 300},
    "complex": {"x": 1j},
    "nested": {"c": [[1, 2]] * 300},
    "bytes": {"c": [b"a"] * 300},
    "constant": {"x": 3.0, "c": "a"},
    "no time": {"t": pd.NaT},
    "intervals": {"c": pd.interval_range(0, 300)},
    "text for numbers": {"i": [str(place) for place in range(300)]},
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_values_are_findings_and_never_a_traceback(kind, store):
    dice = np.random.default_rng(0)
    columns = {"x": dice.normal(size=300), "c": dice.choice(["a", "b"], 300), "i": dice.integers(0, 5, 300)}
    rows = pd.DataFrame({**columns, "t": pd.date_range("2020-01-01", periods=300)})
    monitor = ml.Monitor("odd", reference=rows, store=store)
    report = monitor.check(rows.assign(**ODD[kind]))
    assert {finding.column for finding in report.findings} == set(ODD[kind])
    assert not report.ok
    assert str(report)


def test_a_table_without_columns(store):
    monitor = ml.Monitor("odd", reference=pd.DataFrame({"x": [1.0, 2.0]}), store=store)
    assert {finding.kind for finding in monitor.check(pd.DataFrame()).findings} == {"quality.rows", "quality.schema"}


def test_records_with_times_of_pandas(store):
    def rows(seed):
        dice = np.random.default_rng(seed)
        times = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(dice.integers(0, 10**6, 500), "s")
        return pd.DataFrame({"t": times, "x": dice.normal(size=500), "odd": [[1, 2]] * 500})

    monitor = ml.Monitor("m", reference=rows(0), store=store)
    records = rows(1).to_dict("records")
    report = monitor.check(records)
    assert report.ok
    assert report["t"].current == monitor.check(rows(1))["t"].current
    del records[3]["x"]  # a key that is not there is a value that is missing
    assert monitor.check(records)["x"].current["missing"] == 1


@pytest.mark.parametrize("days", [-1, "x", float("nan"), True])
def test_days_that_are_none_are_refused_before_anything_is_written(store, days):
    with pytest.raises(ml.errors.MlopsLiteError, match="keep_days"):
        ml.Monitor("m", reference={"x": np.arange(9.0)}, store=store, keep_days=days)
    assert store.log("monitor", "m").newest() is None


def test_a_metric_that_no_report_has_cannot_be_drawn(store):
    monitor = ml.Monitor("m", reference={"x": np.arange(9.0)}, store=store)
    with pytest.raises(ml.errors.NotFoundError, match="roc_auk"):
        monitor.plot("roc_auk")


def test_arrays_in_cells_of_any_depth_are_tested_together(store):
    def images(seed, size=4):
        return pd.DataFrame({"image": np.random.default_rng(seed).random((200, size, size)).tolist()})

    snapshot = ml.Dataset("images", store=store).snapshot(images(0))
    monitor = ml.Monitor("m", reference=snapshot, joint={"mmd": ["image"]}, store=store)
    assert any(each.kind == "drift.mmd" for each in monitor.check(images(1)).measurements)
    uneven = pd.concat([images(1), images(2, size=3)])
    with pytest.raises(ml.errors.InvalidInputError, match="different sizes"):
        monitor.check(uneven)
    renamed = monitor.check(images(1).rename(columns={"image": "picture"}))
    assert "quality.schema" in {each.kind for each in renamed.findings}
