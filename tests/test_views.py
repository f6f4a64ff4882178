"""Every value that draws itself, as one loop makes it, with names that would like to be markup."""

import importlib
import os
import pkgutil
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import mlops_lite as ml
from mlops_lite.display import Drawn
from mlops_lite.display.escape import width
from mlops_lite.tracking.plot import Curves

OPTIONAL = [
    "IPython",
    "adlfs",
    "duckdb",
    "gcsfs",
    "ipykernel",
    "joblib",
    "lightgbm",
    "matplotlib",
    "networkx",
    "onnx",
    "onnxruntime",
    "polars",
    "psutil",
    "s3fs",
    "sklearn",
    "torch",
    "xgboost",
]
EVIL = "<script>alert('&')</script>"


class Line:
    """A model of two parameters."""

    def predict(self, X):
        return (np.asarray(X["age"]) > 40).astype(int)

    def predict_proba(self, X):
        p = 1 / (1 + np.exp(-(np.asarray(X["age"]) - 40) / 10))
        return np.stack([1 - p, p], axis=1)


def table(word, rows, shift=0.0, seed=0):
    import pandas as pd

    dice = np.random.default_rng(seed)
    age = dice.normal(40 + shift, 10, rows)
    frame = pd.DataFrame({"id": np.arange(rows), "age": age, word: dice.choice([word, "Rome"], rows)})
    return frame.assign(late=(age + dice.normal(0, 10, rows) > 40).astype(int))


@pytest.fixture(scope="module", params=[EVIL, "word"], ids=["markup", "word"])
def values(request, tmp_path_factory):
    """What a loop with a run, two versions, a deployment and an alarm leaves behind."""
    with pytest.MonkeyPatch.context() as patch, ml.Store(tmp_path_factory.mktemp("views") / "store") as store:
        patch.setenv("MLOPS_LITE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("MLOPS_LITE_AUTHOR", request.param)
        return list(made(store, request.param))


def made(store, word):
    registry, ds = ml.Registry(), ml.Dataset("visitors")
    snapshot = ds.snapshot(table(word, 600), key="id", message=word)
    ds.snapshot(table(word, 600, 1.0), message=word)
    ds.tag("golden", 1)
    yield from (snapshot, ds, ds.versions(), ds.diff(1, 2), snapshot.statistics)

    @ml.track_run(experiment=word, seed=0, tags={"what": word})
    def train(data, text=word):
        ml.log(loss=np.geomspace(1, 0.01, 300))
        ml.log({word: 1.0})
        ml.log_artifact("note.txt", word.encode())
        return registry.register(
            "visits", Line(), dataset=data, example=table(word, 5)[["age"]], message=word, params={word: word}
        )

    for _ in range(2):
        train(snapshot)
    run = ml.runs()[0]
    run.note(word)
    yield from (
        train.last_run,
        run,
        ml.runs(),
        run.artifacts,
        run.artifacts["note.txt"],
        run.code,
        run.environment,
        snapshot.schema,
    )

    @ml.track_run
    def fails():
        raise ValueError(word)

    with pytest.raises(ValueError, match=re.escape(word)):
        fails()
    yield from (fails.last_run, fails.last_run.error)
    registry.promote("visits@1", "champion", message=word)
    version = registry.get("visits@2")
    yield from (version, registry, registry.versions("visits"), registry.diff("visits", 1, 2), version.signature)
    yield from (registry.inspect("visits@2"), ml.compare("visits@1", "visits@2"), ml.compare(run, train.last_run))

    gates = [ml.gates.NoWorse("roc_auc", on=snapshot, target="late"), ml.gates.Smoke()]
    yield ml.deploy("visits@1", to="prod", gates=gates, message=word)
    yield ml.deploy("visits@2", to="prod", gates=gates, dry_run=True)
    ml.deploy("visits@2", to="prod")
    live = ml.Deployment("prod", follow=None)
    monitor = ml.Monitor("visits", reference=snapshot, target="late", exclude=["id"], model="deployment/prod")
    report = monitor.on_alert(ml.actions.rollback("prod")).check(table(word, 600, 30.0, seed=1))
    assert not report.ok
    yield from (live, live.history(), monitor, report, monitor.history(), report["age"], *report.findings[:1])
    yield from (monitor.plot(), ml.get(monitor.ref.at(1)), Curves({word: run.history("loss")}, word))
    yield from (ml.lineage(report), ml.lineage(snapshot), ml.reproduce(run))
    yield from (store, store.verify(), store.gc(dry_run=True), store.sync(to="memory://views-copy"))


def drawn(values):
    return [value for value in values if hasattr(value, "_repr_html_") and not hasattr(value, "to_html")]


def everything_below(cls):
    return {cls, *(one for sub in cls.__subclasses__() for one in everything_below(sub))}


def test_every_value_that_draws_itself_is_among_them(values):
    """A new one is added to the loop above."""
    for module in pkgutil.walk_packages(ml.__path__, "mlops_lite."):
        if not module.name.startswith(("mlops_lite.testing", "mlops_lite.formats", "mlops_lite.demo")):
            importlib.import_module(module.name)
    below = {cls for cls in everything_below(Drawn) - {Drawn} if cls.__module__.startswith("mlops_lite.")}
    ours = {cls for cls in below if "_view" in vars(cls)}
    seen = {cls for value in values for cls in type(value).__mro__}
    assert {cls.__qualname__ for cls in ours - seen} == set()


def test_each_is_well_formed_small_and_harmless(values, request):
    for value in drawn(values):
        html = value._repr_html_()
        root = ET.fromstring(html)
        what = type(value).__name__
        assert "script" not in {element.tag for element in root.iter()}, what
        assert len(html) <= (8_192 if "word" in request.node.name else 10_000), (what, len(html))
        assert html.count("<style>") == 1, what


def test_each_table_has_a_caption_and_scopes(values):
    for value in drawn(values):
        for table in ET.fromstring(value._repr_html_()).iter("table"):
            assert table.findtext("caption"), type(value).__name__
            assert {head.get("scope") for head in table.iter("th")} <= {"col", "row"}


def test_each_has_a_plain_twin_as_wide_as_the_terminal(values, monkeypatch):
    for columns in (60, 120):
        monkeypatch.setenv("COLUMNS", str(columns))
        for value in drawn(values):
            lines = str(value).splitlines()
            assert max(map(width, lines)) <= columns, type(value).__name__
            assert all(line.isprintable() for line in lines), type(value).__name__


def test_each_keeps_a_name_of_one_line(values):
    for value in values:
        assert "\n" not in repr(value), type(value).__name__


def test_the_required_libraries_are_enough_for_the_whole_loop(tmp_path):
    """Without any other library, and without a warning, each value is made and drawn."""
    code = (
        "import sys, warnings; warnings.simplefilter('error')\n"
        f"sys.modules.update(dict.fromkeys({OPTIONAL!r}))\n"
        "import mlops_lite as ml; from tests.test_views import drawn, made\n"
        f"with ml.Store({str(tmp_path / 'store')!r}) as store:\n"
        "    for value in drawn(made(store, 'word')): str(value), value._repr_html_()\n"
    )
    environment = os.environ | {"PYTHONPATH": os.path.dirname(os.path.dirname(__file__))}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
