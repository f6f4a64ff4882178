"""What is logged is there, and nothing that is logged can break the function."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlops_lite as ml
from mlops_lite.tracking import RunWarning


def test_points_come_back_in_order_with_step_value_and_time():
    with ml.start_run() as run:
        ml.log(loss=0.5)
        ml.log(loss=0.25, step=7)
        ml.log({"loss": 0.125, "valid/auc 🎉": 1}, step=8)
    history = run.history("loss")
    assert history.columns.tolist() == ["step", "value", "time"]
    assert history.step.tolist() == [0, 7, 8] and history.value.tolist() == [0.5, 0.25, 0.125]
    assert history.time.is_monotonic_increasing and str(history.time.dt.tz) == "UTC"
    assert run.history().name.tolist() == ["loss", "loss", "loss", "valid/auc 🎉"]


def test_without_a_step_each_name_counts_by_itself():
    with ml.start_run() as run:
        for _ in range(3):
            ml.log(a=1)
        ml.log(a=1, b=1)
        ml.log(a=[1, 2])
        ml.log(a=1)
    assert run.history("a").step.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert run.history("b").step.tolist() == [0]


def test_whole_arrays_are_logged_at_once():
    with ml.start_run() as run:
        ml.log(loss=np.linspace(1, 0, 5), step=np.arange(10, 15))
        ml.log(count=range(3))
    assert run.history("loss").step.tolist() == [10, 11, 12, 13, 14]
    assert run.history("count").value.tolist() == [0, 1, 2] and run.history("count").value.dtype == np.int64
    assert run.metrics == {"loss": 0.0, "count": 2}


def test_nan_and_infinities_are_kept():
    with ml.start_run() as run:
        ml.log(x=math.nan)
        ml.log(x=-math.inf)
        ml.log(x=[math.inf, math.nan])
    assert [str(value) for value in run.history("x").value] == ["nan", "-inf", "inf", "nan"]
    assert math.isnan(ml.get(run.ref).metrics["x"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), 1),
        (np.array(2.5), 2.5),
        (True, 1),
        (2**63, float(2**63)),
        (-(2**63), -(2**63)),
        (10**400, math.inf),
    ],
)
def test_numbers_of_every_kind_are_numbers(value, expected):
    with ml.start_run() as run:
        ml.log(x=value)
    found = ml.get(run.ref).metrics["x"]
    assert found == expected and type(found) is type(expected)


def test_tensors_are_numbers():
    torch = pytest.importorskip("torch")
    with ml.start_run() as run:
        ml.log(x=torch.tensor(0.5, requires_grad=True), y=torch.arange(3), z=torch.tensor([1.5], dtype=torch.bfloat16))
    assert run.metrics == {"x": 0.5, "y": 2, "z": 1.5}


@pytest.mark.parametrize("value", ["0.5", None, object(), {"a": 1}, [[1, 2]], [], ["a"], np.array(["a"]), 1j])
def test_a_metric_of_a_wrong_type_costs_one_warning_and_is_named(value):
    with ml.start_run() as run, pytest.warns(RunWarning, match="'bad'") as told:
        ml.log(good=1, bad=value)
        ml.log(bad=value)
    assert len(told) == 1 and run.metrics == {"good": 1} and run.status == "finished"


@pytest.mark.parametrize("step", ["a", 0.5, math.nan, True, [1, 2]])
def test_a_wrong_step_costs_one_warning(step):
    with ml.start_run() as run, pytest.warns(RunWarning, match="step"):
        ml.log(a=1.0, step=step)
    assert run.status == "finished"


def test_steps_of_another_length_are_refused_by_name():
    with ml.start_run(), pytest.warns(RunWarning, match=r"'a'.*3 whole numbers"):
        ml.log(a=[1, 2, 3], step=[1, 2])


def test_logging_outside_a_run_warns_once():
    with pytest.warns(RunWarning, match="no run is open") as told:
        ml.log(a=1)
        ml.log(a=1)
    assert len(told) == 1


def test_an_artifact_that_is_not_there_costs_a_warning(tmp_path):
    with ml.start_run() as run, pytest.warns(RunWarning, match=r"The artifact 'plot' .*no file or folder .*nope.png"):
        ml.log_artifact("plot", tmp_path / "nope.png")
    assert run.status == "finished" and len(run.artifacts) == 0


def test_a_repeated_artifact_keeps_every_version(tmp_path):
    (tmp_path / "b.txt").write_text("two")
    with ml.start_run() as run:
        ml.log_artifact("notes", b"one")
        ml.log_artifact("notes", tmp_path / "b.txt")
    run = ml.get(run.ref)
    assert run.artifacts["notes"].load() == b"two"
    assert [artifact.load() for artifact in run.artifacts.versions("notes")] == [b"one", b"two"]
    assert run.artifacts["notes"].path().read_text() == "two" and run.artifacts["notes"].path().name == "b.txt"


def test_a_run_that_continues_goes_on_counting():
    with ml.start_run() as first:
        ml.log(loss=[0.5, 0.4])
    with ml.start_run(continues=first) as second:
        ml.log(loss=0.3)
    assert second.history("loss").step.tolist() == [0, 1, 2]
    assert second.continues == first


def test_a_note_is_taken_while_the_run_is_open():
    with ml.start_run() as run:
        run.note("it begins well").tag(stage="draft")
        assert [note.text for note in run.notes] == ["it begins well"]
        assert [note.text for note in ml.get(run.ref).notes] == ["it begins well"]
    run.note("it ended well")

    for seen in (run, ml.get(run.ref), ml.runs()[0]):
        assert [note.text for note in seen.notes] == ["it begins well", "it ended well"]
        assert all(note.author for note in seen.notes)
        assert seen.tags == {"stage": "draft"}


def test_tags_and_notes_can_be_added_later():
    with ml.start_run(tags={"team": "a"}) as run:
        run.tag(stage="late")
    run.tag(team=None, grade=1).note("the best so far")
    seen = ml.get(run.ref)
    assert dict(seen.tags) == {"stage": "late", "grade": 1}
    assert seen.notes[0].text == "the best so far"


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(width=64) | st.integers(-(2**63), 2**63 - 1))))
def test_every_point_comes_back(points):
    with ml.Store("memory://every-point"), ml.start_run() as run:
        for name, value in points:
            ml.log({name: value})
    for name in {name for name, _ in points}:
        logged = [value for key, value in points if key == name]
        found = run.history(name).value
        if all(isinstance(value, int) for value in logged):
            assert found.tolist() == logged
        else:
            np.testing.assert_array_equal(found.to_numpy(), np.array([float(value) for value in logged]))


def test_a_block_runs_where_there_is_no_place_at_all(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MLOPS_LITE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.warns(RunWarning) as told, ml.start_run(store=tmp_path / "file" / "store") as run:
        ml.log(loss=0.5)
        ml.log_artifact("notes", b"all well")
    assert any("Nothing of this run will be kept" in str(one.message) for one in told)
    assert run.metrics == {"loss": 0.5} and run.status == "finished"


def test_rubbish_in_the_environment_costs_a_warning_and_no_run(monkeypatch):
    monkeypatch.setenv("MLOPS_LITE_PARENT", "model/churn@1")
    with pytest.warns(RunWarning, match="not take its parent from MLOPS_LITE_PARENT='model/churn@1'"), ml.start_run():
        pass
    assert ml.runs()[0].parent is None


def test_a_removed_run_is_gone_from_every_list():
    with ml.start_run() as run:
        ml.log(a=1)
    run.delete()
    assert len(ml.runs()) == 0
    with pytest.raises(ml.errors.NotFoundError):
        ml.get(run.ref)
