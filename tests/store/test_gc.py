"""Garbage collection takes what nothing needs, and never what a writer is about to need."""

import os
import threading
import time
from pathlib import Path

import pytest

from mlops_lite.errors import DamagedError
from mlops_lite.store import Store
from mlops_lite.store.grace import GRACE_S


def age(store, digest, seconds):
    then = time.time() - seconds
    os.utime(store.objects.path(digest), (then, then))


def test_what_is_needed_or_young_stays(store):
    needed, young, old = (store.objects.put(word) for word in (b"needed", b"young", b"old"))
    store.log("dataset", "d").append({}, action="snapshot", objects=[needed])
    age(store, needed, 2 * GRACE_S)
    age(store, old, GRACE_S + 60)
    dry = store.gc()
    assert (dry.removed, dry.kept, dry.waiting, dry.dry_run) == ((old,), 1, 1, True)
    assert old in store.objects
    assert store.gc(dry_run=False).removed == (old,)
    assert set(store.objects) == {needed, young}


def test_objects_of_an_inventory_are_needed(store):
    with store.objects.batch() as batch:
        digests = {batch.add(str(number).encode()) for number in range(300)}
    store.log("dataset", "d").append({}, action="snapshot", objects=digests)
    for digest in store.objects:
        age(store, digest, 2 * GRACE_S)
    assert store.gc(dry_run=False).removed == ()


def test_an_object_that_was_written_again_meanwhile_stays(store):
    digest = store.objects.put(b"old")
    age(store, digest, 2 * GRACE_S)
    before = store.backend.now() - GRACE_S
    store.objects.put(b"old")  # renews its age
    store.backend.remove_old(f"objects/{digest[:2]}/{digest[2:]}", before)
    assert store.objects.read(digest) == b"old"


def test_an_upload_longer_than_the_reuse_window_is_checked_again(store, monkeypatch):
    digest = store.objects.put(b"slow")
    store.objects._checked[digest] -= GRACE_S  # seen long ago
    store.objects.path(digest).unlink()
    with pytest.raises(DamagedError, match="not in the store"):
        store.log("dataset", "d").append({}, action="snapshot", objects=[digest])


def test_leftovers_of_killed_writers_go(store):
    store.prepare()
    left = Path(store.url) / "objects" / ".tmp-killed"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    store.gc(dry_run=False)
    assert not left.exists()


def test_beside_deduplicating_writers_nothing_is_lost(store):
    """Old objects that nothing points at are collected in the very moment in which writers need them again."""
    contents = [f"content {number}".encode() for number in range(120)]
    for content in contents:
        age(store, store.objects.put(content), 2 * GRACE_S)
    begin = threading.Barrier(5)
    removed, failures = [], []

    def collect():
        mine = Store(store.url)
        begin.wait()
        for _ in range(6):
            removed.extend(mine.gc(dry_run=False).removed)

    def write(writer):
        mine = Store(store.url)
        begin.wait()
        try:
            for start in range(0, len(contents), 6):
                with mine.objects.batch() as batch:
                    digests = [batch.add(content) for content in contents[start : start + 6]]
                mine.log("dataset", f"d{writer}").append({}, action="snapshot", objects=digests)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=collect) for _ in range(2)]
    threads += [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert Store(store.url).verify().ok
    assert {store.objects.read(digest) for digest in store.objects} == set(contents)


def test_a_writer_between_the_two_markings_is_seen(store, monkeypatch):
    from mlops_lite.store import gc

    digest = store.objects.put(b"old")
    age(store, digest, 2 * GRACE_S)
    mark = gc.mark

    def and_then_somebody_names_it(where):
        found = mark(where)
        monkeypatch.setattr(gc, "mark", mark)
        Store(where.url).log("dataset", "d").append({}, action="snapshot", objects=[digest])
        age(where, digest, 2 * GRACE_S)
        return found

    monkeypatch.setattr(gc, "mark", and_then_somebody_names_it)
    assert store.gc(dry_run=False).removed == ()
    assert store.objects.read(digest) == b"old"


def test_what_cannot_be_read_stops_a_collection(store):
    """Never is anything removed because a record that needs it is damaged."""
    digest = store.objects.put(b"needed")
    store.log("dataset", "d").append({}, action="snapshot", objects=[digest])
    age(store, digest, 2 * GRACE_S)
    path = Path(store.url) / "logs/dataset/d/000000000001.json"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DamagedError):
        Store(store.url).gc(dry_run=False)
    assert store.objects.read(digest) == b"needed"


def test_what_proofs_and_clocks_left_behind_goes(store):
    for name in (".proof/killed/3", ".clock/killed"):
        store.backend.create(name, b"")
        os.utime(Path(store.url) / name, (0, 0))
    store.prepare()
    store.gc(dry_run=False)
    assert list(store.backend.walk(".proof")) == list(store.backend.walk(".clock")) == []
