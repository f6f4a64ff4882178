"""What is captured of a run is what ran, where, and no secret."""

import importlib
import os
import random
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pandas as pd
import pytest

import mlops_lite as ml
from mlops_lite.base import canonical
from mlops_lite.tracking import RunWarning, capture
from mlops_lite.tracking.capture import git as git_capture

SHIFT = 10
TABLE = [1, 2, 3]


def helper(x):
    return deeper(x) + SHIFT


def deeper(x):
    return np.sum(x) + len(TABLE)


class Scaler:
    """Scales."""

    def __init__(self, factor):
        self.factor = helper(factor)


@ml.track_run
def train(x):
    return Scaler(x).factor + helper(x)


def unrelated():
    return "not called"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A repository with a module in it, imported from there."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(git_capture, "_repositories", {})
    run = lambda *words: subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)  # noqa: E731
    run("init", "-q", "-b", "work")
    run("config", "user.email", "a@b.c")
    run("config", "user.name", "a")
    run("remote", "add", "origin", "https://me:hunter22x@example.org/repo.git")

    def write(name, text):
        (folder / name).write_text(textwrap.dedent(text))
        importlib.invalidate_caches()

    write("pipeline.py", "import mlops_lite as ml\n\nRATE = 1\n\n@ml.track_run\ndef fit(x):\n    return x + RATE\n")
    run("add", ".")
    run("commit", "-q", "-m", "first")
    yield write, run
    for name in ("pipeline", "extra"):
        sys.modules.pop(name, None)


# --- code ------------------------------------------------------------------------------------------------------


def test_the_closure_holds_what_is_called_and_what_is_read_and_no_more():
    train(1)
    code = train.last_run.code
    assert code.source.startswith("@ml.track_run\ndef train(x):")
    assert {part.name for part in code.parts} == {"helper", "deeper", "Scaler"}
    assert dict(code.globals) == {"SHIFT": 10, "TABLE": [1, 2, 3]}
    assert "import numpy as np" in code.imports and code.edited == ()
    assert "not called" not in code.script()
    namespace = {}
    exec(code.script(), namespace)
    assert namespace["train"].__wrapped__(2) == train.__wrapped__(2)


def test_the_digest_follows_what_the_code_does(monkeypatch):
    train(1)
    first = train.last_run.code.digest
    train(2)
    assert train.last_run.code.digest == first
    monkeypatch.setitem(globals(), "SHIFT", 11)
    train(1)
    assert train.last_run.code.digest != first
    monkeypatch.setitem(globals(), "SHIFT", 10)
    monkeypatch.setitem(globals(), "deeper", lambda x: 0)
    train(1)
    assert train.last_run.code.digest != first


def test_code_that_was_edited_after_import_is_recorded_as_it_was_imported(project):
    write, _ = project
    import pipeline

    pipeline.fit(1)
    assert pipeline.fit.last_run.code.edited == ()
    write("pipeline.py", "import mlops_lite as ml\n\n@ml.track_run\ndef fit(x):\n    return 'edited'\n")
    assert pipeline.fit(1) == 2
    code = pipeline.fit.last_run.code
    assert "return x + RATE" in code.source and "edited" not in code.source
    assert [os.path.basename(file) for file in code.edited] == ["pipeline.py"]


def test_a_module_that_was_edited_before_it_was_first_called_is_known_to_be(project):
    write, _ = project
    write("extra.py", "def add(x):\n    return x + 1\n")
    import extra

    write("extra.py", "def add(x):\n    return x + 2\n")

    @ml.track_run
    def use(x):
        return extra.add(x)

    assert use(1) == 2
    assert [os.path.basename(file) for file in use.last_run.code.edited] == ["extra.py"]


def test_functions_of_cells_are_followed_and_renewed():
    import linecache

    def cell(number, text, namespace):
        name = f"<ipython-input-{number}-abc>"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        exec(compile(text, name, "exec"), namespace)

    namespace = {"ml": ml, "__name__": "__main__"}
    cell(1, "def clean(x):\n    return x + 1\n", namespace)
    cell(2, "@ml.track_run\ndef fit(x):\n    return clean(x)\n", namespace)
    assert namespace["fit"](1) == 2
    first = namespace["fit"].last_run.code
    assert [part.source for part in first.parts] == ["def clean(x):\n    return x + 1\n"]
    cell(3, "def clean(x):\n    return x + 5\n", namespace)
    assert namespace["fit"](1) == 6
    second = namespace["fit"].last_run.code
    assert second.digest != first.digest and "x + 5" in second.parts[0].source


def test_code_without_source_does_not_break_a_run():
    namespace = {"ml": ml}
    exec("@ml.track_run\ndef fit(x):\n    return x\n", namespace)
    assert namespace["fit"](1) == 1 and namespace["fit"].last_run.status == "finished"


def test_a_block_keeps_the_script_that_it_stands_in():
    with ml.start_run() as run:
        pass
    assert run.code.source.startswith('"""What is captured of a run')


# --- git -------------------------------------------------------------------------------------------------------


