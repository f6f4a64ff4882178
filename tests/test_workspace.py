"""Which store is meant, which run is open, and what a ref stands for."""

import asyncio
import os
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import mlops_lite as ml
from mlops_lite import workspace
from mlops_lite.base.ref import Ref
from mlops_lite.errors import InvalidInputError, MissingLibraryError, NotFoundError, UnsupportedStoreError
from mlops_lite.store import Store
from mlops_lite.workspace import default, origins


@pytest.fixture
def below(tmp_path, monkeypatch):
    """A working directory two folders down, in a home of its own."""
    folder = tmp_path / "home" / "project" / "notebooks"
    folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(folder)
    return folder


def plant(folder):
    Store(folder / ".mlops_lite").prepare()
    return str(folder / ".mlops_lite")


def test_without_a_store_one_is_made_here_at_the_first_write_and_hidden_from_git(below):
    store = workspace.store()
    assert store.url == str(below / ".mlops_lite") and not (below / ".mlops_lite").exists()
    store.objects.put(b"x")
    assert (below / ".mlops_lite" / ".gitignore").read_text() == "*\n"


def test_the_nearest_store_upwards_is_found(below):
    far = plant(below.parent)
    assert workspace.store().url == far
    near = plant(below)
    assert workspace.store().url == near


def test_the_search_ends_at_home(below, tmp_path):
    plant(tmp_path)
    assert workspace.store().url == str(below / ".mlops_lite")
    home = plant(tmp_path / "home")
    assert workspace.store().url == home


def test_a_folder_of_that_name_that_is_no_store_is_passed_over(below):
    (below.parent / ".mlops_lite").mkdir()
    assert workspace.store().url == str(below / ".mlops_lite")


def test_the_search_ends_at_the_border_of_the_filesystem(below, monkeypatch):
    plant(below.parent)
    stat = os.stat

    class Mounted:
        def __init__(self, found):
            self.found = found

        st_dev = -1

        def __getattr__(self, name):
            return getattr(self.found, name)

    def mounted(path, *arguments, **options):
        found = stat(path, *arguments, **options)
        return Mounted(found) if os.fspath(path) == str(below) else found

    monkeypatch.setattr(os, "stat", mounted)
    assert workspace.store().url == str(below / ".mlops_lite")


def test_a_folder_that_another_user_planted_is_not_followed_but_may_be_named(below, monkeypatch):
    planted = plant(below.parent)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert workspace.store().url == str(below / ".mlops_lite")
    assert workspace.store(planted).url == planted


def test_what_was_found_is_kept_for_each_place(below):
    assert workspace.store() is workspace.store()


def test_what_is_said_last_and_nearest_wins(tmp_path, below, monkeypatch):
    monkeypatch.setenv("MLOPS_LITE_STORE", str(tmp_path / "environment"))
    assert workspace.store().url == str(tmp_path / "environment")
    used = ml.use(tmp_path / "used")
    assert workspace.store() is used
    with ml.Store(tmp_path / "block") as block:
        assert workspace.store() is block
        with pytest.raises(KeyError), ml.Store(tmp_path / "inner") as inner:
            assert workspace.store() is inner
            raise KeyError
        assert workspace.store() is block
        assert workspace.store(tmp_path / "given").url == str(tmp_path / "given")
        assert workspace.store(used) is used
    assert workspace.store() is used


def test_a_store_may_be_entered_twice(tmp_path):
    store = ml.Store(tmp_path / "s")
    with store, ml.Store(tmp_path / "other"), store:
        assert workspace.store() is store
    assert workspace.store() is not store


