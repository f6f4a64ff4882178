"""Stores of every format that was ever written can be read: yesterday's stores are test data.

``stores/format-<n>.zip`` is never made again. It holds a dataset with three versions (one with an inventory), a label
that moved and went back, a fork, a run in a segment and one beside it.
"""

import zipfile
from pathlib import Path

import pytest

import mlops_lite as ml
from mlops_lite.store import Store

STORES = sorted((Path(__file__).parent / "stores").glob("format-*.zip"))


@pytest.fixture(params=STORES, ids=lambda path: path.stem)
def old(request, tmp_path):
    with zipfile.ZipFile(request.param) as file:
        file.extractall(tmp_path / "s")
    return Store(tmp_path / "s")


def test_it_is_whole(old):
    found = old.verify()
    assert found.ok, str(found)


def test_its_records_and_objects_are_read(old):
    log = old.log("dataset", "Team/flights")
    assert [record.body["rows"] for record in log.history()] == [1, 2.5, 300]
    assert log.read(1).body["when"].isoformat() == "2026-11-01T09:00:00+00:00"
    assert old.objects.read(log.read(1).objects[0]) == b"first"
    assert len(old.objects.reachable(log.newest())) == 301
    assert [parent.ref for parent in log.read(2).parents] == ["dataset/Team/flights@1"]


def test_its_labels_and_forks_are_read(old):
    labels = old.labels("dataset", "Team/flights")
    assert labels.all() == {"golden": 1}
    assert [move.number for move in labels.history("golden")] == [1, 2, 1]
    (fork,) = [stat.path.split("/")[1] for stat in old.backend.walk("forks")]
    assert old.log("dataset", "Team/flights").find(f"fork:{fork[:8]}/1").body == {"rows": -1}


def test_its_runs_are_read(old):
    runs = ml.runs(store=old, order_by="depth")
    assert [run.params["depth"] for run in runs] == [1, 2]
    assert [run.status for run in runs] == ["finished", "finished"]
    assert runs[0].history("loss").value.tolist() == [0.5, 0.25]


def test_it_goes_on(old):
    assert old.log("dataset", "Team/flights").append({"rows": 4}, action="snapshot").number == 4
    assert old.labels("dataset", "Team/flights").move("golden", 4).number == 4
    assert old.verify().ok
