"""Buckets on real servers keep the contract; a server that does not is refused."""

import multiprocessing
import pickle

import pytest

from mlops_lite.errors import StoreUnavailableError, UnsupportedStoreError
from mlops_lite.store import Store
from mlops_lite.store.backends import connect
from mlops_lite.testing import BackendContract, StoreContract


class TestS3(BackendContract, StoreContract):
    @pytest.fixture
    def backend(self, s3):
        url, options = s3
        return connect(url, options)

    @pytest.fixture
    def store(self, s3):
        url, options = s3
        return Store(url, **options)


class TestAzure(BackendContract, StoreContract):
    @pytest.fixture
    def backend(self, azure):
        url, options = azure
        return connect(url, options)

    @pytest.fixture
    def store(self, azure):
        url, options = azure
        return Store(url, **options)


def test_a_server_that_ignores_the_condition_is_refused(careless_server):
    store = Store("s3://team-bucket/careless", **careless_server)
    with pytest.raises(UnsupportedStoreError, match=r"of 8 who created one file at once, [2-8] were told"):
        store.log("dataset", "d").append({}, action="snapshot")
    assert not store.exists
    assert list(store.backend.walk("logs")) == []
    allowed = Store("s3://team-bucket/careless", single_writer=True, **careless_server)
    assert allowed.log("dataset", "d").append({}, action="snapshot").number == 1


def test_a_bucket_that_is_not_there_is_said(s3_server):
    with pytest.raises(StoreUnavailableError, match="Is there such a bucket"):
        Store("s3://no-such-bucket-here/x", **s3_server).objects.put(b"x")


def test_a_server_that_does_not_answer_is_said(s3_server):
    options = {**s3_server, "endpoint_url": "http://127.0.0.1:9", "config_kwargs": {"retries": {"max_attempts": 1}}}
    with pytest.raises(StoreUnavailableError):
        Store("s3://team-bucket/x", **options).objects.put(b"x")


def test_the_proof_is_made_once_a_machine(s3, monkeypatch):
    url, options = s3
    Store(url, **options).prepare()
    created = []
    again = Store(url, **options)
    create = again.backend.create
    monkeypatch.setattr(again.backend, "create", lambda path, data: (created.append(path), create(path, data)))
    again.objects.put(b"x")
    assert created == []


def test_the_newest_costs_few_requests_however_long_the_log(s3, monkeypatch):
    url, options = s3
    log = Store(url, **options).log("dataset", "d")
    for number in (10, 300):
        while len(log) < number:
            log.append({}, action="snapshot")
        fresh = Store(url, **options)
        found = fresh.log("dataset", "d")
        requests = count_requests(fresh, monkeypatch)
        assert found.newest().number == number
        assert len(requests) <= 4, requests


def count_requests(store, monkeypatch):
    """Count what goes over the wire from now on."""
    calls = []
    filesystem = store.backend.fs
    call = filesystem._call_s3

    async def counted(method, *arguments, **options):
        calls.append(method)
        return await call(method, *arguments, **options)

    monkeypatch.setattr(filesystem, "_call_s3", counted)
    return calls


def _append(url, options):
    Store(url, **options).log("dataset", "d").append({}, action="snapshot")


def _append_with(store):
    store.log("dataset", "d").append({}, action="snapshot")


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_store_works_in_child_processes(s3, method):
    url, options = s3
    _append(url, options)
    child = multiprocessing.get_context(method).Process(target=_append, args=(url, options))
    child.start()
    child.join()
    assert child.exitcode == 0
    assert len(Store(url, **options).log("dataset", "d")) == 2


def test_a_store_inherited_by_fork_works(s3):
    url, options = s3
    store = Store(url, **options)
    _append_with(store)
    child = multiprocessing.get_context("fork").Process(target=_append_with, args=(store,))
    child.start()
    child.join()
    assert child.exitcode == 0
    assert store.log("dataset", "d").newest().number == 2


def test_a_pickle_finds_its_secrets_in_the_environment(s3, monkeypatch):
    url, options = s3
    store = Store(url, **options)
    data = pickle.dumps(store)
    assert b"secret" not in data
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    again = pickle.loads(data)
    assert again.objects.put(b"x") in store.objects


def test_a_pickle_without_its_secrets_says_where_they_are_looked_for(azure, monkeypatch):
    url, options = azure
    found = pickle.dumps(Store(url, **options))
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING", raising=False)
    with pytest.raises(StoreUnavailableError, match="AZURE_STORAGE_CONNECTION_STRING"):
        pickle.loads(found)
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", options["connection_string"])
    assert pickle.loads(found).names("dataset") == []


def test_a_local_store_ends_up_in_a_bucket(s3, tmp_path):
    url, options = s3
    local = Store(tmp_path / "offline")
    digest = local.objects.put(b"x" * 3_000_000)
    local.log("dataset", "d").append({}, action="snapshot", objects=[digest])
    bucket = Store(url, **options)
    assert local.sync(bucket).records == 1
    assert bucket.verify().ok
    assert bytes(bucket.objects.map(digest)) == b"x" * 3_000_000


def test_where_s3_cannot_decide_it_is_asked_again(s3, monkeypatch):
    """409: two create at once and S3 lets neither win yet."""
    from botocore.exceptions import ClientError

    url, options = s3
    backend = connect(url, options)
    answers = [409, 409]
    create = backend.fs.pipe_file

    def undecided(path, data, **how):
        if answers:
            code = answers.pop()
            response = {"Error": {"Code": "Conflict"}, "ResponseMetadata": {"HTTPStatusCode": code}}
            raise OSError(5, "conflict") from ClientError(response, "PutObject")
        return create(path, data, **how)

    monkeypatch.setattr(backend.fs, "pipe_file", undecided)
    backend.create("x", b"1")
    assert backend.read("x") == b"1"
    answers[:] = [409] * 9
    with pytest.raises(OSError, match="conflict"):
        backend.create("y", b"1")


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 8000, 8001, 20_500])
def test_a_large_file_is_fetched_in_pieces(s3, tmp_path, monkeypatch, size):
    from mlops_lite.store.backends import _fsspec

    monkeypatch.setattr(_fsspec, "_PIECE", 1000)
    url, options = s3
    backend = connect(url, options)
    data = bytes(number % 251 for number in range(size))
    backend.replace("x", data)
    backend.download("x", str(tmp_path / "copy"))
    assert (tmp_path / "copy").read_bytes() == data
