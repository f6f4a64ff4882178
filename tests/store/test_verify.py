"""A check names exactly what is not as it was written."""

import pytest

from mlops_lite.store import Store


@pytest.fixture
def full(store):
    with store.objects.batch() as batch:
        digests = [batch.add(f"object {number}".encode()) for number in range(3)]
    for digest in digests:
        store.log("dataset", "flights").append({}, action="snapshot", objects=[digest])
    store.labels("dataset", "flights").move("golden", 2)
    return store, digests


def test_a_whole_store_is_whole(full):
    store, _ = full
    found = Store(store.url).verify()
    assert found.ok
    assert found.checked == 3 + 1 + 3
    assert "all as they were written" in str(found)


def test_a_damaged_object_is_named_with_the_version_that_needs_it(full):
    store, digests = full
    path = store.objects.path(digests[1])
    path.chmod(0o644)
    path.write_bytes(b"Object 1")
    found = store.verify()
    assert [fault.refs for fault in found.damaged] == [("dataset/flights@2",)]
    assert not found.missing
    assert store.verify(contents=False).ok


def test_a_missing_object_is_named(full):
    store, digests = full
    store.objects.path(digests[2]).unlink()
    assert [fault.refs for fault in store.verify().missing] == [("dataset/flights@3",)]
    assert store.verify(["dataset/flights@1", "dataset/flights@golden"]).ok
    assert not store.verify(["dataset/flights"]).ok


def record_file(store, number):
    from pathlib import Path

    path = Path(store.url) / f"logs/dataset/flights/{number:012d}.json"
    path.chmod(0o644)
    return path


def test_a_rewritten_record_breaks_the_chain(full):
    store, _ = full
    path = record_file(store, 2)
    path.write_bytes(path.read_bytes().replace(b'"action":"snapshot"', b'"action":"rollback"'))
    found = Store(store.url).verify()
    assert [fault.refs for fault in found.damaged] == [("dataset/flights@2",)]


def test_a_missing_record_is_a_gap(full):
    store, _ = full
    record_file(store, 2).unlink()
    assert [fault.refs for fault in Store(store.url).verify().missing if "logs" in fault.path]


@pytest.mark.parametrize("keep", [0, 20])
def test_a_truncated_record_is_damage(full, keep):
    store, _ = full
    path = record_file(store, 1)
    path.write_bytes(path.read_bytes()[:keep])
    assert [fault.refs for fault in Store(store.url).verify().damaged] == [("dataset/flights@1",)]


def test_a_verification_says_all_it_found(full):
    store, digests = full
    store.objects.path(digests[0]).unlink()
    assert "✗ missing" in str(store.verify())