def test_commit_branch_and_what_was_changed_are_captured(project, monkeypatch):
    write, git = project
    import pipeline

    head = git("rev-parse", "HEAD").stdout.decode().strip()
    pipeline.fit(1)
    clean = pipeline.fit.last_run.git
    assert (clean.commit, clean.branch, clean.dirty, clean.diff) == (head, "work", False, "")
    assert "hunter22x" not in clean.remote and clean.remote.endswith("@example.org/repo.git")
    assert clean.time is not None
    write("pipeline.py", "RATE = 2\n")
    write(".env", "SECRET=1\n")
    write("extra.py", "VALUE = 3\n")
    write("never.py", "VALUE = 4\n")
    git("add", ".env")
    importlib.import_module("extra")
    monkeypatch.setattr(git_capture, "_repositories", {})
    pipeline.fit(1)
    changed = ml.get(pipeline.fit.last_run.ref).git
    assert changed.dirty and "+RATE = 2" in changed.diff and ".env" not in changed.diff
    assert dict(changed.untracked) == {"extra.py": "VALUE = 3\n"}


def test_a_later_run_does_not_wait_for_git(project, monkeypatch):
    import pipeline

    pipeline.fit(1)
    monkeypatch.setattr(git_capture, "_ask", lambda root: pytest.fail("asked again"))
    pipeline.fit(1)
    assert pipeline.fit.last_run.git.commit


def test_a_git_that_does_not_answer_is_said(project, monkeypatch):
    import time

    import pipeline

    monkeypatch.setattr(git_capture, "_PATIENCE_S", 0.05)
    monkeypatch.setattr(git_capture, "_ask", lambda root: time.sleep(0.5))
    pipeline.fit(1)
    found = pipeline.fit.last_run
    assert "longer than" in found.facts["git"]["unanswered"]
    assert found.git.branch == "work" and found.git.dirty is None


# --- packages and machine --------------------------------------------------------------------------------------


def test_packages_that_were_imported_are_named_with_their_versions():
    pytest.importorskip("sklearn")
    with ml.start_run() as run:
        pass
    packages = run.environment.packages
    assert packages["numpy"] == np.__version__
    assert packages["scikit-learn"] == sys.modules["sklearn"].__version__  # whose module has another name
    assert "mkdocs" not in packages and "json" not in packages
    assert f"numpy=={np.__version__}\n" in run.environment.requirements


def test_every_requirement_is_one_that_pip_understands():
    requirements = pytest.importorskip("packaging.requirements")
    with ml.start_run() as run:
        pass
    lines = [line for line in run.environment.requirements.splitlines() if not line.startswith("-e ")]
    assert [requirements.Requirement(line).name for line in lines]


def test_the_machine_is_described():
    with ml.start_run() as run:
        pass
    environment = run.environment
    assert environment.python == sys.version.split()[0] and environment.cores == os.cpu_count()
    process = run.facts["process"]
    assert process["pid"] == os.getpid() and process["cpu_s"] >= 0 and process["peak_bytes"] > 1 << 20


# --- seeds -----------------------------------------------------------------------------------------------------


def test_a_seed_is_set_and_recorded():
    @ml.track_run(seed=3)
    def draw():
        return random.random(), np.random.rand()

    first = draw()
    random.random()
    assert draw() == first and draw.last_run.seed == 3

    @ml.track_run
    def free():
        return random.random()

    assert free() != free() and free.last_run.seed is None


def test_tracking_draws_nothing_from_the_generators_of_the_user():
    random.seed(1)
    expected = [random.random() for _ in range(3)]
    random.seed(1)
    with ml.start_run():
        ml.log(a=1)
    assert [random.random() for _ in range(3)] == expected


# --- arguments -------------------------------------------------------------------------------------------------


class Rude:
    def __repr__(self):
        raise RuntimeError("no repr")

    def __reduce__(self):
        raise RuntimeError("no pickle")

    @property
    def shape(self):
        raise RuntimeError("no shape")


def test_an_argument_that_raises_whatever_is_asked_of_it_is_described():
    train_on(Rude())
    found = ml.get(train_on.last_run.ref).params["x"]
    assert found.type.endswith("Rude") and found.digest is None and "no pickle" in found.reason


@ml.track_run
def train_on(x):
    return None


def test_a_list_that_holds_itself_and_a_deep_one_are_described():
    own = [1]
    own.append(own)
    deep = []
    for _ in range(100_000):
        deep = [deep]
    for value in (own, deep):
        train_on(value)
        assert ml.get(train_on.last_run.ref).params["x"]
    while deep:  # taken apart, for Python takes it apart by recursion
        deep = deep[0]


def test_a_generator_is_not_used_up():
    numbers = (number for number in range(3))
    train_on(numbers)
    assert list(numbers) == [0, 1, 2]


