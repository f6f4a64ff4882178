"""Objects are what was written, or an error that says so."""

import errno
import os

import numpy as np
import pytest

from mlops_lite.base.digest import sha256
from mlops_lite.errors import DamagedError, NotFoundError, StoreUnavailableError
from mlops_lite.store import Store

BIG = np.random.default_rng(0).integers(0, 255, 3 << 20, dtype=np.uint8)


@pytest.fixture(params=["local", "memory"])
def store(request, tmp_path):
    return Store(tmp_path / "s" if request.param == "local" else f"memory://{os.urandom(8).hex()}")


@pytest.mark.parametrize("data", [b"", b"x", bytes(5000), BIG], ids=["empty", "byte", "small", "large"])
def test_what_was_put_is_read_and_mapped(store, data):
    digest = store.objects.put(data)
    assert digest == sha256(data)
    assert store.objects.read(digest) == bytes(data)
    assert bytes(store.objects.map(digest)) == bytes(data)
    assert store.objects.size(digest) == len(data)
    assert store.objects.read_ranges(digest, [(0, 1), (1, 1)]) == [bytes(data[:1]), b""]


def test_many_objects_in_one_batch(store):
    with store.objects.batch() as batch:
        digests = [batch.add(f"{number}".encode()) for number in range(100)]
    assert store.objects.read_many(digests) == [f"{number}".encode() for number in range(100)]


def test_what_the_store_has_is_not_written_again(store):
    store.objects.put(BIG)
    with store.objects.batch() as batch:
        batch.add(BIG, sha256(BIG))
        batch.add(b"small")
    assert (batch.written, batch.reused) == (5, BIG.nbytes)


def test_large_buffers_are_added_on_all_cores_in_order(store):
    buffers = [BIG + np.uint8(shift) for shift in range(4)]
    with store.objects.batch() as batch:
        digests = batch.add_many(buffers)
    assert digests == [sha256(buffer) for buffer in buffers]


def test_writing_into_a_map_leaves_the_object_as_it_was(store):
    digest = store.objects.put(BIG)
    view = store.objects.map(digest)
    view[0] = (view[0] + 1) % 256
    assert sha256(view) != digest
    assert store.objects.read(digest) == BIG.tobytes()
    assert store.objects.map(digest, readonly=True).readonly


def damage(store, digest, edit):
    path = store.objects.path(digest)
    path.chmod(0o644)
    path.write_bytes(edit(path.read_bytes()))


@pytest.mark.parametrize("edit", [lambda data: data[:-1], lambda data: bytes([data[0] ^ 1]) + data[1:]])
def test_damage_is_found_on_reading(tmp_path, edit):
    store = Store(tmp_path / "s")
    digest = store.objects.put(b"precious")
    store.objects.map(digest)  # verified once: a later change must still be seen
    damage(store, digest, edit)
    with pytest.raises(DamagedError, match="is not what was written"):
        store.objects.read(digest)
    with pytest.raises(DamagedError):
        store.objects.map(digest)


def test_a_name_that_stands_empty_is_written_again(tmp_path):
    store = Store(tmp_path / "s")
    digest = store.objects.put(b"precious")
    damage(store, digest, lambda data: b"")
    store.objects.put(b"precious")
    assert store.objects.read(digest) == b"precious"


def test_an_old_object_is_written_again_unless_reachable(tmp_path):
    store = Store(tmp_path / "s")
    digest = store.objects.put(b"precious")
    os.utime(store.objects.path(digest), (0, 0))
    with store.objects.batch(reachable=[digest]) as batch:
        batch.add(b"precious")
    assert batch.written == 0
    with store.objects.batch() as batch:
        batch.add(b"precious")
    assert batch.written == 8
    assert store.objects.path(digest).stat().st_mtime > 1e9


def test_a_missing_object_is_named(store):
    store.prepare()
    for call in (store.objects.read, store.objects.map, store.objects.size):
        with pytest.raises(NotFoundError, match="00000000… is not in the store"):
            call("0" * 64)
    with pytest.raises(NotFoundError):
        store.objects.read_many(["0" * 64])


def test_an_exception_in_a_batch_leaves_no_promise(store):
    with pytest.raises(RuntimeError), store.objects.batch() as batch:
        batch.add(b"half")
        raise RuntimeError
    assert not store.objects.is_sure(sha256(b"half"))


def test_files_are_added_without_being_read_whole(store, tmp_path):
    for name, data in (("empty", b""), ("full", BIG.tobytes())):
        (tmp_path / name).write_bytes(data)
        with store.objects.batch() as batch:
            digest = batch.add_file(tmp_path / name)
        assert store.objects.read(digest) == data


def test_objects_can_be_walked(store):
    digests = {store.objects.put(str(number).encode()) for number in range(5)}
    assert set(store.objects) == digests


def test_a_full_disk_is_named_where_a_large_file_is_added(tmp_path, monkeypatch):
    store = Store(tmp_path / "s")
    store.prepare()
    (tmp_path / "large").write_bytes(BIG)

    def full(descriptor, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StoreUnavailableError, match="disk is full"), store.objects.batch() as batch:
        batch.add_file(tmp_path / "large")
