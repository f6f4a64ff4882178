"""Garbage collection takes what nothing needs, and never what a writer is about to need."""

import os
import threading
import time
from pathlib import Path

from mlops_lite.store import Store
from mlops_lite.store.objects import GRACE_S


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
    try:
        store.log("dataset", "d").append({}, action="snapshot", objects=[digest])
    except Exception as error:
        assert "not in the store" in str(error)
    else:
        raise AssertionError("a record points at nothing")


def test_leftovers_of_killed_writers_go(store):
    store.prepare()
    left = Path(store.url) / "objects" / ".tmp-killed"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    store.gc(dry_run=False)
    assert not left.exists()


def test_beside_deduplicating_writers_nothing_is_lost(store):
    """Writers reuse old unreferenced objects while a collector runs with the real rules on aged files."""
    contents = [f"content {number}".encode() for number in range(20)]
    store.prepare()
    stop = threading.Event()
    failures = []

    def collect():
        mine = Store(store.url)
        while not stop.is_set():
            mine.gc(dry_run=False)

    def write(writer):
        mine = Store(store.url)
        try:
            for number in range(20):
                with mine.objects.batch() as batch:
                    digest = batch.add(contents[(number * 7 + writer) % 20])
                if number % 3:
                    mine.log("dataset", f"d{writer}").append({}, action="snapshot", objects=[digest])
                else:
                    age(mine, digest, 2 * GRACE_S)  # left behind long ago by somebody else
        except FileNotFoundError:
            pass  # aged and collected at once: the helper's utime came too late
        except Exception as error:
            failures.append(error)

    collector = threading.Thread(target=collect)
    writers = [threading.Thread(target=write, args=(number,)) for number in range(1)]
    for thread in [collector, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    collector.join()
    assert not failures
    assert Store(store.url).verify().ok
