"""Runs survive kills, forks, full disks and each other; what is read of them is true."""

import contextlib
import errno
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import mlops_lite as ml
from mlops_lite.base import canonical
from mlops_lite.errors import AmbiguousError, NotFoundError
from mlops_lite.store import Store, run_keeper, run_layout, run_lock
from mlops_lite.store.run_state import merge
from mlops_lite.tracking import RunWarning
from tests.tracking.workers import tracked_in

FORK = multiprocessing.get_context("fork")


def work_until_killed(url, ready):
    with ml.Store(url), ml.start_run("train") as run:
        ml.log_params(depth=3)
        for step in range(1_000_000):
            ml.log(loss=1.0 / (step + 1))
            if step % 100 == 99:
                ready.send((run.id, step))


def killed_run(store):
    """Start a run in another process, kill it in the middle; give its id and the last point that was acknowledged."""
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=work_until_killed, args=(store.url, theirs))
    process.start()
    run, _ = ours.recv()
    time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    theirs.close()
    last = 0
    with contextlib.suppress(EOFError):
        while ours.poll(0.2):
            _, last = ours.recv()
    return run, last


def test_a_killed_run_reads_killed_and_keeps_every_point_that_was_acknowledged(store):
    for _ in range(5):
        run, last = killed_run(store)
        found = ml.get(f"run/{run}", store)
        assert found.status == "killed" and found.ended_at is None
        assert found.params["depth"] == 3
        steps = found.history("loss").step
        assert len(steps) > last and steps.tolist() == list(range(len(steps)))
        assert found.metrics["loss"] == 1.0 / len(steps)
    assert ml.runs(where="status == 'killed'", store=store).to_frame()["params.depth"].tolist() == [3] * 5


def test_a_run_that_is_open_reads_running_from_everywhere(store):
    with ml.start_run(store=store) as run:
        ml.log(a=1)
        code = f"import mlops_lite as ml; r = ml.Store({store.url!r}).runs; print(r.state({run.id!r})['status'])"
        assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "running"
        assert ml.get(run.ref, store).status == "running"
        assert ml.runs(store=store)[0].status == "running"
    assert ml.get(run.ref, store).status == "finished"


def test_a_forked_child_that_outlives_its_parent_does_not_keep_the_run_alive(store):
    pipe, theirs = FORK.Pipe()

    def parent():
        ml.start_run(store=store).enter()
        if os.fork() == 0:
            time.sleep(1.0)
            os._exit(0)
        theirs.send(ml.current_run().id)
        os.kill(os.getpid(), signal.SIGKILL)

    process = FORK.Process(target=parent)
    process.start()
    run = pipe.recv()
    process.join()
    assert store.runs.state(run)["status"] == "killed"


def test_forked_workers_log_into_the_run_that_forked_them(store):
    def worker(number):
        ml.log(own=number)
        ml.log_params({f"worker{number}": os.getpid()})

    with ml.start_run(store=store) as run:
        ml.log(own=-1)
        workers = [FORK.Process(target=worker, args=(number,)) for number in range(3)]
        for one in workers:
            one.start()
        for one in workers:
            one.join()
    found = ml.get(run.ref, store)
    assert sorted(found.history("own").value.tolist()) == [-1, 0, 1, 2]
    assert set(found.params) == {"worker0", "worker1", "worker2"}
    assert found._state["metrics"]["own"]["count"] == 4 and found._state["metrics"]["own"]["max"] == 2


def test_a_child_that_leaves_the_block_does_not_end_the_run(store):
    with ml.start_run(store=store) as run:
        child = os.fork()
        if child == 0:
            try:
                run.end()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert ml.get(run.ref, store).status == "running"
    assert ml.get(run.ref, store).status == "finished"


