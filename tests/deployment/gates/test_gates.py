"""What every gate must do, found by its file; then each gate by itself."""

import json
import os

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import mlops_lite as ml
from mlops_lite import frames
from mlops_lite.base import canonical
from mlops_lite.deployment.candidate import Candidate
from mlops_lite.deployment.gates import KNOWN, Outcome, evaluated
from mlops_lite.deployment.plugin import camel, find
from mlops_lite.errors import GateError, InvalidInputError, NotFoundError
from mlops_lite.store import Store


@pytest.fixture(scope="module")
def data():
    dice = np.random.default_rng(0)
    X = pd.DataFrame(dice.normal(size=(3000, 4)), columns=list("abcd"))
    y = (X["a"] + X["b"] + dice.normal(size=3000) > 0).astype(int)
    return X, y


@pytest.fixture(scope="module")
def holdout(data):
    X, y = data
    region = np.where(np.arange(1000) % 4 == 0, "south", "north")
    return X.iloc[2000:].assign(churned=y.iloc[2000:], region=region)


@pytest.fixture(scope="module")
def store(data, tmp_path_factory):
    """Version 1 knows half, 2 knows all, 3 is right in the north only, 4 has neither example nor signature."""
    X, y = data
    store = Store(tmp_path_factory.mktemp("gates") / "store")
    registry = ml.Registry(store)
    train = X.iloc[:2000], y.iloc[:2000]
    weak = LogisticRegression().fit(train[0].assign(b=0.0), train[1])
    strong = LogisticRegression().fit(*train)
    registry.register("churn", weak, metrics={"roc_auc": 0.7}, example=X.head(20))
    registry.register("churn", strong, metrics={"roc_auc": 0.9}, example=X.head(20))
    worse = LogisticRegression().fit(train[0], 1 - train[1])
    registry.register("churn", worse, metrics={"roc_auc": 0.2}, example=X.head(20))
    registry.register("churn", strong)
    registry.register("churn", strong, example=X.head(20).assign(e=1.0))
    registry.register("churn", strong, example=X.head(20)[["a", "b", "c"]])
    return store


def candidate(store, version, champion=None):
    registry = ml.Registry(store)
    other = registry.get(f"churn@{champion}") if champion else None
    return Candidate(store, registry.get(f"churn@{version}"), other, "prod")


def passing(name, holdout):
    """Give arguments with which version 2 passes against version 1."""
    on = {"on": holdout.drop(columns="region"), "target": "churned"}
    sliced = {"on": holdout, "target": "churned"}
    return {
        "metric": (("roc_auc",), {"at_least": 0.8}),
        "no_worse": (("roc_auc",), on),
        "better": (("roc_auc",), on),
        "slices": (("region",), {"max_drop": 0.02, **sliced}),
        "latency": ((), {"p99_ms": 10_000, "calls": 30}),
        "memory": ((), {"mb": 10_000}),
    }.get(name, ((), {}))


@pytest.fixture(params=KNOWN.names())
def gate(request, holdout):
    if request.param == "no_drift":
        return find(KNOWN, "no_drift")(_Watch([]))
    if request.param == "approved":
        return find(KNOWN, "approved")(other_than_author=False)
    args, options = passing(request.param, holdout)
    return find(KNOWN, request.param)(*args, **options)


class _Finding:
    severity, sentence = "alert", "age has moved."


class _Report:
    ref = "monitor/churn@3"

    def __init__(self, findings):
        self.findings, self.ok = findings, not findings


class _Watch:
    """A monitor whose newest report has these findings."""

    ref = "monitor/churn"

    def __init__(self, findings):
        self.findings = findings

    def history(self):
        return [_Report([_Finding()]), _Report(self.findings)]

    def check(self, current):
        return _Report(self.findings if len(current) else [_Finding()])


# ── every gate ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_lets_pass_what_is_good_and_keeps_its_numbers(gate, store):
    ml.Registry(store).approve("churn@2", "looked at")
    outcome = gate(candidate(store, 2, 1))
    assert isinstance(outcome, Outcome)
    assert outcome.ok, outcome
    assert outcome.sentence
    assert outcome.gate == type(gate).__name__
    assert all(isinstance(value, (int, float)) for value in outcome.measured.values())
    assert canonical.structure(canonical.decode(canonical.encode(canonical.unstructure(outcome))), Outcome) == outcome


def test_it_judges_the_first_version_of_a_place(gate, store):
    assert gate(candidate(store, 2)).ok


