"""The local backend keeps the contract in each of its ways to take a name."""

import errno
import os

import pytest

from mlops_lite.errors import StoreUnavailableError, UnsupportedStoreError
from mlops_lite.store import Store
from mlops_lite.store.backends import connect, local
from mlops_lite.testing import BackendContract, StoreContract


class TestLocal(BackendContract, StoreContract):
    @pytest.fixture
    def backend(self, tmp_path):
        return connect(str(tmp_path / "place"), {})

    @pytest.fixture
    def store(self, tmp_path):
        return Store(tmp_path / "store")


class TestLinkedByName(BackendContract):
    """Where files without a name cannot be linked."""

    @pytest.fixture
    def backend(self, tmp_path, monkeypatch):
        monkeypatch.setattr(local, "_link_nameless", lambda *_: False)
        return connect(str(tmp_path / "place"), {})


class TestRenamed(BackendContract):
    """Where there are no hard links, and renames can be exclusive."""

    @pytest.fixture
    def backend(self, tmp_path, monkeypatch):
        def refuse(*_, **__):
            raise PermissionError(1, "no links here")

        monkeypatch.setattr(local, "_link_nameless", lambda *_: False)
        monkeypatch.setattr(os, "link", refuse)
        return connect(str(tmp_path / "place"), {})


def test_a_disk_without_links_and_renames_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(local, "_link_nameless", lambda *_: False)
    monkeypatch.setattr(local.sys, "platform", "plan9")

    def refuse(*_, **__):
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(UnsupportedStoreError, match="single_writer=True"):
        connect(str(tmp_path), {}).create("x", b"1")
    assert list(tmp_path.iterdir()) == []


def test_a_lost_reply_of_a_network_disk_is_recognised(tmp_path, monkeypatch):
    """The link landed, the answer says that the name is taken: by us."""
    monkeypatch.setattr(local, "_link_nameless", lambda *_: False)
    link = os.link

    def landed_and_lost(source, target, **options):
        link(source, target, **options)
        raise FileExistsError(17, "exists")

    monkeypatch.setattr(os, "link", landed_and_lost)
    backend = connect(str(tmp_path), {})
    backend.create("x", b"1")
    assert backend.read("x") == b"1"


def test_nothing_is_left_beside_the_files(tmp_path):
    backend = connect(str(tmp_path), {})
    backend.create("a/x", b"1")
    with pytest.raises(FileExistsError):
        backend.create("a/x", b"1")
    backend.replace("a/y", b"2")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "x", "y"]


def test_objects_are_read_only(tmp_path):
    store = Store(tmp_path)
    digest = store.objects.put(b"x")
    assert store.objects.path(digest).stat().st_mode & 0o777 == 0o444


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_a_record_is_acknowledged_only_once_its_folder_is_on_the_disk(tmp_path, monkeypatch, failures):
    """The link landed and the sync of the folder failed: the sync is tried again, and without it there is no answer."""
    from mlops_lite.store.backends import _sync

    log = Store(tmp_path / "s").log("dataset", "d")
    log.append({}, action="snapshot")
    sync = _sync.sync_folder
    left = [failures]

    def failing(path):
        if left[0]:
            left[0] -= 1
            raise OSError(5, "Input/output error")
        sync(path)

    monkeypatch.setattr(_sync, "sync_folder", failing)
    monkeypatch.setattr(local, "sync_folder", failing)
    if failures == 1:
        assert log.append({}, action="snapshot").number == 2
        return
    with pytest.raises(StoreUnavailableError) as caught:
        log.append({}, action="snapshot")
    if failures == 3:
        with pytest.raises(StoreUnavailableError):
            log.append({}, action="snapshot", txn=caught.value.txn)
    assert log.append({}, action="snapshot", txn=caught.value.txn).number == 2
    assert len(log) == 2