def test_eight_processes_begin_on_a_new_store(tmp_path):
    def begin(number):
        with ml.Store(tmp_path / "new"):
            for repeat in range(5):
                with ml.start_run(f"{number}-{repeat}"):
                    ml.log(a=number)

    workers = [FORK.Process(target=begin, args=(number,)) for number in range(8)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
        assert one.exitcode == 0
    found = ml.runs(store=tmp_path / "new")
    assert sorted(run.name for run in found) == sorted(f"{a}-{b}" for a in range(8) for b in range(5))
    assert {run.status for run in found} == {"finished"}


def test_what_ended_is_made_durable_and_its_marker_removed(store):
    with ml.start_run(store=store) as run:
        ml.log(a=1)
    run.sync()
    assert not store.backend.exists(run_layout.marker_path(run.id))
    assert [parts[0] for parts in store.runs.reader._loose()] == [run.id]
    with ml.start_run(store=store):
        pass
    deadline = time.monotonic() + 5
    while store.runs.reader.open_ids() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not store.runs.reader.open_ids()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_worker_of_multiprocessing_leaves_nothing_undone(store, method):
    process = multiprocessing.get_context(method).Process(target=tracked_in, args=(store,))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert not store.runs.reader.open_ids() and [run.metrics["own"] for run in ml.runs(store=store)] == [1]


def test_half_a_summary_is_none(store):
    with ml.start_run(store=store) as run:
        pass
    run.sync()
    (path,) = [found.path for found in store.backend.walk(run_layout.DONE)]
    whole = store.backend.read(path)
    full = store.backend.local_path(path)
    os.chmod(full, 0o644)
    with open(full, "wb") as file:
        file.write(whole[:-5])
    with pytest.raises(NotFoundError):
        store.runs.state(run.id)
    assert len(ml.runs(store=store)) == 0
    with open(full, "wb") as file:
        file.write(whole)
    assert ml.runs(store=store)[0].status == "finished"


def test_an_id_may_be_shortened_where_one_run_begins_so(store):
    with ml.start_run(store=store) as first:
        pass
    assert ml.get(f"run/{first.id[:8]}", store) == first
    with ml.start_run(store=store) as second:
        pass
    with pytest.raises(AmbiguousError, match=r"2 runs .* begin with '01'") as raised:
        ml.get("run/01", store)
    assert raised.value.matches == sorted([first.id, second.id])
    with pytest.raises(NotFoundError, match=r"There is no run 'XYZ'.*ml.runs\(\) lists them"):
        ml.get("run/XYZ", store)


# --- liveness --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "silent_s", "expected"),
    [
        ({}, 0, "running"),
        ({"host": "elsewhere", "boot": "other", "machine": "other"}, 10, "running"),
        ({"host": "elsewhere", "boot": "other", "machine": "other"}, 1000, "lost contact"),
        ({"boot": "other"}, 1000, "killed"),
        ({"namespace": "pid:[1]"}, 1000, "lost contact"),
        ({"pid": 2**22 - 1}, 0, "killed"),
        ({"began": "1"}, 0, "killed"),
    ],
)
def test_liveness_says_killed_only_of_what_cannot_live(change, silent_s, expected):
    process = {**run_lock.whereabouts(), "locked": "", **change}
    assert run_lock.liveness(process, None, silent_s) == expected


def test_a_lock_decides_even_where_the_process_cannot_be_seen(tmp_path):
    path = tmp_path / "marker"
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR)
    process = {**run_lock.whereabouts(), "locked": str(path), "pid": 2**22 - 1, "namespace": "pid:[1]"}
    assert run_lock.hold(descriptor)
    assert run_lock.liveness(process, str(path), 1000) == "running"
    run_lock.release(descriptor)
    assert run_lock.liveness(process, str(path), 0) == "killed"


# --- edits and compaction --------------------------------------------------------------------------------------


def test_two_people_who_edit_at_once_lose_nothing(store):
    with ml.start_run(store=store) as run:
        pass
    base = store.runs.summary(run.id)
    for name in "ab":
        edit = {"id": name, "op": "tags", "values": {name: 1}, "author": name, "time": run.ended_at}
        data = canonical.encode({**{k: v for k, v in base.items() if k != "rev"}, "edits": [edit]})
        store.runs.desk.write(run_layout.done_path(run.id, 2, data), data)
    assert dict(ml.get(run.ref, store).tags) == {"a": 1, "b": 1}
    assert dict(ml.runs(store=store)[0].tags) == {"a": 1, "b": 1}
    store.runs.compact()
    assert dict(ml.runs(store=store)[0].tags) == {"a": 1, "b": 1}
    assert len(store.runs.reader.ids()) == 1


def test_the_highest_revision_wins_and_a_late_summary_of_its_own_beats_killed():
    found = merge([(1, "b", {"id": "x", "status": "finished"}), (0, "a", {"id": "x", "status": "killed"})])
    assert found == {"id": "x", "status": "finished", "rev": 1}
    assert merge([]) is None


