"""A store is one folder; bad places are refused in words before anything is written."""

import multiprocessing
import os
import pickle

import pytest

import mlops_lite as ml
from mlops_lite import workspace
from mlops_lite.errors import (
    DamagedError,
    InvalidInputError,
    MlopsLiteError,
    NewerFormatError,
    StoreUnavailableError,
    UnsupportedStoreError,
)
from mlops_lite.store import Store


def test_making_a_store_writes_nothing(tmp_path):
    store = Store(tmp_path / "s")
    assert not store.exists and store.names("dataset") == []
    assert not (tmp_path / "s").exists()


def test_every_opener_sees_one_id(tmp_path):
    assert Store(tmp_path / "s").id == Store(tmp_path / "s").id
    assert Store(f"file://{tmp_path}/s").id == Store(tmp_path / "s").id


def test_a_scheme_nobody_knows_is_refused(tmp_path):
    with pytest.raises(UnsupportedStoreError, match=r"Nobody here knows azur://.*Did you mean 'azure'"):
        Store("azur://bucket")


def test_local_stores_take_no_options(tmp_path):
    with pytest.raises(InvalidInputError, match="'endpoint_url'"):
        Store(tmp_path / "s", endpoint_url="x")


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "s").write_text("mine")
    with pytest.raises(MlopsLiteError):
        Store(tmp_path / "s").objects.put(b"x")
    assert (tmp_path / "s").read_text() == "mine"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b'{"program": "other"}', UnsupportedStoreError),
        (b'{"program": "mlops_lite", "format": 2, "id": "x", "hash": "sha256"}', NewerFormatError),
        (b'{"program": "mlops_lite", "format": 1}', DamagedError),
        (b"rubbish", DamagedError),
        (b"", DamagedError),
    ],
)
def test_a_store_json_that_is_not_ours_is_refused(tmp_path, content, error):
    (tmp_path / "store.json").write_bytes(content)
    for act in (lambda s: s.objects.put(b"x"), lambda s: s.log("model", "m"), lambda s: s.names("model")):
        with pytest.raises(error):
            act(Store(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["store.json"]


def test_a_full_disk_is_said_and_leaves_the_store_as_it_was(tmp_path, monkeypatch):
    store = Store(tmp_path / "s")
    store.log("dataset", "flights").append({}, action="snapshot")
    before = sorted(tmp_path.rglob("*"))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StoreUnavailableError, match="its disk is full"):
        store.log("dataset", "flights").append({}, action="snapshot")
    with pytest.raises(StoreUnavailableError, match="its disk is full"):
        store.objects.put(b"x")
    monkeypatch.undo()
    assert [path for path in sorted(tmp_path.rglob("*")) if path.is_file()] == [p for p in before if p.is_file()]


def test_no_permission_is_said(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(StoreUnavailableError, match="you may not do that there"):
        Store(tmp_path / "s").objects.put(b"x")


def test_a_pickle_carries_no_secret():
    from mlops_lite.store.address import without_secrets

    options = {"key": "AKIA", "secret": "x", "client_kwargs": {"aws_session_token": "y", "region_name": "z"}}
    assert without_secrets(options) == {"client_kwargs": {"region_name": "z"}}


def test_a_store_pickles_by_url(tmp_path):
    store = Store(tmp_path / "s", trusted=["a.b"])
    again = pickle.loads(pickle.dumps(store))
    assert again == store and again.trusted == ("a.b",)


@pytest.mark.parametrize(
    ("trusted", "said"),
    [
        ("evrything", "'evrything' is no level"),
        ("cod", "Did you mean 'code'"),
        (["svm"], "no exact name"),
        (3, "3 is no"),
    ],
)
def test_trust_that_means_nothing_is_refused_at_once(tmp_path, trusted, said):
    for open_ in (Store, ml.use):
        with pytest.raises(InvalidInputError, match=said):
            open_(tmp_path / "s", trusted=trusted)


def _append(url):
    Store(url).log("dataset", "flights").append({}, action="snapshot")


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_store_works_in_child_processes(tmp_path, method):
    _append(tmp_path / "s")
    child = multiprocessing.get_context(method).Process(target=_append, args=(tmp_path / "s",))
    child.start()
    child.join()
    assert child.exitcode == 0
    assert len(Store(tmp_path / "s").log("dataset", "flights")) == 2


def test_unknown_fields_of_a_newer_minor_version_survive(store):
    from mlops_lite.base import canonical
    from mlops_lite.base.record import Record
    from mlops_lite.base.seal import sealed

    record = store.log("dataset", "flights").append({"a": 1}, action="snapshot")
    fields = canonical.decode(record.encode()) | {"colour": "blue"}
    fields.pop("~crc32")
    data = sealed(canonical.encode(fields))
    again = Record.decode(data)
    assert again.extra == {"colour": "blue"}
    assert again.encode() == data


def test_a_newer_record_is_refused(store):
    store.prepare()
    store.backend.create("logs/dataset/x/000000000001.json", b'{"format": 2}')
    with pytest.raises(NewerFormatError, match="pip install --upgrade"):
        store.log("dataset", "x").newest()


def test_the_default_store_is_found_upwards(tmp_path, monkeypatch):
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert workspace.store().url == str(tmp_path / "a" / "b" / ".mlops_lite")
    Store(tmp_path / ".mlops_lite").prepare()
    assert workspace.store().url == str(tmp_path / ".mlops_lite")
    assert (tmp_path / ".mlops_lite" / ".gitignore").read_text() == "*\n"


def test_a_folder_of_another_user_is_not_followed(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    Store(tmp_path / ".mlops_lite").prepare()
    monkeypatch.chdir(tmp_path / "a")
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert workspace.store().url == str(tmp_path / "a" / ".mlops_lite")


def test_the_order_of_defaults(tmp_path, monkeypatch):
    monkeypatch.setenv("MLOPS_LITE_STORE", str(tmp_path / "environment"))
    assert workspace.store().url.endswith("environment")
    ml.use(tmp_path / "used")
    assert workspace.store().url.endswith("used")
    with ml.Store(tmp_path / "block"):
        assert workspace.store().url.endswith("block")
        with ml.Store(tmp_path / "inner"):
            assert workspace.store().url.endswith("inner")
        assert workspace.store(tmp_path / "given").url.endswith("given")
    assert workspace.store().url.endswith("used")


def test_the_single_writer_mode_can_be_asked_for(tmp_path):
    store = Store(tmp_path / "s", single_writer=True)
    log = store.log("dataset", "flights")
    log.append({}, action="snapshot")
    assert log.append({}, action="snapshot").number == 2
