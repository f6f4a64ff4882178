"""What cannot be done is refused in words, and leaves the store as it was."""

import contextlib
import errno
import os
import stat
from pathlib import Path

import pytest

import mlops_lite as ml
from mlops_lite.errors import (
    InvalidInputError,
    InvalidNameError,
    InvalidTypeError,
    MlopsLiteError,
    NotFoundError,
    StoreUnavailableError,
    UnsupportedStoreError,
)
from mlops_lite.store import Store
from mlops_lite.tracking import RunWarning


def contents(root):
    return {path: path.read_bytes() if path.is_file() else None for path in sorted(Path(root).rglob("*"))}


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "s")
    digest = store.objects.put(b"first")
    for _ in range(2):
        store.log("dataset", "flights").append({}, action="snapshot", objects=[digest])
    store.labels("dataset", "flights").move("golden", 1)
    return store


@contextlib.contextmanager
def unchanged(store):
    before = contents(store.url)
    yield
    assert contents(store.url) == before
    assert Store(store.url).verify().ok


@pytest.mark.parametrize(
    "name",
    ["../x", "", " ", "/etc", "a/../../b", "x" * 10_000, "a\x00b", "a\nb", "a@1", "a\\b", None, 3],
)
def test_bad_names(store, name):
    with unchanged(store):
        for act in (store.log, store.labels):
            with pytest.raises(InvalidNameError):
                act("dataset", name)
        with pytest.raises(InvalidNameError):
            store.labels("dataset", "flights").move(name, 1)


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda store: store.log("dataset", "flights").append({"a": object()}, action="x"), InvalidTypeError),
        (lambda store: store.log("dataset", "flights").append({"a": "x" * 70_000}, action="x"), InvalidInputError),
        (lambda store: store.log("dataset", "flights").append({}, action="x", parents=["dataset/no@1"]), NotFoundError),
        (lambda store: store.log("dataset", "flights").append({}, action="x", parents=["nonsense"]), InvalidInputError),
        (lambda store: store.log("dataset", "flights").append({}, action="x", objects=["0" * 64]), MlopsLiteError),
        (lambda store: store.labels("dataset", "flights").move("golden", 7), NotFoundError),
        (lambda store: store.labels("dataset", "flights").remove("goldn"), NotFoundError),
        (lambda store: store.labels("dataset", "flights").revert("golden"), NotFoundError),
        (lambda store: store.adopt("dataset/flights@fork:12345678/2"), NotFoundError),
        (lambda store: store.gc(dry_run=False, grace_s=-1), InvalidInputError),
        (lambda store: store.verify(["dataset/none@1"]), NotFoundError),
        (lambda store: store.sync(f"{store.url}-copy", only=["dataset/none"]), NotFoundError),
        (lambda store: ml.get("dataset/none@1", store), NotFoundError),
    ],
)
def test_bad_calls(store, act, error):
    with unchanged(store), pytest.raises(error):
        act(store)


class Refusing:
    """The calls of the system that write; one of them fails, at its n-th call."""

    CALLS = ("open", "write", "link", "mkdir", "fsync", "replace")

    def __init__(self, patch, number, turn):
        self.count = 0
        self.number = number
        self.turn = turn
        for name in self.CALLS:
            patch.setattr(os, name, self.counting(getattr(os, name), name))

    def counting(self, call, name):
        def counted(*arguments, **options):
            reads = name == "open" and not (arguments[1] & (os.O_WRONLY | os.O_RDWR))
            if not reads:
                self.count += 1
                if self.count >= self.turn:
                    raise OSError(self.number, os.strerror(self.number))
            return call(*arguments, **options)

        return counted


def work(store):
    with store.objects.batch() as batch:
        digests = [batch.add(f"{part}".encode()) for part in range(3)]
    store.log("dataset", "flights").append({}, action="snapshot", objects=digests)
    store.log("dataset", "new").append({}, action="snapshot")
    store.labels("dataset", "flights").move("golden", 2)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "its disk is full. Free some space"),
        (errno.EDQUOT, "your quota there is used up"),
        (errno.EACCES, "you may not do that there. Ask for permission"),
        (errno.EROFS, "it is read-only. Choose another place"),
    ],
)
def test_a_disk_that_refuses_from_any_moment_on_leaves_whole_records_and_can_go_on(tmp_path, number, said):
    """It fills up at the first write, at the second …; what was acknowledged stays, and the work can be done again."""
    turn = 0
    while True:
        turn += 1
        url = tmp_path / f"{turn}"
        Store(url).log("dataset", "flights").append({}, action="snapshot")
        before = {path: data for path, data in contents(url).items() if "logs" in path.parts and path.suffix}
        try:
            with pytest.MonkeyPatch.context() as patch:
                Refusing(patch, number, turn)
                work(Store(url))
        except MlopsLiteError as error:
            assert said in str(error)
            assert error.kind in ("store_unavailable", "unknown_outcome")
        else:
            break
        assert Store(url).verify().ok
        assert not [path for path in contents(url) if path.name.startswith(".tmp-")]
        assert before.items() <= contents(url).items()
        work(Store(url))
        assert Store(url).verify().ok
    assert turn > 10


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may do anything")
def test_a_folder_that_is_not_ours_to_write(store):
    os.chmod(store.url, 0o500)
    try:
        with unchanged(store), pytest.raises(StoreUnavailableError, match="you may not do that there"):
            Store(store.url).log("model", "new").append({}, action="register")
    finally:
        os.chmod(store.url, stat.S_IRWXU)