def test_it_changes_nothing(gate, store):
    before = sorted(store.kinds()), len(store.log("model", "churn")), store.names("deployment")
    gate(candidate(store, 2, 1))
    assert before == (sorted(store.kinds()), len(store.log("model", "churn")), store.names("deployment"))


def test_its_class_is_named_after_its_file_and_documented(gate):
    name = next(name for name in KNOWN.names() if camel(name) == type(gate).__name__)
    assert getattr(ml.gates, camel(name)) is type(gate)
    assert ">>>" in type(gate).__doc__
    assert repr(gate).startswith(camel(name))


# ── each gate ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_metric_reads_what_was_registered_or_computes(store, holdout):
    gates = ml.gates
    assert not gates.Metric("roc_auc", at_least=0.8)(candidate(store, 1)).ok
    assert not gates.Metric("roc_auc", at_most=0.8)(candidate(store, 2)).ok
    on = holdout.drop(columns="region")
    computed = gates.Metric("accuracy", at_least=0.5, on=on, target="churned")(candidate(store, 4))
    assert computed.ok
    assert 0.7 < computed.measured["accuracy"] < 0.95
    with pytest.raises(NotFoundError, match=r"without 'f1'\..*compute it"):
        gates.Metric("f1", at_least=0.5)(candidate(store, 2))
    with pytest.raises(InvalidInputError, match="no bound"):
        gates.Metric("roc_auc")


@pytest.mark.parametrize("metric", ["roc_auc", "accuracy", "log_loss", "f1"])
def test_comparisons_are_paired_and_know_which_way_is_better(store, holdout, metric):
    on = holdout.drop(columns="region")
    better = ml.gates.Better(metric, on=on, target="churned")(candidate(store, 2, 1))
    assert better.ok
    assert better.measured["better_low"] > 0
    assert not ml.gates.Better(metric, on=on, target="churned")(candidate(store, 2, 2)).ok
    assert not ml.gates.NoWorse(metric, on=on, target="churned")(candidate(store, 1, 2)).ok
    assert ml.gates.NoWorse(metric, on=on, target="churned")(candidate(store, 2, 2)).ok
    assert ml.gates.NoWorse(metric, on=on, target="churned", margin=0.6)(candidate(store, 1, 2)).ok
    assert not ml.gates.Better(metric, on=on, target="churned", margin=0.6)(candidate(store, 2, 1)).ok


def test_comparisons_take_snapshots_refs_and_pairs(store, holdout):
    on = holdout.drop(columns="region")
    snapshot = ml.Dataset("holdout", store=store).snapshot(on)
    pair = on.drop(columns="churned"), on["churned"]
    numbers = [
        ml.gates.NoWorse("roc_auc", on=given, target=target)(candidate(store, 2, 1)).measured
        for given, target in [(snapshot, "churned"), (str(snapshot.ref), "churned"), (pair, None), (on, "churned")]
    ]
    assert all(one == numbers[0] for one in numbers)


@pytest.mark.parametrize("kind", ["arrow", "polars", "dict"])
@pytest.mark.parametrize("name", ["no_worse", "better", "slices", "metric"])
def test_held_out_data_may_be_a_table_of_any_library(store, holdout, name, kind):
    """The truth is found, other columns are left out, and the model gets the kind of table that it learned from."""
    given = frames.from_arrow(frames.to_arrow(holdout), kind)
    args, options = passing(name, holdout)
    gate, same = (find(KNOWN, name)(*args, **{**options, "on": on, "target": "churned"}) for on in (given, holdout))
    assert gate(candidate(store, 2, 1)) == same(candidate(store, 2, 1))


def test_a_missing_target_is_named(store, holdout):
    with pytest.raises(NotFoundError, match="no column 'churn'"):
        ml.gates.NoWorse("roc_auc", on=holdout, target="churn")(candidate(store, 2, 1))
    with pytest.raises(InvalidInputError, match="needs the truth"):
        ml.gates.NoWorse("roc_auc", on=holdout)(candidate(store, 2, 1))
    with pytest.raises(NotFoundError, match="roc_auc"):
        ml.gates.NoWorse("roc_acu", on=holdout, target="churned")(candidate(store, 2, 1))


