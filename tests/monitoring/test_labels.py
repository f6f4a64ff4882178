"""Labels that come later revise checks; nothing is rewritten."""

import subprocess
import sys

import numpy as np
import pytest

import mlops_lite as ml
from mlops_lite.errors import InvalidInputError, InvalidTypeError
from mlops_lite.monitoring.labels import Labelling


@pytest.fixture
def monitor(store, draw, watch):
    return ml.Monitor("churn", reference=draw(3000, 0), store=store, **watch)


def test_labels_revise_the_check_that_held_the_rows(monitor, draw):
    rows = draw(2000, 1)
    first = monitor.check(rows.drop(columns="churned"))
    assert "roc_auc" not in first.metrics
    revised = monitor.label(rows["id"], rows["churned"])
    assert [report.ref for report in revised] == [first.ref]
    assert revised[0].revision == 1
    assert revised[0].metrics["roc_auc"].value > 0.8
    assert monitor.history()[0] == revised[0]
    assert monitor.report(first.ref.version).metrics == revised[0].metrics


def test_what_was_written_stays(monitor, draw, store):
    rows = draw(500, 1)
    first = monitor.check(rows.drop(columns="churned"))
    before = store.log("monitor", "churn").read(first.ref.version)
    monitor.label(rows["id"], rows["churned"])
    assert store.log("monitor", "churn").read(first.ref.version) == before


def test_labels_come_in_parts(monitor, draw):
    rows = draw(2000, 1)
    monitor.check(rows.drop(columns="churned"))
    half = rows.iloc[:1000]
    monitor.label(half["id"], half["churned"])
    rest = rows.iloc[1000:]
    last = monitor.label(rest["id"], rest["churned"])[0]
    assert last.revision == 2
    whole = monitor.check(rows)
    assert last.metrics["roc_auc"] == whole.metrics["roc_auc"]


HALF = """
import sys, numpy as np, mlops_lite as ml
from tests.monitoring.conftest import draw
url, turn = sys.argv[1], int(sys.argv[2])
rows = draw.__wrapped__()(1000, 1).iloc[turn::4]
ml.Monitor("churn", store=url).label(rows["id"], rows["churned"])
"""


def test_processes_that_label_at_the_same_time_lose_nothing(monitor, draw, store):
    rows = draw(1000, 1)
    monitor.check(rows.drop(columns="churned"))
    running = [subprocess.Popen([sys.executable, "-c", HALF, store.url, str(turn)]) for turn in range(4)]
    assert [process.wait() for process in running] == [0] * 4
    last = monitor.history()[-1]
    assert last.revision == 4
    assert last.metrics["roc_auc"] == monitor.check(rows).metrics["roc_auc"]


def test_labels_that_came_meanwhile_are_reckoned_with(monitor, draw, monkeypatch):
    rows = draw(1000, 1)
    monitor.check(rows.drop(columns="churned"))
    first, second = rows.iloc[:500], rows.iloc[500:]
    earlier, turns = Labelling._earlier, []

    def overtaken(self):
        found = earlier(self)
        if not turns:
            turns.append(1)
            monitor.label(first["id"], first["churned"])
        return found

    monkeypatch.setattr(Labelling, "_earlier", overtaken)
    last = monitor.label(second["id"], second["churned"])[-1]
    assert last.revision == 2
    assert last.metrics["roc_auc"] == monitor.check(rows).metrics["roc_auc"]


def test_a_label_given_again_replaces_the_first(monitor, draw):
    rows = draw(1000, 1)
    monitor.check(rows.drop(columns="churned"))
    monitor.label(rows["id"], 1 - rows["churned"])
    again = monitor.label(rows["id"], rows["churned"])
    assert again[0].metrics["roc_auc"].value > 0.8


def test_a_model_that_became_wrong_alarms_and_the_alarm_ends(monitor, draw):
    rows = draw(2000, 1, flip=0.4)
    monitor.check(rows.drop(columns="churned"))
    revised = monitor.label(rows["id"], rows["churned"])
    assert "performance.roc_auc" in revised[-1].opened
    assert not monitor.history()[-1].ok
    good = draw(2000, 2)
    monitor.check(good.drop(columns="churned"))
    assert "performance.roc_auc" in monitor.alerts  # a check without labels cannot tell
    assert monitor.label(good["id"], good["churned"])[-1].closed[-1] == "performance.roc_auc"


def test_ids_that_nobody_knows_revise_nothing(monitor, draw):
    monitor.check(draw(100, 1).drop(columns="churned"))
    assert len(monitor.label(["x", "y"], [0, 1])) == 0
    assert len(monitor.label("x", 1)) == 0


def test_labels_of_another_length(monitor):
    with pytest.raises(InvalidInputError, match="2 ids and 3 labels"):
        monitor.label(["a", "b"], [1, 0, 1])


def test_without_an_id_there_is_no_way_to_join(store, draw):
    monitor = ml.Monitor("churn", reference=draw(100, 0), target="churned", score="p", store=store)
    with pytest.raises(InvalidInputError, match="no id="):
        monitor.label(["a"], [1])


def test_labels_of_text(store, draw, watch):
    rows = draw(1500, 0)
    words = rows.assign(
        churned=np.where(rows["churned"] == 1, "yes", "no"), label=np.where(rows["p"] > 0.5, "yes", "no")
    )
    monitor = ml.Monitor("words", reference=words, store=store, **watch)
    assert monitor.definition.classes == ("no", "yes")
    monitor.check(words.drop(columns="churned"))
    assert monitor.label(words["id"], words["churned"])[0].metrics["accuracy"].value > 0.7


def test_a_reference_without_labels(store, draw, watch):
    monitor = ml.Monitor("churn", reference=draw(500, 0).drop(columns="churned"), store=store, **watch)
    rows = draw(500, 1)
    assert monitor.check(rows.drop(columns="churned")).ok
    assert monitor.label(rows["id"], rows["churned"])[0].metrics["roc_auc"].value > 0.8


def test_labels_that_are_not_there_yet_are_no_missing_values(monitor, draw):
    rows = draw(500, 1)
    assert monitor.check(rows.assign(churned=np.nan)).ok
    assert monitor.check(rows.assign(churned=None)).ok


@pytest.mark.parametrize(("kept", "told"), [(int, str), (str, int), (int, float), (int, int)])
def test_ids_of_another_type_are_converted_where_nothing_is_lost(store, draw, watch, kept, told):
    def numbered(count, seed):
        return draw(count, seed).assign(id=[kept(place) for place in range(count)])

    monitor = ml.Monitor("churn", reference=numbered(1000, 0), store=store, **watch)
    rows = numbered(1000, 1)
    monitor.check(rows.drop(columns="churned"))
    revised = monitor.label([told(each) for each in rows["id"]], rows["churned"])
    assert revised[0].metrics["roc_auc"].value > 0.8


@pytest.mark.parametrize(("kept", "told"), [(int, "a17"), (int, "017"), (str, 1.5), (str, True)])
def test_ids_that_cannot_be_converted_are_refused(store, draw, watch, kept, told):
    def numbered(count, seed):
        return draw(count, seed).assign(id=[kept(place) for place in range(count)])

    monitor = ml.Monitor("churn", reference=numbered(1000, 0), store=store, **watch)
    monitor.check(numbered(1000, 1).drop(columns="churned"))
    with pytest.raises(InvalidTypeError, match="of another type than those of the column 'id'"):
        monitor.label([told], [1])
