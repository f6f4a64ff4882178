"""Buckets on real servers keep the contract; a server that does not is refused."""

import asyncio
import multiprocessing
import pickle

import pytest

from mlops_lite.errors import StoreUnavailableError, UnsupportedStoreError
from mlops_lite.store import Store
from mlops_lite.store.backends import connect
from mlops_lite.store.backends import s3 as s3_backend
from mlops_lite.testing import BackendContract, StoreContract
from tests.servers import connection_string, free_port


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


@pytest.fixture
def waited(monkeypatch):
    """Seconds that clients wanted to wait between attempts; nobody waits for them."""
    found = []
    sleep = asyncio.sleep

    async def at_once(seconds, *result):
        found.append(seconds)
        return await sleep(0, *result)

    monkeypatch.setattr(asyncio, "sleep", at_once)
    return found


def closed(scheme):
    """Open a store at a port where nobody listens."""
    url = f"http://127.0.0.1:{free_port()}"
    if scheme == "s3":
        return Store("s3://bucket/x", endpoint_url=url, key="a", secret="b")
    return Store("az://team/x", connection_string=connection_string(f"{url}/account"))


@pytest.mark.parametrize(("scheme", "library", "attempts"), [("s3", "s3fs", 4), ("az", "adlfs", 3)])
def test_a_server_that_does_not_answer_is_said_soon(scheme, library, attempts, waited, monkeypatch):
    pytest.importorskip(library)
    for variable in ("AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(StoreUnavailableError, match="Look at the address"):
        closed(scheme).objects.put(b"x")
    waits = [seconds for seconds in waited if seconds]
    assert len(waits) == attempts - 1 and sum(waits) <= 10


def test_retries_of_s3_are_those_that_were_asked_for(waited, monkeypatch):
    pytest.importorskip("s3fs")
    monkeypatch.setenv("AWS_RETRY_MODE", "standard")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    with pytest.raises(StoreUnavailableError):
        closed("s3").objects.put(b"x")
    assert len([seconds for seconds in waited if seconds]) == 1


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


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 20_500])
def test_a_large_file_is_fetched_in_ranges(s3, tmp_path, monkeypatch, size):
    monkeypatch.setattr(s3_backend, "_RANGE", 1000)
    url, options = s3
    backend = connect(url, options)
    data = bytes(number % 251 for number in range(size))
    backend.replace("x", data)
    backend.download("x", str(tmp_path / "copy"))
    assert (tmp_path / "copy").read_bytes() == data


class Breaking:
    """The body of an answer that breaks off after some bytes."""

    def __init__(self, body, most):
        self.body = body
        self.most = most

    async def __aenter__(self):
        await self.body.__aenter__()
        return self

    async def __aexit__(self, *raised):
        await self.body.__aexit__(*raised)

    async def read(self, size):
        if self.most <= 0:
            raise TimeoutError("the line is dead")
        data = await self.body.read(min(size, self.most))
        self.most -= len(data)
        return data


@pytest.mark.parametrize("most", [400, 100])
def test_a_download_goes_on_where_a_connection_broke(s3, tmp_path, monkeypatch, most):
    monkeypatch.setattr(s3_backend, "_RANGE", 1000)
    url, options = s3
    backend = connect(url, options)
    data = bytes(number % 251 for number in range(2_500))
    backend.replace("x", data)
    call = backend.fs._call_s3

    async def broken(method, *args, **wanted):
        answer = await call(method, *args, **wanted)
        return {**answer, "Body": Breaking(answer["Body"], most)} if method == "get_object" else answer

    monkeypatch.setattr(backend.fs, "_call_s3", broken)
    if most * s3_backend._ATTEMPTS >= 1000:
        backend.download("x", str(tmp_path / "copy"))
        assert (tmp_path / "copy").read_bytes() == data
    else:
        with pytest.raises(OSError, match="broke off"):
            backend.download("x", str(tmp_path / "copy"))