def test_a_folder_that_another_process_made_a_moment_ago_is_synced_too(tmp_path, monkeypatch):
    """Its maker may have been killed before it could."""
    store = Store(tmp_path / "s")
    store.prepare()
    (tmp_path / "s" / "logs" / "dataset" / "d").mkdir(parents=True)
    synced = []
    sync = local.sync_folder
    monkeypatch.setattr(local, "sync_folder", lambda path: (synced.append(os.path.relpath(path, tmp_path)), sync(path)))
    log = Store(tmp_path / "s").log("dataset", "d")
    log.append({}, action="snapshot")
    assert {"s", "s/logs", "s/logs/dataset", "s/logs/dataset/d"} <= set(synced)
    synced.clear()
    log.append({}, action="snapshot")
    assert synced == ["s/logs/dataset/d"]


def test_large_files_are_on_the_disk_when_their_batch_ends(tmp_path, monkeypatch):
    """They have their names before: the wait for the disk is one for all, at the end."""
    from mlops_lite.store.backends import _sync

    synced = set()
    monkeypatch.setattr(local, "sync_all", lambda root, files, folders: synced.update(files, folders))
    monkeypatch.setattr(_sync.os, "fsync", lambda descriptor: synced.add("one alone"))
    store = Store(tmp_path / "s")
    store.prepare()
    synced.clear()
    with store.objects.batch() as batch:
        digests = [batch.add(bytes([number]) * (1 << 20)) for number in range(3)]
        assert all(digest in store.objects for digest in digests)
        assert not synced & {str(store.objects.path(digest)) for digest in digests}
    assert synced >= {str(store.objects.path(digest)) for digest in digests}


def test_a_name_that_stands_is_replaced_only_by_what_is_on_the_disk(tmp_path, monkeypatch):
    """Another writer may rely on the file that has the name."""
    store = Store(tmp_path / "s")
    data = b"x" * (1 << 20)
    path = store.objects.path(store.objects.put(data))
    done = []
    sync, replace = local.sync_path, os.replace
    monkeypatch.setattr(local, "sync_path", lambda one: (done.append("sync"), sync(one)))
    monkeypatch.setattr(local.os, "replace", lambda *names: (done.append("replace"), replace(*names)))
    with store.objects.batch() as batch:
        batch._batch.write_hashed(data, lambda digest: f"objects/{digest[:2]}/{digest[2:]}")
    assert done == ["sync", "replace"]
    assert path.read_bytes() == data


@pytest.mark.parametrize("size", [10, 1 << 20])
def test_what_could_not_be_synced_is_written_again(tmp_path, monkeypatch, size):
    """After a failed sync the system may call the next one of the same file good, though its bytes are lost."""
    store = Store(tmp_path / "s")
    store.prepare()
    data = b"x" * size

    def fails(root, files, folders):
        raise OSError(errno.EIO, "the disk failed")

    with monkeypatch.context() as patch:
        patch.setattr(local, "sync_all", fails)
        with pytest.raises(StoreUnavailableError), store.objects.batch() as batch:
            digest = batch.add(data)
    before = os.stat(store.objects.path(digest))
    assert not store.objects.is_sure(digest)

    store.gc(dry_run=False)
    with store.objects.batch() as batch:
        batch.add(data, digest)
    after = os.stat(store.objects.path(digest))
    assert after.st_ino != before.st_ino and batch.written == size
    assert store.objects.read(digest) == data


def test_what_could_not_be_synced_is_spared_for_those_who_found_it(tmp_path, monkeypatch):
    """Another writer may have found it before the sync failed."""
    store = Store(tmp_path / "s")
    store.prepare()
    with monkeypatch.context() as patch:
        patch.setattr(local, "sync_all", lambda *given: (_ for _ in ()).throw(OSError(errno.EIO, "the disk failed")))
        with pytest.raises(StoreUnavailableError), store.objects.batch() as batch:
            digest = batch.add(b"x")
    store.gc(dry_run=False)
    assert digest in store.objects