def test_slices_find_the_part_that_gets_worse(store, holdout):
    registry = ml.Registry(store)
    strong = registry.load("churn@2")

    class NorthOnly:
        classes_ = np.array([0, 1])

        def predict(self, X):
            right = strong.predict(X[list("abcd")])
            return np.where(X["region"] == "north", right, 1 - right)

    class Everywhere(NorthOnly):
        def predict(self, X):
            return strong.predict(X[list("abcd")])

    inputs = holdout.drop(columns="churned")
    first = registry.register("sliced", Everywhere(), example=inputs.head())
    second = registry.register("sliced", NorthOnly(), example=inputs.head())
    gate = ml.gates.Slices("region", max_drop=0.02, on=holdout, target="churned")
    outcome = gate(Candidate(store, second, first, "prod"))
    assert not outcome.ok
    assert "region is south" in outcome.sentence
    assert "north" not in outcome.sentence
    assert gate(Candidate(store, first, second, "prod")).ok
    few = ml.gates.Slices("region", max_drop=0.02, on=holdout.head(100), target="churned", least=30)
    assert "1 with fewer than 30 rows not judged" in few(Candidate(store, second, first, "prod")).sentence


def test_schema_lets_a_version_ask_for_less_and_not_for_more(store):
    gate = ml.gates.Schema()
    more = gate(candidate(store, 5, 2))
    assert not more.ok
    assert "'e'" in more.sentence
    assert gate(candidate(store, 6, 2)).ok
    assert gate(candidate(store, 2, 4)).ok
    assert not gate(candidate(store, 4, 2)).ok


@pytest.mark.parametrize(
    ("before", "after", "ok"),
    [
        ({"a": [1]}, {"a": [1.0]}, True),
        ({"a": [1.5]}, {"a": [1]}, False),
        ({"a": ["x"]}, {"a": [1]}, False),
        ({"a": [1.0, None]}, {"a": [1.0, 2.0]}, False),
        ({"a": [1.0, 2.0]}, {"a": [1.0, None]}, True),
        ({"a": [1], "b": [2]}, {"b": [2], "a": [1]}, True),
    ],
)
def test_schema_knows_what_callers_can_still_give(memory, before, after, ok):
    registry = ml.Registry(memory)
    first = registry.register("some", len, example=pd.DataFrame(before))
    second = registry.register("some", len, example=pd.DataFrame(after))
    outcome = ml.gates.Schema()(Candidate(memory, second, first, "prod"))
    assert outcome.ok is ok, outcome


class Shifted:
    """A model whose answers depend on where it runs."""

    def predict(self, X):
        return np.asarray(X).astype(float) + float(os.environ.get("SHIFT_OF_TESTS", 0))


@pytest.fixture
def memory():
    return Store(f"memory://{os.urandom(8).hex()}")


def test_schema_compares_arrays(memory):
    registry = ml.Registry(memory)
    narrow = registry.register("some", len, example=np.zeros((2, 3)))
    wide = registry.register("some", len, example=np.zeros((2, 4)))
    assert ml.gates.Schema()(Candidate(memory, narrow, narrow, "prod")).ok
    assert not ml.gates.Schema()(Candidate(memory, wide, narrow, "prod")).ok


def test_smoke_asks_for_the_answer_of_the_registration(memory, monkeypatch):
    version = ml.Registry(memory).register("some", Shifted(), example=np.arange(3.0))
    passed = ml.gates.Smoke()(Candidate(memory, version, None, "prod", "code"))
    assert passed.ok and "when it was registered" in passed.sentence, passed
    monkeypatch.setenv("SHIFT_OF_TESTS", "1")  # as another version of a library would
    refused = ml.gates.Smoke()(Candidate(memory, version, None, "prod", "code"))
    assert not refused.ok
    assert "another prediction" in refused.sentence


def test_smoke_asks_no_more_of_what_predicted_nothing_then(memory):
    version = ml.Registry(memory).register("some", Shifted(), example=np.array(["x"]))
    assert version.predicted is None
    with pytest.raises(ValueError, match="could not convert"):  # a gate that raises refuses
        ml.gates.Smoke()(Candidate(memory, version, None, "prod", "code"))


def test_smoke_needs_an_example(store):
    assert not ml.gates.Smoke()(candidate(store, 4)).ok


def test_latency_refuses_what_is_slow(memory):
    import time

    version = ml.Registry(memory).register("slow", lambda X: time.sleep(0.003), example=np.zeros((1, 1)))
    refused = ml.gates.Latency(p99_ms=1, calls=20)(Candidate(memory, version, None, "prod"))
    assert not refused.ok
    assert refused.measured["p50_ms"] >= 3
    assert ml.gates.Latency(p50_ms=10_000, calls=20)(Candidate(memory, version, None, "prod")).ok
    with pytest.raises(InvalidInputError, match="no bound"):
        ml.gates.Latency()


