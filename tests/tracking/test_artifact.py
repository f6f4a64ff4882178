"""What is logged as an artifact comes back as what it was, and nothing that is logged can break the run."""

import datetime
import os
import pathlib
import threading

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import mlops_lite as ml
from mlops_lite.errors import InvalidInputError, NotFoundError, UntrustedError
from mlops_lite.provenance.likeness import compare_values
from mlops_lite.tracking import RunWarning


def kept(value, name="thing"):
    with ml.start_run() as run:
        ml.log_artifact(name, value)
    return ml.get(run.ref).artifacts[name]


def frame():
    index = pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["letter", None])
    columns = {
        "level": pd.Categorical(["x", "y", "x", None], ordered=True),
        "time": pd.date_range("2026-01-01", periods=4, tz="Europe/Rome"),
        "gaps": pd.array([1, None, 3, 4], dtype="Int64"),
        "text": ["a", None, "c", ""],
        3: [1.5, np.nan, np.inf, -0.0],
    }
    return pd.DataFrame(columns, index=index)


class Own:
    def __init__(self, value):
        self.value = value


VALUES = {
    "dict": {"a": [1, (2, 3)], "b": None},
    "array": np.arange(6.0).reshape(2, 3),
    "text in a list": ["text"],
    "object": Own(3),
    "function": lambda x: x + 1,
    "date": datetime.date(2026, 11, 1),
    "pandas": frame(),
    "empty frame": frame().iloc[:0],
    "series": pd.Series([1, 2], name="s"),
    "arrow": pa.table({"a": [1, None], "b": [["x"], []]}),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_comes_back_as_it_was(name):
    found = kept(VALUES[name]).load()
    assert type(found) is type(VALUES[name])
    if isinstance(found, pd.DataFrame):
        pd.testing.assert_frame_equal(found, VALUES[name])
    elif name == "function":
        assert found(1) == 2
    else:
        assert compare_values(found, VALUES[name]).degree == "identical"


def test_a_frame_of_polars_comes_back_as_one():
    polars = pytest.importorskip("polars")
    value = polars.DataFrame({"a": [1, None], "b": ["x", "y"]})
    artifact = kept(value)
    assert artifact.kind == "frame" and artifact.load().equals(value)
    assert pd.read_parquet(artifact.path())["b"].tolist() == ["x", "y"] and artifact.path().name == "thing.parquet"


def test_a_frame_that_no_column_can_hold_is_kept_as_an_object():
    value = pd.DataFrame({"a": [Own(1), {"x": 1}]})
    artifact = kept(value)
    assert artifact.kind == "object" and artifact.load()["a"][0].value == 1


@pytest.mark.parametrize("value", [b"abc", bytearray(b"abc"), memoryview(b"abc")])
def test_bytes_are_kept_as_they_are(value):
    artifact = kept(value, "notes/a.txt")
    assert (artifact.kind, artifact.load(), artifact.nbytes) == ("bytes", b"abc", 3)
    assert artifact.path().name == "a.txt" and artifact.path().read_bytes() == b"abc"


def test_a_figure_is_kept_as_a_picture_and_shown_as_one():
    figures = pytest.importorskip("matplotlib.figure")
    artifact = kept(figures.Figure(), "plot")
    assert artifact.kind == "figure" and artifact.load().startswith(b"\x89PNG")
    assert artifact._repr_png_() == artifact.load() and artifact.path().suffix == ".png"
    assert kept(b"no picture")._repr_png_() is None


def test_a_folder_is_kept_with_its_files_their_paths_and_modes(tmp_path):
    folder = tmp_path / "report"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "a.txt").write_text("one")
    (folder / "run.sh").write_text("two")
    (folder / "run.sh").chmod(0o755)
    (folder / "same").symlink_to(folder / "run.sh")
    artifact = kept(str(folder))
    assert (artifact.kind, artifact.nbytes) == ("folder", 9)
    assert artifact.load() == {"deep/er/a.txt": b"one", "run.sh": b"two", "same": b"two"}
    copy = artifact.path()
    assert copy.name == "report" and (copy / "deep/er/a.txt").read_text() == "one"
    assert os.access(copy / "run.sh", os.X_OK) and not os.access(copy / "deep/er/a.txt", os.X_OK)
    assert artifact.path() == copy


def test_a_link_that_leaves_the_folder_is_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "outside").write_text("secret")
    (tmp_path / "folder" / "link").symlink_to(tmp_path / "outside")
    with ml.start_run() as run, pytest.warns(RunWarning, match="a link that leaves the folder"):
        ml.log_artifact("folder", pathlib.Path(tmp_path / "folder"))
    assert not run.artifacts and run.status == "finished"


def test_what_cannot_be_kept_costs_a_warning_that_names_it():
    with ml.start_run() as run, pytest.warns(RunWarning, match=r"The artifact 'lock' .*cannot be stored"):
        ml.log_artifact("lock", {"inside": threading.Lock()})
    with pytest.warns(RunWarning, match="A name is text"), run:
        run.log_artifact(3, b"")
    assert not run.artifacts


def test_objects_need_trust_and_have_no_file(store):
    artifact = kept(Own(1))
    with pytest.raises(InvalidInputError, match=r"no file.*\.load\(\)"):
        artifact.path()
    untrusting = ml.Store(store.url, trusted="arrays")
    with pytest.raises(UntrustedError, match="the artifact 'thing' of run/"):
        ml.get(artifact.run, untrusting).artifacts["thing"].load()
    arrays = kept({"weights": np.arange(3)})
    assert ml.get(arrays.run, untrusting).artifacts["thing"].load()["weights"].tolist() == [0, 1, 2]


def test_a_name_that_is_not_there_is_answered_with_those_that_are():
    with ml.start_run() as run:
        ml.log_artifact("confusion", b"")
    with pytest.raises(NotFoundError, match=r"no artifact 'confusoin'. Did you mean 'confusion'\?"):
        run.artifacts["confusoin"]
    assert "nope" not in run.artifacts and list(run.artifacts) == ["confusion"]


def test_everything_that_an_artifact_needs_is_kept_alive(store):
    artifact = kept({"weights": np.arange(500_000.0)})
    store.runs.sync()
    assert not store.gc(dry_run=True, grace_s=0).removed
    assert artifact.load()["weights"][-1] == 499_999
