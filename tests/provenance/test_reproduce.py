"""A run that is made again comes to the same, or the reason is named, the first cause first."""

import asyncio
import functools
import importlib
import random
import sys
import textwrap
import threading
import time

import numpy as np
import pandas as pd
import pytest

import mlops_lite as ml
from mlops_lite.base.ref import Ref
from mlops_lite.errors import InvalidInputError, MissingLibraryError, NotFoundError, UntrustedError
from mlops_lite.provenance import fresh

FACTOR = 2.0
LEVELS = ("low", "high")
CLOCK = {"ticks": 0}


def scaled(value):
    return value * FACTOR


class Scaler:
    """Scales."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, value):
        return np.asarray(value) * self.factor


class Model(Scaler):
    """A class with a base."""

    @ml.track_run
    def fit(self, values):
        return self(values)


@ml.track_run(seed=3, experiment="again")
def train(data, *more, depth=6, level=LEVELS[0], **options):
    noise = random.random() + np.random.random()
    for step in range(3):
        ml.log(loss=scaled(noise) / (step + 1))
    ml.log_params(found=depth + 1)
    ml.log_artifact("curve", pd.DataFrame({"a": [noise]}))
    return {"weights": Scaler(depth)(data), "noise": noise, "level": level, "more": more, "options": options}


@pytest.mark.parametrize("code", ["recorded", "current"])
def test_the_same_comes_of_the_same(code):
    value = train([1.0, 2.0], (3, 4), depth=8, width=1)
    original = train.last_run
    found = ml.reproduce(original, code=code)
    assert found.verdict == "identical" and found.differences == ()
    assert found.run.parent == original and found.run.experiment == "again" and found.run.status == "finished"
    assert found.run.tags == {"reproduces": original.ref, "verdict": "identical"}
    assert found.run.params == original.params and found.run.seed == 3
    assert found.run.code.digest == original.code.digest
    assert train.last_run == original
    assert value["options"] == {"width": 1}


def test_no_seed_is_named_as_the_suspect():
    @ml.track_run
    def draw():
        ml.log(x=random.random())
        return random.random()

    draw()
    found = ml.reproduce(draw.last_run)
    assert found.verdict == "different"
    assert [one.kind for one in found.differences] == ["seed", "result", "metrics"]
    assert "no seed was set" in found.causes[0].sentence


def test_what_depends_on_nothing_recorded_is_said_to(monkeypatch):
    @ml.track_run(seed=0)
    def tick():
        return time.monotonic_ns()

    tick()
    found = ml.reproduce(tick.last_run.id)
    assert [one.kind for one in found.differences] == ["unknown", "result"]


def test_numbers_within_the_tolerance_are_equivalent():
    @ml.track_run(seed=0)
    def nearly():
        value = 1 + time.monotonic_ns() % 1000 * 1e-12
        ml.log(value=value)
        return np.array([value, 2.0])

    nearly()
    time.sleep(0.001)
    verdicts = {ml.reproduce(nearly.last_run).verdict for _ in range(5)}
    assert verdicts <= {"equivalent", "identical"} and "equivalent" in verdicts
    assert ml.reproduce(nearly.last_run, tolerance=0, ignore=["value", "result"]).verdict == "identical"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A package of two modules, of which one imports the other."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(**modules):
        (tmp_path / "shop").mkdir(exist_ok=True)
        (tmp_path / "shop" / "__init__.py").write_text("")
        for name, text in modules.items():
            (tmp_path / "shop" / f"{name}.py").write_text(textwrap.dedent(text))
        for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
            del sys.modules[name]
        importlib.invalidate_caches()
        from mlops_lite.tracking import sources

        monkeypatch.setattr(sources, "_texts", {})
        return importlib.import_module("shop.training")

    yield write
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
        del sys.modules[name]


HELPERS = """
    import enum, math
    RATE = {rate}
    class Base:
        def area(self):
            return math.floor(self.side ** 2 * RATE)
    class Square(Base):
        def __init__(self, side):
            self.side = side
    class Colour(enum.Enum):
        RED = 1
    def clean(value):
        return value {change}
"""
TRAINING = """
    import mlops_lite as ml
    import shop.helpers
    from shop import helpers as h
    from shop.helpers import Square, clean as tidy
    OFFSET = 10
    @ml.track_run(seed=0, store=None)
    def train(shape, colour=h.Colour.RED):
        assert isinstance(shape, Square) and colour is h.Colour.RED, colour
        return tidy(shape.area()) + h.clean(1) + shop.helpers.RATE + OFFSET
