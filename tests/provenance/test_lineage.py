"""Lineage walks both ways between data, runs, models, deployments and reports, and says where it cannot."""

import os
import re

import numpy as np
import pandas as pd
import pytest

import mlops_lite as ml
from mlops_lite.errors import GateError, InvalidInputError, NotFoundError
from mlops_lite.store import Store


class Zero:
    def predict(self, X):
        return np.zeros(len(X))


def frame(rows=50, start=0):
    return pd.DataFrame({"x": np.arange(start, start + rows) * 1.0})


@pytest.fixture
def chain(store):
    """Data, a run that trains on it, two models, a place that served both, and data that has nothing to do with it."""
    ml.Dataset("other", store=store).snapshot(frame(5, 900))
    snapshot = ml.Dataset("flights", store=store).snapshot(frame())
    with store, ml.start_run(experiment="churn") as run:
        snapshot.load()
        ml.Registry().register("churn", Zero())
        ml.Registry().register("churn", {"w": [1.0]})
    ml.deploy("churn@1", to="prod", store=store)
    ml.deploy("churn@2", to="prod", store=store)
    return snapshot, run


def test_a_model_knows_its_sources_and_its_results(chain, store):
    snapshot, run = chain
    found = ml.lineage("model/churn@1", store=store)
    assert set(found.sources) == {run.ref, snapshot.ref}
    assert found.results == ("deployment/prod@1",)
    assert "dataset/other@1" not in found
    assert "model/churn@2" not in found
    assert (run.ref, "model/churn@1") in found.edges
    assert found.of("dataset") == (snapshot.ref,)


def test_data_know_what_became_of_them(chain, store):
    snapshot, run = chain
    found = ml.lineage(snapshot, store=store)
    assert set(found.results) == {
        run.ref, "model/churn@1", "model/churn@2", "deployment/prod@1", "deployment/prod@2"
    }  # fmt: skip
    assert found.sources == ()


def test_a_place_leads_back_to_the_data(chain, store):
    snapshot, run = chain
    live = ml.Deployment("prod", store=store)
    found = ml.lineage(live)
    assert found.start == "deployment/prod@2"
    assert set(found.sources) == {"model/churn@2", run.ref, snapshot.ref}
    live.close()


def test_an_alarm_leads_back_to_the_rows(chain, store):
    """A monitor checks what a place predicted; its report leads to the place, the model, the run and the data."""
    snapshot, run = chain
    ml.deploy("churn@1", to="prod", store=store)
    live = ml.Deployment("prod", store=store, log={"flush_s": 3600}, follow=None)
    live.predict(frame(60, 5000))
    monitor = ml.Monitor("watch", reference=snapshot, store=store)
    report = monitor.check(live.predictions())
    live.close()
    found = ml.lineage(report.ref, store=store)
    assert {"deployment/prod@3", "model/churn@1", run.ref, snapshot.ref} <= set(found.sources)
    assert report.ref in ml.lineage(snapshot, store=store).results


def test_an_alarm_about_a_bare_frame_leads_back_to_the_reference(chain, store):
    snapshot, _ = chain
    monitor = ml.Monitor("watch", reference=snapshot, store=store)
    first = monitor.check(frame(60, 5000))
    other = ml.Dataset("other", store=store)[1]
    ml.Monitor("watch", reference=other, store=store)  # defined anew: what was judged before stays with its reference
    second = ml.Monitor("watch", store=store).check(frame(60, 5000))

    assert set(ml.lineage(first.ref, store=store).sources) == {"monitor/watch@1", snapshot.ref}
    assert set(ml.lineage(second.ref, store=store).sources) == {"monitor/watch@3", other.ref}
    assert first.ref in ml.lineage(snapshot, store=store).results


def test_a_deployment_leads_back_to_what_its_gates_measured_on(chain, store):
    held_out = ml.Dataset("held out", store=store).snapshot(frame().assign(y=0.0))
    elsewhere = ml.Dataset("elsewhere", store="memory://held-out").snapshot(frame().assign(y=0.0))
    gates = [ml.gates.Metric("mae", at_most=1, on=on, target="y") for on in ("dataset/held out", held_out, elsewhere)]
    ml.deploy("churn@1", to="staging", gates=gates, store=store)
    with pytest.raises(GateError):
        ml.deploy("churn@2", to="prod2", gates=gates[1], store=store)

    assert held_out.ref in ml.lineage("deployment/staging@2", store=store).sources
    assert {"deployment/staging@2", "deployment/prod2@1"} <= set(ml.lineage(held_out, store=store).results)