def fill(store, count, begin=0):
    for number in range(begin, begin + count):
        with ml.start_run(store=store) as run:
            run.log_params(number=number, mixed=number if number % 2 else "text")
            run.log(auc=number / 10)


def test_compaction_changes_nothing_that_is_read(store):
    fill(store, 10)
    before = ml.runs(store=store, order_by="number").to_frame()
    store.runs.sync()
    assert store.runs.compact() == 10
    assert not list(store.backend.walk(run_layout.DONE))
    after = ml.runs(store=store, order_by="number").to_frame()
    assert before.equals(after[before.columns])
    run = ml.runs(where="number == 3", store=store)[0]
    assert run.params["mixed"] == 3 and ml.get(run.ref, store).metrics["auc"] == 0.3
    run.tag(best=True)
    assert ml.get(run.ref, store).tags["best"] is True
    run.delete()
    assert len(ml.runs(store=store)) == 9
    store.runs.compact()
    assert len(ml.runs(store=store)) == 9 and len(Store(store.url).runs.index.listing()) == 9


def test_small_segments_become_larger_ones(store):
    for batch in range(6):
        fill(store, 3, 3 * batch)
        store.runs.sync()
        store.runs.compact()
    assert len(store.runs.index.segments()) < 5
    assert sorted(ml.runs(store=store).to_frame()["params.number"]) == list(range(18))


def test_killed_runs_are_closed_by_compaction(store):
    run, _ = killed_run(store)
    store.runs.compact()
    assert not store.runs.reader.open_ids()
    found = ml.get(f"run/{run}", store)
    assert found.status == "killed" and found.params["depth"] == 3 and len(found.history("loss")) > 0


def test_no_reader_misses_an_acknowledged_run_while_compactors_race(store):
    acknowledged = []
    stop = threading.Event()
    missed = []

    def write():
        while not stop.is_set():
            with ml.start_run(store=store) as run:
                pass
            acknowledged.append(run.id)

    def compact():
        while not stop.is_set():
            with contextlib.suppress(FileNotFoundError):
                Store(store.url).runs.compact()

    def read():
        while not stop.is_set():
            known = set(acknowledged)
            listing = Store(store.url).runs.index.listing()
            missed.append(known - set(listing.table(["id"])["id"].to_pylist()))

    threads = [threading.Thread(target=one) for one in (write, write, compact, compact, read, read)]
    for one in threads:
        one.start()
    time.sleep(3)
    stop.set()
    for one in threads:
        one.join()
    assert len(missed) > 3 and len(acknowledged) > 20
    assert not set().union(*missed)
    assert len(ml.runs(store=store)) == len(acknowledged)


def test_listing_again_in_a_new_process_reads_no_summary_twice(store, monkeypatch):
    fill(store, 70)
    ml.runs(store=store)
    again = Store(store.url)
    monkeypatch.setattr(again.runs.index, "read_entries", lambda names: pytest.fail(f"read {len(names)} again"))
    assert len(ml.runs(store=again)) == 70


def test_open_runs_and_summaries_keep_their_objects_alive(store):
    with ml.start_run(store=store) as run:
        run.log_artifact("a", b"one")
        digest = run.artifacts["a"].digest
        assert digest in store.runs.roots()
    assert digest in store.runs.roots()
    run.sync()
    store.runs.compact()
    assert digest in store.runs.roots()
    run.delete()
    assert digest not in store.runs.roots()


# --- a store that goes away ------------------------------------------------------------------------------------


class Full:
    """Makes the disk full, for chosen folders, after so many writes."""

    def __init__(self, monkeypatch, folder):
        self.folder = str(folder)
        self.full = False
        self.half = False
        self.real_open, self.real_write = os.open, os.write
        self.descriptors = set()
        monkeypatch.setattr(os, "open", self.open)
        monkeypatch.setattr(os, "write", self.write)

    def open(self, path, flags, *args, **options):
        inside = isinstance(path, str) and path.startswith(self.folder)
        if self.full and inside and flags & os.O_CREAT:
            raise OSError(errno.ENOSPC, "No space left on device", path)
        descriptor = self.real_open(path, flags, *args, **options)
        (self.descriptors.add if inside else self.descriptors.discard)(descriptor)
        return descriptor

    def write(self, descriptor, data):
        if self.full and descriptor in self.descriptors:
            if self.half and len(data) > 3:
                return self.real_write(descriptor, bytes(data)[:3])
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.real_write(descriptor, data)