"""


def test_the_recorded_code_runs_even_after_everything_was_edited(project):
    module = project(helpers=HELPERS.format(rate=2, change="+ 1"), training=TRAINING)
    square = module.Square(3)
    assert module.train(square) == 19 + 2 + 2 + 10
    original = module.train.last_run
    edited = project(helpers=HELPERS.format(rate=5, change="* 2"), training=TRAINING.replace("10", "20"))
    found = ml.reproduce(original)
    assert found.verdict == "identical" and found.differences == ()
    assert sys.modules["shop.helpers"].RATE == 5 and sys.modules["shop.training"] is edited
    now = ml.reproduce(original, code="current")
    assert now.verdict == "different"
    assert [one.kind for one in now.differences] == ["code"] * 3 + ["result"]
    assert {one.name for one in now.causes} == {"clean", "OFFSET", "shop.helpers.RATE"}
    assert now.run.code.digest != original.code.digest


def test_annotations_may_name_what_only_a_type_checker_imports(project):
    module = project(
        training="""
        from __future__ import annotations
        from typing import TYPE_CHECKING
        import mlops_lite as ml
        if TYPE_CHECKING:
            from shop.nowhere import Shape
        def doubled(value: Shape) -> Shape:
            return value * 2
        @ml.track_run
        def train(value: Shape) -> Shape:
            return doubled(value)
        """
    )
    assert module.train(3) == 6
    assert ml.reproduce(module.train.last_run).verdict == "identical"


def test_a_function_of_an_installed_package_takes_its_own_module_along(project, monkeypatch):
    from mlops_lite.tracking import closure

    module = project(
        training="""
        import mlops_lite as ml
        def doubled(value):
            return value * 2
        @ml.track_run
        def train(value):
            return doubled(value)
        """
    )
    monkeypatch.setattr(closure, "is_project", lambda file: False)
    assert module.train(3) == 6
    assert ml.reproduce(module.train.last_run).verdict == "identical"


def test_a_module_that_is_gone_does_not_matter_to_the_recorded_code(project, tmp_path):
    module = project(helpers=HELPERS.format(rate=2, change="+ 1"), training=TRAINING)
    module.train(module.Square(3))
    original = module.train.last_run
    (tmp_path / "shop" / "training.py").unlink()
    (tmp_path / "shop" / "helpers.py").unlink()
    for name in ("shop.training", "shop.helpers", "shop"):
        sys.modules.pop(name, None)
    importlib.invalidate_caches()
    assert ml.reproduce(original).verdict == "identical"
    with pytest.raises(NotFoundError, match=r"'train' of run .* is not in 'shop.training' now"):
        ml.reproduce(original, code="current")


def test_an_argument_that_the_function_no_longer_takes_is_named(project):
    training = "import mlops_lite as ml\n@ml.track_run\ndef train({}=1):\n    return 1\n"
    module = project(training=training.format("depth"))
    module.train()
    project(training=training.format("width"))
    with pytest.raises(InvalidInputError, match=r"takes no argument 'depth' now.*code='recorded'"):
        ml.reproduce(module.train.last_run, code="current")


@ml.track_run(seed=1)
async def slow(x):
    await asyncio.sleep(0)
    ml.log(x=random.random())
    return x + random.random()


@ml.track_run(seed=1)
def steps(count):
    for number in range(count):
        ml.log(number=random.random())
        yield number
    return "end"


@ml.track_run(seed=1)
async def async_steps(count):
    for number in range(count):
        await asyncio.sleep(0)
        ml.log(number=random.random())
        yield number


async def everything(found):
    return [one async for one in found]


@pytest.mark.parametrize(
    ("function", "use"),
    [(slow, asyncio.run), (steps, list), (async_steps, lambda found: asyncio.run(everything(found)))],
)
def test_functions_of_every_kind_can_be_made_again(function, use):
    use(function(3))
    found = ml.reproduce(function.last_run)
    assert found.verdict == "identical" and found.run.metrics


def test_a_coroutine_can_be_made_again_where_a_loop_runs_as_in_a_notebook():
    async def cell():
        await slow(1)
        return ml.reproduce(slow.last_run).verdict

    assert asyncio.run(cell()) == "identical"


def test_a_method_is_made_again_with_what_it_is_a_method_of():
    Model(4).fit([1, 2])
    found = ml.reproduce(Model.fit.last_run)
    assert found.verdict == "identical" and ml.get(found.run.ref).status == "finished"


def test_a_failure_is_made_again_too():
    @ml.track_run
    def fail(x):
        raise ValueError(f"no {x}")

    with pytest.raises(ValueError, match=r"no 1"):
        fail(1)
    found = ml.reproduce(fail.last_run)
    assert found.verdict == "identical" and found.run.error.message == "no 1"


def test_what_was_not_kept_is_asked_for_and_compared_with_what_was_recorded():
    large = np.arange(100_000.0)

    @ml.track_run(seed=0)
    def use(values, password):
        return float(values.sum())

    use(large, password="hunter22")
    with pytest.raises(InvalidInputError, match=r"given=\{'password': …, 'values': …\}") as raised:
        ml.reproduce(use.last_run)
    assert set(raised.value.lost) == {"values", "password"}
    assert ml.reproduce(use.last_run, given={"values": large, "password": "hunter22"}).verdict == "identical"
    found = ml.reproduce(use.last_run, given={"values": large + 1, "password": "hunter22"})
    assert found.verdict == "different" and [one.kind for one in found.differences] == ["data", "result"]
    assert found.causes[0].name == "values"
    with pytest.raises(InvalidInputError, match=r"reads no global 'value'. Did you mean 'values'?"):
        ml.reproduce(use.last_run, given={"value": 1})


LOCK = threading.Lock()


@ml.track_run
def locked():
    with LOCK:
        return 1


def test_a_global_that_was_not_kept_is_asked_for_too():
    locked()
    with pytest.raises(InvalidInputError, match=r"has not kept the global 'LOCK'.*given={'LOCK'"):
        ml.reproduce(locked.last_run)
    assert ml.reproduce(locked.last_run, given={"LOCK": threading.Lock()}).verdict == "identical"


def doubled(function):
    @functools.wraps(function)
    def twice(*args):
        return 2 * function(*args)

    return twice


@doubled
@ml.track_run
@doubled
def wrapped(x):
    return x + 1


@pytest.mark.parametrize("code", ["recorded", "current"])
def test_decorators_below_belong_to_the_function_and_those_above_do_not(code):
    assert wrapped(1) == 8
    found = ml.reproduce(wrapped.__wrapped__.last_run, code=code)
    assert found.verdict == "identical" and found.run.result == 4


class Snapshot:
    """Stands for a snapshot: has a ref and loads a frame."""

    def __init__(self, ref):
        self.ref = ref

    def to_pandas(self, columns=None):
        frame = pd.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6]})[columns or ["a", "b"]]
        ml.workspace.remember(frame, self.ref)
        return frame


@pytest.fixture
def snapshots(store, monkeypatch):
    store.log("dataset", "flights").append({}, action="snapshot")
    real = ml.workspace.open
    opened = lambda ref, where=None: Snapshot(ref) if ref.startswith("dataset/") else real(ref, where)  # noqa: E731
    monkeypatch.setattr(ml.workspace, "open", opened)
    return Snapshot(Ref("dataset/flights@1"))


@ml.track_run
def count(frame, snapshot, many):
    return len(frame.columns), str(snapshot.ref), [str(one.ref) for one in many["all"]]


def test_inputs_are_had_again_from_their_refs(snapshots, store):
    count(snapshots.to_pandas(["b"]), snapshots, {"all": [snapshots]})
    found = ml.reproduce(count.last_run)
    assert found.verdict == "identical" and found.run.inputs == ("dataset/flights@1",)
    assert found.run.result[0] == 1


def test_a_frame_that_was_changed_after_loading_is_kept_as_it_was_given(snapshots):
    frame = snapshots.to_pandas()
    frame["c"] = 1
    count(frame, snapshots, {"all": []})
    found = ml.reproduce(count.last_run)
    assert found.verdict == "identical" and found.run.result[0] == 3


# --- what is refused -------------------------------------------------------------------------------------------


def test_a_block_an_open_run_and_an_untrusted_store_are_refused(store):
    with ml.start_run() as block, pytest.raises(InvalidInputError, match=r"is running: it has no end"):
        ml.reproduce(block)
    with pytest.raises(InvalidInputError, match=r"is of a block.*Put the block into a function"):
        ml.reproduce(block)
    locked()
    with pytest.raises(UntrustedError, match=r"needs trusted='code'.*trusted='code'\), then ml.reproduce\('run/"):
        ml.reproduce(locked.last_run.id, store=ml.Store(store.url, trusted="arrays"))
    with pytest.raises(InvalidInputError, match=r"code= is 'recorded' or 'current', not 'old'"):
        ml.reproduce(locked.last_run, code="old")
    with pytest.raises(NotFoundError, match=r"There is no run"):
        ml.reproduce("01NOPE")


def test_a_cached_result_is_reproduced_by_running_what_it_came_from():
    calls = []

    @ml.track_run(cache=True)
    def work(x):
        return x + 1

    work(1)
    first = work.last_run
    work(1)
    assert work.last_run.cached_from == first and not calls
    found = ml.reproduce(work.last_run)
    assert found.original == first and found.verdict == "identical"


# --- in an environment of its own ------------------------------------------------------------------------------


def test_another_process_makes_the_run_again(project, monkeypatch):
    module = project(helpers=HELPERS.format(rate=2, change="+ 1"), training=TRAINING)
    module.train(module.Square(3))
    original = module.train.last_run.sync()
    monkeypatch.setattr(fresh, "interpreter", lambda run: sys.executable)
    for code in ("recorded", "current"):
        found = ml.reproduce(original, environment="recorded", code=code)
        assert found.verdict == "identical" and found.run.parent == original
        assert found.run.facts["process"]["pid"] != original.facts["process"]["pid"]


def test_values_that_are_given_reach_the_other_process(monkeypatch):
    locked()
    monkeypatch.setattr(fresh, "interpreter", lambda run: sys.executable)
    with pytest.raises(InvalidInputError, match=r"cannot be made again in its environment.*LOCK"):
        ml.reproduce(locked.last_run.sync(), environment="recorded")
    import contextlib

    given = {"LOCK": contextlib.nullcontext()}
    assert ml.reproduce(locked.last_run, environment="recorded", given=given).run.status == "finished"


def test_requirements_name_what_was_recorded_and_what_this_library_needs():
    locked()
    found = fresh.requirements(locked.last_run.environment)
    assert f"numpy=={np.__version__}\n" in found and "cloudpickle==" in found and "mlops" not in found
    assert all(line.count("==") == 1 or " @ " in line or line.startswith("-e ") for line in found.splitlines())


def test_what_pip_says_reaches_the_reader():
    locked()
    with pytest.raises(MissingLibraryError, match=r"cannot be installed: no such package.*environment='current'"):
        fresh._call([sys.executable, "-c", "import sys; sys.exit('no such package')"], locked.last_run)


@pytest.mark.slow
def test_packages_that_cannot_be_installed_are_named(monkeypatch):
    locked()
    monkeypatch.setattr(fresh, "requirements", lambda environment: "no-such-package-at-all==0\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(MissingLibraryError, match=r"no-such-package-at-all.*environment='current'"):
        ml.reproduce(locked.last_run, environment="recorded")


def test_a_store_in_memory_cannot_be_reached_from_another_process(monkeypatch):
    monkeypatch.setattr(fresh, "interpreter", lambda run: sys.executable)
    with ml.Store("memory://alone"):
        locked()
        with pytest.raises(InvalidInputError, match=r"cannot reach the store"):
            ml.reproduce(locked.last_run, environment="recorded")


@pytest.mark.slow
def test_an_environment_is_made_from_the_recorded_packages(monkeypatch):
    train([1.0, 2.0])
    try:
        found = ml.reproduce(train.last_run.sync(), environment="recorded")
    except MissingLibraryError as error:  # no package index can be reached from here
        pytest.skip(str(error))
    assert found.verdict == "identical"
    assert found.run.environment.packages["numpy"] == np.__version__
    assert "environments" in found.run.environment.details["executable"]
    monkeypatch.setattr(fresh, "_make", lambda *_: pytest.fail("made again"))
    assert ml.reproduce(train.last_run, environment="recorded").verdict == "identical"


def test_a_version_that_is_returned_is_compared_by_what_it_holds():
    registry = ml.Registry()

    @ml.track_run
    def same():
        return registry.register("weights", {"w": np.arange(3.0)})

    @ml.track_run
    def other():
        return registry.register("weights", {"w": np.random.default_rng().normal(size=3)})

    assert same().ref == "model/weights@1"
    assert ml.reproduce(same.last_run).verdict == "identical"
    other()
    assert ml.reproduce(other.last_run).verdict == "different"