def test_a_file_where_the_folder_should_be_is_left_alone(tmp_path):
    (tmp_path / "s").write_text("mine")
    for act in (
        lambda s: s.objects.put(b"x"),
        lambda s: s.log("dataset", "d").append({}, action="snapshot"),
        lambda s: s.labels("dataset", "d"),
        lambda s: s.names("dataset"),
    ):
        with pytest.raises(UnsupportedStoreError, match=r"a file stands where a folder should be"):
            act(Store(tmp_path / "s"))
    assert (tmp_path / "s").read_text() == "mine"


@pytest.mark.parametrize("part", ["logs", "objects", "logs/model"])
def test_a_file_inside_where_a_folder_should_be(tmp_path, part):
    store = Store(tmp_path / "s")
    store.prepare()
    path = tmp_path / "s" / part
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    with unchanged(store), pytest.raises(UnsupportedStoreError, match="a file stands where a folder should be"):
        digest = store.objects.put(b"x") if part == "objects" else None
        store.log("model", "m").append({}, action="register", objects=[digest] if digest else [])


@pytest.mark.parametrize("given", ["s3:/bucket", "s4://bucket", "", "  ", 3, None, b"x"], ids=lambda given: repr(given))
def test_what_names_no_store(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MlopsLiteError):
        Store(given).objects.put(b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_went_away_is_not_begun_again_by_the_way(tmp_path, monkeypatch):
    monkeypatch.setenv("MLOPS_LITE_CACHE", str(tmp_path / "cache"))
    store = Store(tmp_path / "s")
    store.objects.put(b"x")
    with ml.start_run(store=store):
        pass
    store.runs.sync()
    os.rename(tmp_path / "s", tmp_path / "moved")

    with pytest.raises(StoreUnavailableError, match="is not there any more"):
        store.objects.put(b"y")
    with pytest.warns(RunWarning, match="is not there any more"), ml.start_run("kept", store=store) as run:
        run.log(loss=1.0)
    assert not os.path.exists(tmp_path / "s")

    os.rename(tmp_path / "moved", tmp_path / "s")
    store.runs.carry()
    assert {found.name for found in ml.runs(store=store)} == {"block", "kept"}
    assert ml.get(run.ref, store).metrics == {"loss": 1.0}
    assert store.verify().ok


READS = {
    "an object": lambda store, digest: store.objects.read(digest),
    "objects": lambda store, digest: store.objects.read_many([digest]),
    "a range": lambda store, digest: store.objects.read_ranges(digest, [(0, 1)]),
    "a map": lambda store, digest: store.objects.map(digest),
    "a size": lambda store, digest: store.objects.size(digest),
    "whether an object is there": lambda store, digest: digest in store.objects,
    "all objects": lambda store, digest: list(store.objects),
    "a record": lambda store, digest: store.log("dataset", "a").read(1),
    "the newest record": lambda store, digest: store.log("dataset", "a").newest(),
    "a log": lambda store, digest: list(store.log("dataset", "a").history()),
    "a label": lambda store, digest: store.log("dataset", "a").find("golden"),
    "the names": lambda store, digest: store.names("dataset"),
    "the kinds": lambda store, digest: store.kinds(),
    "another name": lambda store, digest: store.log("dataset", "b").find(),
    "the runs": lambda store, digest: ml.runs(store=store),
    "a run": lambda store, digest: ml.get("run/01ARZ3NDEKTSV4RRFFQ69G5FAV", store),
    "everything": lambda store, digest: store.verify(),
    "what nothing points at": lambda store, digest: store.gc(),
    "what to copy": lambda store, digest: store.sync(to="memory://gone"),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_reading_from_a_store_that_went_away_says_so(read, tmp_path):
    store = Store(tmp_path / "s")
    digest = store.objects.put(b"x")
    store.log("dataset", "a").append({}, action="snapshot", objects=[digest])
    os.rename(tmp_path / "s", tmp_path / "moved")

    with pytest.raises(StoreUnavailableError, match="is not there any more"):
        read(store, digest)

    os.rename(tmp_path / "moved", tmp_path / "s")
    assert store.objects.read(digest) == b"x" and store.verify().ok
    assert not os.path.exists(tmp_path / "moved")


def test_a_folder_that_was_never_a_store_is_an_empty_one(tmp_path):
    store = Store(tmp_path / "s")

    assert store.names("dataset") == [] and store.kinds() == [] and list(store.objects) == [] and store.verify().ok
    assert store.log("dataset", "a").newest() is None and not store.exists and not os.path.exists(tmp_path / "s")