@pytest.mark.parametrize("half", [False, True])
def test_a_disk_that_fills_up_loses_no_point(store, monkeypatch, half):
    disk = Full(monkeypatch, store.url)
    disk.half = half
    with pytest.warns(RunWarning) as told, ml.start_run(store=store) as run:
        ml.log(a=0.0)
        disk.full = True
        for number in range(1, 5):
            ml.log(a=float(number))
        ml.log_params(late=1)
    assert len(told) <= 3 and "carried over" in str(told[0].message)
    disk.full = False
    again = Store(store.url)
    again.runs.carry()
    found = ml.get(run.ref, again)
    assert found.history("a").value.tolist() == [0, 1, 2, 3, 4]
    assert found.status == "finished" and found.params["late"] == 1
    assert not again.runs.courier.waiting and again.runs.carry() == 0


def test_an_artifact_that_finds_no_place_waits_aside_and_is_carried_over(store, monkeypatch):
    disk = Full(monkeypatch, store.url)
    with pytest.warns(RunWarning, match="carried over") as told, ml.start_run(store=store) as run:
        disk.full = True
        ml.log_artifact("weights", {"w": list(range(1000))})
        ml.log_artifact("notes", b"all well")
        disk.full = False
    assert len(told) == 1
    again = Store(store.url)
    again.runs.carry()
    found = ml.get(run.ref, again)
    assert found.artifacts["notes"].load() == b"all well" and len(found.artifacts["weights"].load()["w"]) == 1000
    assert not again.runs.courier.waiting and again.verify().ok


def test_a_disk_that_recovers_gets_the_rest_of_the_points(store, monkeypatch):
    disk = Full(monkeypatch, store.url)
    with ml.start_run(store=store) as run:
        ml.log(a=0.0)
        sink = run._journal.sink

        def fail(data):
            raise OSError(errno.EIO, "flaky")

        run._journal._write = fail
        ml.log(a=1.0)
        assert run._journal.sink is not sink
        ml.log(a=2.0)
    assert disk.full is False
    assert ml.get(run.ref, store).history("a").value.tolist() == [0, 1, 2]


def test_a_run_whose_store_cannot_be_written_at_all_is_carried_over_later(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    store = Store(blocked / "store")
    with pytest.warns(RunWarning), ml.start_run(store=store) as run:
        ml.log(a=[1, 2])
    blocked.unlink()
    assert store.runs.carry() == 1
    found = ml.get(run.ref, Store(blocked / "store"))
    assert found.history("a").value.tolist() == [1, 2] and found.status == "finished"


def test_nothing_is_lost_silently_when_there_is_no_place_at_all(store, monkeypatch):
    disk = Full(monkeypatch, os.path.dirname(store.url))
    cache = os.environ["MLOPS_LITE_CACHE"]
    everywhere = Full(monkeypatch, os.path.dirname(os.path.dirname(cache)))
    with pytest.warns(RunWarning) as told, ml.start_run(store=store):
        ml.log(a=1.0)
        disk.full = everywhere.full = True
        ml.log(a=2.0)
    said = " ".join(str(one.message) for one in told)
    assert "kept in memory" in said and "could not be closed" in said


def test_a_killed_run_that_was_kept_aside_is_carried_over_as_killed(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    pipe, theirs = FORK.Pipe()

    def child():
        import warnings

        warnings.simplefilter("ignore")
        with ml.start_run(store=blocked / "store") as run:
            ml.log(a=1.0)
            theirs.send(run.id)
            time.sleep(30)

    process = FORK.Process(target=child)
    process.start()
    run = pipe.recv()
    blocked.unlink()
    store = Store(blocked / "store")
    assert store.runs.carry() == 0  # it is open
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    # a git command that it was about to start holds its files until it has begun
    assert any(store.runs.carry() == 1 or time.sleep(0.05) for _ in range(200))
    found = ml.get(f"run/{run}", store)
    assert found.status == "killed" and found.metrics["a"] == 1


def test_the_keeper_forgets_what_is_done(store):
    with ml.start_run(store=store):
        pass
    run_keeper.drain()
    assert not store.runs.busy


def test_threads_may_log_at_once(store):
    with ml.start_run(store=store) as run:
        threads = [
            threading.Thread(target=lambda number=number: [ml.log({f"m{number}": step}) for step in range(500)])
            for number in range(4)
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    for number in range(4):
        assert run.history(f"m{number}").step.tolist() == list(range(500))
    assert set(run.metrics.values()) == {499}