def test_a_rollback_belongs_to_both_versions(chain, store):
    live = ml.Deployment("prod", store=store)
    live.rollback("it is worse")
    live.close()
    for version in ("model/churn@1", "model/churn@2"):
        assert "deployment/prod@3" in ml.lineage(version, store=store).results


def test_what_is_new_is_seen_by_the_next_walk(chain, store):
    before = ml.lineage("model/churn@1", store=store)
    ml.deploy("churn@1", to="staging", store=store)
    assert set(ml.lineage("model/churn@1", store=store).results) - set(before.results) == {"deployment/staging@1"}


def test_one_way_and_some_steps_only(chain, store):
    assert ml.lineage("model/churn@1", results=False, store=store).results == ()
    assert ml.lineage("model/churn@1", sources=False, store=store).sources == ()
    assert ml.lineage("deployment/prod@1", depth=1, store=store).sources == ("model/churn@1",)


def test_a_frame_is_known_by_where_it_was_loaded_from(chain, store):
    snapshot, _ = chain
    assert ml.lineage(snapshot.load(), store=store).start == snapshot.ref
    with pytest.raises(InvalidInputError, match="Where this DataFrame comes from is not known"):
        ml.lineage(frame(), store=store)


def test_what_is_not_there_is_said(chain, store):
    for ref in ("dataset/flight@1", "model/churn@9", "run/01J", "deployment/production"):
        with pytest.raises(NotFoundError):
            ml.lineage(ref, store=store)


def test_labels_are_resolved(chain, store):
    ml.Registry(store).promote("churn@2", "champion")
    assert ml.lineage("model/churn@champion", store=store).start == "model/churn@2"
    assert ml.lineage("model/churn", store=store).start == "model/churn@2"


def test_what_stands_in_another_store_is_named_and_not_taken_for_ours(tmp_path):
    """A model registered here from a snapshot of another store: our own flights@1 is something else."""
    there, here = Store(tmp_path / "there"), Store(tmp_path / "here")
    snapshot = ml.Dataset("flights", store=there).snapshot(frame())
    ml.Dataset("flights", store=here).snapshot(frame(7, 70))
    ml.Registry(here).register("churn", Zero(), dataset=snapshot)
    found = ml.lineage("model/churn@1", store=here)
    assert found.nodes[snapshot.ref].standing == "elsewhere"
    assert "in another store" in str(found)
    assert "not found here" in str(found)


def test_it_draws_itself_as_svg_and_text(chain, store):
    _, run = chain
    found = ml.lineage("model/churn@1", store=store)
    html = found._repr_html_()
    assert "<svg" in html
    assert "<script" not in html
    assert len(html.encode()) < 12_000
    for ref in found.nodes:
        assert str(ref) in html
    assert "└─" in str(found)
    assert repr(found) == "<Lineage of model/churn@1: 2 sources, 1 results>"
    table = found.to_frame()
    assert table["ref"].tolist() == [str(ref) for ref in found.nodes]
    assert table.set_index("ref").loc["model/churn@1", "sources"] == [str(run.ref), "dataset/flights@1"]


def test_mermaid_has_every_thing_and_every_arrow_and_escapes(store, monkeypatch):
    monkeypatch.setenv("MLOPS_LITE_AUTHOR", 'Ann "the <b>root</b>"')
    ml.Registry(store).register("churn", Zero())
    ml.deploy("churn@1", to="prod", store=store)
    text = ml.lineage("model/churn@1", store=store).mermaid()
    assert text.startswith("flowchart LR\n")
    assert text.count("-->") == 1
    assert "<b>" not in text
    assert 'Ann "' not in text
    assert re.search(r'n0\["model/churn@1 · register by Ann #34;the #60;b#62;', text)


def test_networkx_has_the_same_graph(chain, store):
    networkx = pytest.importorskip("networkx")
    found = ml.lineage("model/churn@1", store=store)
    graph = found.to_networkx()
    assert set(graph.edges) == {(str(start), str(end)) for start, end in found.edges}
    assert networkx.descendants(graph, "model/churn@1") == {"deployment/prod@1"}
    assert graph.nodes["model/churn@1"]["action"] == "register"


def test_long_chains_are_walked_to_the_end():
    store = Store(f"memory://{os.urandom(8).hex()}")
    log = store.log("dataset", "flights")
    log.append({}, action="snapshot")
    for number in range(1, 300):
        log.append({}, action="snapshot", parents=[f"dataset/flights@{number}"])
    found = ml.lineage("dataset/flights@300", store=store)
    assert len(found.sources) == 299
    assert len(ml.lineage("dataset/flights@1", store=store).results) == 299
    assert len(found._repr_html_()) > 0