def test_a_block_is_that_of_its_thread(tmp_path):
    used = ml.use(tmp_path / "used")
    with ml.Store(tmp_path / "block"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(workspace.store).result() is used


def test_many_threads_have_many_blocks(tmp_path):
    meet = threading.Barrier(8)

    def work(number):
        with ml.Store(tmp_path / f"{number}") as store:
            meet.wait()
            return workspace.store() is store

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_tasks_may_enter_one_store_and_leave_it_in_any_order(tmp_path):
    used = ml.use(tmp_path / "used")
    shared = ml.Store(tmp_path / "shared")

    async def work(before, after):
        await asyncio.sleep(before)
        with shared:
            assert workspace.store() is shared
            await asyncio.sleep(after)
            assert workspace.store() is shared
        assert workspace.store() is used

    async def both():
        await asyncio.gather(work(0, 0.02), work(0.01, 0.03), work(0.005, 0))

    asyncio.run(both())


def test_a_store_works_inside_a_running_event_loop(tmp_path):
    async def work():
        return ml.Store(tmp_path / "s").objects.put(b"x")

    assert asyncio.run(work()) in ml.Store(tmp_path / "s").objects


def test_a_scheme_says_what_to_install(monkeypatch):
    import builtins

    actual = builtins.__import__

    def without(name, *arguments, **options):
        if name.partition(".")[0] in ("s3fs", "gcsfs", "adlfs"):
            raise ImportError(f"No module named {name!r}")
        return actual(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    for url, extra in (("s3://b/x", "s3"), ("gs://b/x", "gcs"), ("az://b/x", "azure"), ("abfs://b/x", "azure")):
        with pytest.raises(MissingLibraryError, match=rf"pip install 'mlops_lite\[{extra}\]'"):
            ml.use(url)
    assert default._used is None


def test_a_scheme_that_nobody_knows_is_refused():
    with pytest.raises(UnsupportedStoreError, match=r"Nobody here knows azur://.*Did you mean 'azure'"):
        ml.use("azur://bucket")


class Opened:
    """A run that notes what it is told."""

    ref = Ref("run/01J")

    def __init__(self):
        self.told = []

    def uses(self, ref):
        self.told.append(("uses", ref))

    def made(self, ref):
        self.told.append(("made", ref))


def test_the_open_run_is_told_of_inputs_and_outputs():
    workspace.uses("dataset/flights@3")  # outside a run nobody is told
    run = Opened()
    token = workspace.enter_run(run)
    try:
        assert workspace.current_run() is run and workspace.active_runs() == [run]
        workspace.uses("dataset/flights@3")
        workspace.made("model/churn@1")
    finally:
        workspace.leave_run(token, run)
    assert run.told == [("uses", "dataset/flights@3"), ("made", "model/churn@1")]
    assert workspace.current_run() is None and workspace.active_runs() == []


def test_a_thread_falls_to_the_only_open_run_and_to_none_of_two():
    first, second = Opened(), Opened()
    token = workspace.enter_run(first)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(workspace.current_run).result() is first
        another = workspace.enter_run(second)
        assert pool.submit(workspace.current_run).result() is None
        workspace.leave_run(another, second)
        assert workspace.current_run() is first
    workspace.leave_run(token, first)


def test_where_a_value_came_from_is_remembered_by_identity_and_no_longer_than_it_lives():
    array = np.arange(3)
    workspace.remember(array, "dataset/flights@3")
    assert workspace.origin(array) == "dataset/flights@3"
    assert workspace.origin(array.copy()) is None
    workspace.remember(3, "dataset/flights@3")  # cannot be referred to weakly: passed over
    assert workspace.origin(3) is None
    key, gone = id(array), weakref.ref(array)
    del array
    assert gone() is None and key not in origins._origins


def test_a_ref_that_names_nothing_is_said(tmp_path):
    store = ml.Store(tmp_path / "s")
    with pytest.raises(InvalidInputError, match="is not a ref"):
        ml.get("flights@3", store)
    with pytest.raises(NotFoundError):
        ml.get("run/01J", store)


def test_a_run_is_opened_by_its_ref(tmp_path):
    with ml.Store(tmp_path / "s") as store, ml.start_run() as run:
        pass
    assert ml.get(f"run/{run.id}", store).id == run.id