def test_memory_counts_what_is_not_shared(tmp_path):
    store = Store(tmp_path / "store")
    large = np.zeros(60_000_000 // 8) + 1.0
    version = ml.Registry(store).register("large", {"w": large})
    outcome = ml.gates.Memory(mb=10_000)(Candidate(store, version, None, "prod"))
    assert outcome.ok
    small = ml.Registry(store).register("small", {"w": large[:10]})
    base = ml.gates.Memory(mb=10_000)(Candidate(store, small, None, "prod"))
    assert outcome.measured["private_mb"] - base.measured["private_mb"] < 100
    assert not ml.gates.Memory(mb=0.001)(Candidate(store, version, None, "prod")).ok


def test_environment_refuses_what_is_known_not_to_work(store, monkeypatch):
    from mlops_lite.registry.environment import Environment

    ancient = Environment("3.11.0", {"numpy": "1.0"})
    monkeypatch.setattr("mlops_lite.registry.version.ModelVersion.environment", ancient)
    outcome = ml.gates.Environment()(candidate(store, 2))
    assert not outcome.ok
    assert "pip install numpy==1.0" in outcome.sentence
    near = Environment("3.11.0", {"numpy": ".".join(np.__version__.split(".")[:2]) + ".999"})
    monkeypatch.setattr("mlops_lite.registry.version.ModelVersion.environment", near)
    assert ml.gates.Environment()(candidate(store, 2)).ok
    assert not ml.gates.Environment(exact=True)(candidate(store, 2)).ok


def test_no_drift_reads_the_newest_report_or_checks(store):
    assert not ml.gates.NoDrift(_Watch([_Finding()]))(candidate(store, 2)).ok
    assert ml.gates.NoDrift(_Watch([]), on=[1])(candidate(store, 2)).ok
    refused = ml.gates.NoDrift(_Watch([]), on=[])(candidate(store, 2))
    assert not refused.ok
    assert "age has moved" in refused.sentence


def test_approvals_are_of_others_and_of_different_people(memory, monkeypatch):
    registry = ml.Registry(memory)
    monkeypatch.setenv("MLOPS_LITE_AUTHOR", "ann")
    registry.register("churn", len)
    registry.approve("churn@1", "my own")
    with pytest.raises(GateError, match="approved by nobody other than ann"):
        ml.deploy("churn@1", to="prod", approvals=1, store=memory)
    monkeypatch.setenv("MLOPS_LITE_AUTHOR", "bob")
    registry.approve("churn@1", "fine")
    registry.approve("churn@1", "twice")
    with pytest.raises(GateError, match="approved by bob"):
        ml.deploy("churn@1", to="prod", approvals=2, store=memory)
    monkeypatch.setenv("MLOPS_LITE_AUTHOR", "cleo")
    registry.approve("churn@1", "fine")
    assert ml.deploy("churn@1", to="prod", approvals=2, store=memory).ok
    alone = ml.gates.Approved(other_than_author=False)
    assert alone(Candidate(memory, registry.get("churn@1"), None, "prod")).measured["approvals"] == 3


# ── any callable, all of them, and from outside ──────────────────────────────────────────────────────────────────


def test_callables_answer_with_a_truth_value_a_pair_or_an_outcome(store):
    def fair(candidate):
        return candidate.version.metrics["roc_auc"] > 0.5, "it is fair"

    outcomes = evaluated(
        [lambda one: True, lambda one: False, fair, lambda one: Outcome("Own", True), lambda one: 1 / 0],
        candidate(store, 2, 1),
    )
    assert [one.ok for one in outcomes] == [True, False, True, True, False]
    assert [one.gate for one in outcomes] == ["<lambda>", "<lambda>", "fair", "Own", "<lambda>"]
    assert outcomes[2].sentence == "it is fair"
    assert outcomes[4].error == "ZeroDivisionError: division by zero"


def test_a_gate_comes_from_another_package(monkeypatch):
    class Point:
        name = "blue_moon"

        def load(self):
            return dict

    monkeypatch.setitem(KNOWN.__dict__, "_foreign", {"blue_moon": Point()})
    assert ml.gates.BlueMoon is dict
    with pytest.raises(AttributeError, match="Did you mean 'NoWorse'"):
        ml.gates.NoWurse


def test_outcomes_read_as_json():
    assert json.loads(canonical.encode(canonical.unstructure(Outcome("A", True, "s", {"n": 1.5})))) == {
        "gate": "A",
        "ok": True,
        "sentence": "s",
        "measured": {"n": 1.5},
    }