def test_large_arguments_are_known_by_digest_and_the_largest_by_description():
    array = np.arange(1000.0)
    train_on(array)
    first = ml.get(train_on.last_run.ref).params["x"]
    assert first.shape == (1000,) and first.nbytes == 8000 and len(first.digest) == 64
    train_on(array.copy())
    assert train_on.last_run.params["x"].digest == first.digest
    train_on(array + 1)
    assert train_on.last_run.params["x"].digest != first.digest
    train_on(np.broadcast_to(np.float64(0), (2 << 30) // 8))  # 2 GiB by its own word
    huge = train_on.last_run.params["x"]
    assert huge.digest is None and "larger than 64 MiB" in huge.reason


def test_what_grows_while_it_is_pickled_is_given_up():
    train_on([b"x" * (1 << 20)] * 100)
    assert train_on.last_run.params["x"]


def test_a_run_holds_no_argument_in_memory():
    import gc
    import weakref

    class Frame:
        pass

    frame = Frame()
    gone = weakref.ref(frame)
    train_on(frame)
    del frame
    gc.collect()
    assert gone() is None


# --- plug-ins --------------------------------------------------------------------------------------------------


def test_a_plugin_that_fails_costs_its_fact_and_a_warning(monkeypatch):
    def fail(call):
        raise RuntimeError("broken")

    monkeypatch.setattr(capture, "_steps", lambda when: [("mine", fail), ("other", lambda call: {"when": when})])
    with pytest.warns(RunWarning, match="could not note its mine: RuntimeError: broken"):
        train_on(1)
    assert dict(train_on.last_run.facts) == {"other": {"when": "after"}}


# --- data --------------------------------------------------------------------------------------------------------


@ml.track_run
def learn(frame, size=(1, 2)):
    return len(frame) + len(size)


def test_a_frame_that_was_loaded_is_an_input_and_is_marked_when_it_was_changed(store):
    store.log("dataset", "flights").append({}, action="snapshot")
    frame = pd.DataFrame({"a": [1, 2, 3]})
    ml.workspace.remember(frame, "dataset/flights@1")
    learn(frame)
    run = ml.get(learn.last_run.ref)
    assert run.inputs == ("dataset/flights@1",) and not run.inputs[0].changed
    assert run.params["frame"] == "dataset/flights@1"
    frame.loc[0, "a"] = 7
    learn(frame)
    run = ml.get(learn.last_run.ref)
    assert run.inputs == ("dataset/flights@1",) and run.inputs[0].changed
    assert run.params["frame"].changed_from == "dataset/flights@1" and run.params["frame"].digest
    learn(frame.copy())
    assert learn.last_run.inputs == ()


def test_what_makes_an_argument_is_kept_where_it_is_small_and_no_secret():
    def kept(**arguments):
        learn(**arguments)
        run = learn.last_run
        return canonical.decode(run.store.objects.read(run.facts["arguments"]["object"]))

    assert kept(frame=[1, 2]) == {
        "names": ["frame", "size"],
        "kept": {"size": kept(frame=[])["kept"]["size"]},
        "loaded": {},
        "lost": {},
    }
    assert "larger than 64 KiB" in kept(frame=[str(number) for number in range(20_000)])["lost"]["frame"]
    assert "80,000 bytes" in kept(frame=np.zeros(10_000))["lost"]["frame"]
    assert "secret" in kept(frame={"password": "abc"})["lost"]["frame"]
    assert "secret" in kept(frame=({"password": "abc"},))["lost"]["frame"]
    assert "TypeError" in kept(frame=(threading.Lock(), 1))["lost"]["frame"]


def fresh(*names):
    for name in names:
        sys.modules.pop(name, None)
    importlib.invalidate_caches()


@pytest.fixture
def no_texts(monkeypatch):
    from mlops_lite.tracking import sources

    return lambda: monkeypatch.setattr(sources, "_texts", {})


def test_modules_that_are_imported_inside_the_function_belong_to_its_code(project, no_texts):
    write, _ = project
    write("deep.py", "LEVEL = 1\n")
    write("extra.py", "import numpy\nfrom deep import LEVEL\n\ndef add(x):\n    return x + LEVEL\n")

    @ml.track_run
    def use(x):
        import json

        from extra import add

        return json.loads(str(add(x)))

    assert use(1) == 2
    first = use.last_run.code
    assert {part.module for part in first.parts} == {"extra", "deep"}
    assert "def add(x)" in first.script() and "LEVEL = 1" in first.script()
    write("deep.py", "LEVEL = 2\n")
    fresh("deep", "extra")
    no_texts()
    capture.code._closures.clear()
    assert use(1) == 3 and use.last_run.code.digest != first.digest
    assert ml.reproduce(ml.runs(order_by="started_at")[0]).verdict == "identical"
    fresh("deep", "extra")


class Pipeline:
    """A method that calls others of its class and of its base."""

    @ml.track_run
    def run(self, x):
        return self.clean(x) + RULE(x)

    def clean(self, x):
        return helper(x)


class Rule:
    def __call__(self, x):
        return deeper(x)


RULE = Rule()


def test_a_method_brings_its_class_and_a_global_object_brings_its_own():
    Pipeline().run(1)
    code = Pipeline.run.last_run.code
    assert {part.name for part in code.parts} == {"Pipeline", "Rule", "helper", "deeper"}
    assert ml.reproduce(Pipeline.run.last_run).verdict == "identical"
