"""A log can let go of objects; what others need stays."""

import os
import time

import pytest

from mlops_lite.errors import MlopsLiteError
from mlops_lite.store import Store
from mlops_lite.store import verify as verifying
from mlops_lite.store.forgetting import forgotten
from mlops_lite.store.grace import GRACE_S


def age(store):
    then = time.time() - 2 * GRACE_S
    for digest in store.objects:
        os.utime(store.objects.path(digest), (then, then))


def test_what_a_log_lets_go_of_is_collected_unless_it_is_named_elsewhere(store):
    mine, shared, again = (store.objects.put(word) for word in (b"mine", b"shared", b"again"))
    log = store.log("monitor", "m")
    log.append({}, action="check", objects=[mine, shared, again])
    store.log("monitor", "other").append({}, action="check", objects=[shared])
    log.append({"forgotten": [mine, shared, again]}, action="forget")
    log.append({}, action="check", objects=[again])
    assert forgotten(log.history()) == {mine, shared}
    age(store)
    assert store.gc(dry_run=False).removed == (mine,)
    assert store.verify().ok
    assert store.verify(refs=["monitor/m@1"]).ok


def test_what_is_missing_without_a_word_is_missing(store):
    mine, shared = store.objects.put(b"mine"), store.objects.put(b"shared")
    store.log("monitor", "m").append({}, action="check", objects=[mine, shared])
    store.log("monitor", "other").append({}, action="check", objects=[shared])
    store.log("monitor", "m").append({"forgotten": [shared]}, action="forget")
    for digest in (mine, shared):
        os.remove(store.objects.path(digest))
    assert len(store.verify().missing) == 2


def test_a_copy_does_not_go_without_what_another_log_still_needs(store, tmp_path):
    shared = store.objects.put(b"shared")
    for name in ("m", "other"):
        store.log("monitor", name).append({}, action="check", objects=[shared])
    store.log("monitor", "m").append({"forgotten": [shared]}, action="forget")
    os.remove(store.objects.path(shared))
    with pytest.raises(MlopsLiteError):
        store.sync(to=Store(tmp_path / "copy"))


def test_what_logs_let_go_of_is_read_once(store, monkeypatch):
    log = store.log("monitor", "m")
    several = [store.objects.put(f"{number}".encode()) for number in range(5)]
    for digest in several:
        log.append({}, action="check", objects=[digest])
        os.remove(store.objects.path(digest))
    log.append({"forgotten": several}, action="forget")
    asked = []
    monkeypatch.setattr(verifying, "forgotten", lambda records: asked.append(1) or forgotten(records))
    assert store.verify().ok and len(asked) == 1


def test_a_copy_lacks_what_was_let_go_of(store, tmp_path):
    gone, kept = store.objects.put(b"gone"), store.objects.put(b"kept")
    log = store.log("monitor", "m")
    log.append({}, action="check", objects=[gone, kept])
    log.append({"forgotten": [gone]}, action="forget")
    os.remove(store.objects.path(gone))
    copy = Store(tmp_path / "copy")
    store.sync(to=copy)
    assert set(copy.objects) == {kept}
    assert copy.verify().ok
