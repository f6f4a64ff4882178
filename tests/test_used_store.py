"""What ``ml.use`` chose holds in the processes that are started from here, with no run open."""

import json
import multiprocessing
import os
import subprocess
import sys

import pytest

import mlops_lite as ml
from mlops_lite.workspace import default
from tests.tracking import workers

SPAWN = multiprocessing.get_context("spawn")
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def used(tmp_path, monkeypatch):
    """A store in use, and a working directory in which no store would be found."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    return ml.use(tmp_path / "used")


@pytest.fixture
def executor():
    loky = pytest.importorskip("joblib.externals.loky")
    loky.get_reusable_executor().shutdown(wait=True)  # its workers know the environment of another test
    yield
    loky.get_reusable_executor().shutdown(wait=True)


def test_workers_of_joblib_keep_their_runs_there(used, executor):
    joblib = pytest.importorskip("joblib")
    where = joblib.Parallel(n_jobs=2)(joblib.delayed(workers.tracked_where)(number) for number in range(8))
    assert set(where) == {used.url} and len(ml.runs()) == 8
    assert os.listdir() == []


@pytest.mark.parametrize("context", [FORK, SPAWN], ids=["fork", "spawn"])
def test_workers_of_a_pool_keep_their_runs_there(context, used):
    with context.Pool(2) as pool:
        assert set(pool.map(workers.tracked_where, range(4))) == {used.url}
    assert len(ml.runs()) == 4 and os.listdir() == []


def test_a_program_of_a_worker_finds_it_too(used):
    with SPAWN.Pool(1) as pool:
        assert pool.apply(workers.default_store_of_a_child) == used.url


def test_a_worker_that_uses_another_store_tells_its_own_programs_of_that(used, tmp_path):
    other = str(tmp_path / "other")
    with SPAWN.Pool(1) as pool:
        assert pool.apply(workers.use, (other,)) == other
        assert pool.apply(workers.default_store) == other
    assert workers.default_store_of_a_child() == used.url


def test_the_environment_is_overruled_if_it_was_set_before_and_overrules_if_since(used, tmp_path, monkeypatch):
    monkeypatch.setenv(default.CHOSEN, str(tmp_path / "chosen"))
    assert workers.default_store_of_a_child() == str(tmp_path / "chosen")
    ml.use(used.url)
    assert workers.default_store_of_a_child() == used.url
    monkeypatch.setenv(default.CHOSEN, str(tmp_path / "since"))
    assert workers.default_store_of_a_child() == str(tmp_path / "since")


def test_a_run_in_another_store_overrules_it_while_it_lasts(used, tmp_path):
    other = ml.Store(tmp_path / "other")
    with ml.start_run(store=other):
        assert workers.default_store_of_a_child() == other.url
        ml.use(used.url)
        assert workers.default_store_of_a_child() == used.url
    assert workers.default_store_of_a_child() == used.url


def test_memory_is_told_to_nobody(used):
    ml.use("memory://of-this-process")
    assert default.USED not in os.environ


def test_what_was_said_with_it_is_passed_on_and_no_secret_and_nothing_that_json_cannot_say(tmp_path, monkeypatch):
    monkeypatch.setattr(default, "Store", lambda url, **options: Told(url, options))
    ml.use(
        "s3://bucket/prefix", trusted="code", endpoint_url="http://127.0.0.1:9", key="AKIA", secret="x", made=object()
    )
    told = json.loads(os.environ[default.USED])["store"]
    assert told == {
        "url": "s3://bucket/prefix",
        "trusted": "code",
        "single_writer": False,
        "endpoint_url": "http://127.0.0.1:9",
    }


class Told:
    """A store as far as its address goes."""

    def __init__(self, url, options):
        self.url = url
        self.trusted = options.pop("trusted")
        self.single_writer = options.pop("single_writer")
        self._options = options


def test_it_is_not_left_behind_when_the_interpreter_ends(tmp_path):
    code = (
        "import atexit, os; atexit.register(lambda: print(sorted(os.environ)))\n"  # the first is called last
        f"import mlops_lite as ml; ml.use({str(tmp_path / 'used')!r}); print('MLOPS_LITE_USED' in os.environ)"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said.startswith("True") and default.USED not in said


@pytest.mark.parametrize("rubbish", ["", "[]", "{", '{"store": 3}', '{"store": {}}', '{"store": {"url": null}}'])
def test_rubbish_in_the_environment_is_passed_over(rubbish, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(default.USED, rubbish)
    assert workers.default_store() == str(tmp_path / ".mlops_lite")
