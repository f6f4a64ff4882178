"""Files and folders come back as they were; what is done to a checkout reaches no store."""

import os
import socket
import stat
from pathlib import Path

import pytest

import mlops_lite as ml
from mlops_lite import errors
from mlops_lite.data import packing, statcache


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    for folder in ("a/b/c", "empty", "ünïcødé ✓"):
        (root / folder).mkdir(parents=True)
    (root / "a/one.txt").write_text("one")
    (root / "a/b/run.sh").write_text("#!/bin/sh")
    (root / "a/b/run.sh").chmod(0o755)
    (root / "a/b/c/big.bin").write_bytes(os.urandom(3_000_000))
    (root / "ünïcødé ✓" / "名前.txt").write_text("name")
    (root / "zero").write_bytes(b"")
    (root / "same").write_text("one")
    (root / "link").symlink_to("a/one.txt")
    (root / "a/up").symlink_to("../a/b")
    return root


@pytest.fixture
def dataset(store):
    return ml.Dataset("files", store=store)


def looks(root):
    """Everything that must come back."""
    found = {}
    for folder, folders, names in os.walk(root):
        for name in [*folders, *names]:
            path = os.path.join(folder, name)
            below = os.path.relpath(path, root)
            if os.path.islink(path):
                found[below] = os.readlink(path)
            elif os.path.isdir(path):
                found[below] = stat.S_IMODE(os.stat(path).st_mode)
            else:
                found[below] = (stat.S_IMODE(os.stat(path).st_mode), Path(path).read_bytes())
    return found


def test_a_folder_comes_back_as_it_was(dataset, tree, tmp_path):
    snapshot = dataset.snapshot(tree)

    assert (snapshot.kind, snapshot.num_rows) == ("folder", 6)
    assert looks(snapshot.path()) == looks(tree)
    assert snapshot.path().name == "tree"
    assert looks(snapshot.path(tmp_path / "out")) == looks(tree)
    assert snapshot.load() == snapshot.path()


def test_a_file_comes_back_as_it_was(dataset, tree):
    snapshot = dataset.snapshot(str(tree / "a/b/run.sh"))

    assert (snapshot.kind, snapshot.num_rows, snapshot.path().name) == ("file", 1, "run.sh")
    assert snapshot.path().read_text() == "#!/bin/sh"
    assert os.access(snapshot.path(), os.X_OK)


def test_the_digest_is_that_of_the_content(store, tree, tmp_path):
    import shutil

    shutil.copytree(tree, tmp_path / "copy" / "tree", symlinks=True)

    assert (
        ml.Dataset("x", store=store).snapshot(tree).digest
        == ml.Dataset("y", store=store).snapshot(tmp_path / "copy" / "tree").digest
    )


def change(what, tree):
    if what == "content":
        (tree / "zero").write_text("x")
    elif what == "mode":
        (tree / "zero").chmod(0o600)
    elif what == "link":
        (tree / "link").unlink()
        (tree / "link").symlink_to("same")
    elif what == "name":
        (tree / "zero").rename(tree / "null")
    elif what == "empty folder":
        (tree / "empty").rmdir()
    elif what == "new file":
        (tree / "new").write_text("new")


@pytest.mark.parametrize("what", ["content", "mode", "link", "name", "empty folder", "new file"])
def test_one_change_anywhere_makes_a_version(dataset, tree, what):
    first = dataset.snapshot(tree)
    assert dataset.snapshot(tree) == first

    change(what, tree)
    second = dataset.snapshot(tree)

    assert second.version == 2 and second.written < 20_000
    assert looks(second.path()) == looks(tree)
    assert not dataset.diff(1, 2).is_empty
    assert looks(first.path()) != looks(second.path())


def test_small_files_share_objects(dataset, tmp_path):
    (tmp_path / "many").mkdir()
    for number in range(500):
        (tmp_path / "many" / str(number)).write_text(f"content {number}")

    dataset.snapshot(tmp_path / "many")

    assert len(list(dataset.store.objects)) == 2  # a pack and a manifest


def test_what_is_done_to_a_checkout_stays_there(dataset, tree):
    snapshot = dataset.snapshot(tree)
    first = snapshot.path()
    (first / "a/one.txt").write_text("spoilt")
    (first / "same").unlink()

    second = snapshot.path()

    assert second != first and looks(second) == looks(tree)
    assert (first / "a/one.txt").read_text() == "spoilt"
    assert dataset.store.verify().ok
    assert snapshot.path() == second


def test_no_checked_out_file_is_an_object(dataset, tree):
    checked_out = dataset.snapshot(tree).path()

    objects = {os.stat(dataset.store.objects.path(digest)).st_ino for digest in dataset.store.objects}

    for folder, _, names in os.walk(checked_out):
        assert not objects & {os.lstat(os.path.join(folder, name)).st_ino for name in names}


def test_an_unchanged_tree_is_not_read(dataset, tree, monkeypatch):
    monkeypatch.setattr(statcache, "_FINE_NS", -(10**12))  # as if it had been edited long ago
    monkeypatch.setattr(statcache, "_COARSE_NS", -(10**12))
    dataset.snapshot(tree)
    monkeypatch.setattr(packing._Packer, "_small", None)
    monkeypatch.setattr(packing._Packer, "_large", None)

    assert dataset.snapshot(tree).version == 1


def test_an_edit_within_the_grain_of_the_clock_is_seen(dataset, tree):
    for number in range(10):
        (tree / "same").write_text(f"{number:03}")  # the same size, the same moment
        snapshot = dataset.snapshot(tree)
        before = os.stat(tree / "same")
        with open(tree / "same", "r+") as file:
            file.write("xyz")
        os.utime(tree / "same", ns=(before.st_atime_ns, before.st_mtime_ns))
        assert dataset.snapshot(tree).version == snapshot.version + 1


def test_the_store_inside_the_folder_is_left_out(tmp_path):
    (tmp_path / "data.txt").write_text("x")
    dataset = ml.Dataset("here", store=str(tmp_path / ".mlops_lite"))
    dataset.snapshot({"a": [1]})

    assert dataset.snapshot(tmp_path).num_rows == 1


def make_bad(what, tree):
    if what == "socket":
        os.chdir(tree)
        server = socket.socket(socket.AF_UNIX)
        server.bind("sock")
        server.close()
    elif what == "pipe":
        os.mkfifo(tree / "pipe")
    elif what == "absolute link":
        (tree / "out").symlink_to("/etc/hostname")
    elif what == "relative link":
        (tree / "a/out").symlink_to("../../elsewhere")


@pytest.mark.parametrize("what", ["socket", "pipe", "absolute link", "relative link"])
def test_what_cannot_be_kept_is_refused_and_the_store_stays_as_it_was(dataset, tree, what, monkeypatch):
    monkeypatch.chdir(tree)
    dataset.snapshot(tree)
    make_bad(what, tree)

    with pytest.raises(errors.InvalidInputError, match=r"sock|pipe|out of the tree"):
        dataset.snapshot(tree)

    assert len(dataset) == 1 and dataset.store.verify().ok


def test_files_from_before_1970_are_kept(dataset, tree):
    os.utime(tree / "same", (-1000, -1000))

    assert dataset.snapshot(tree).version == dataset.snapshot(tree).version == 1


def test_a_checkout_does_not_overwrite(dataset, tree, tmp_path):
    snapshot = dataset.snapshot(tree)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("x")

    with pytest.raises(errors.InvalidInputError, match="stands at"):
        snapshot.path(tmp_path / "full")
    assert looks(tmp_path / "full") == {"mine": (0o644, b"x")} or (tmp_path / "full" / "mine").read_text() == "x"


def test_damage_names_the_files(dataset, tree):
    snapshot = dataset.snapshot(tree)
    for digest in list(dataset.store.objects):
        path = dataset.store.objects.path(digest)
        if path.stat().st_size < 100:  # the pack of small files
            path.chmod(0o644)
            path.write_bytes(b"?" * path.stat().st_size)

    with pytest.raises(errors.DamagedError, match=r"dataset/files@1.*is damaged") as caught:
        snapshot.path()
    assert "a/one.txt" in caught.value.paths


def test_a_table_has_no_path_and_files_have_no_columns(dataset, tree):
    with pytest.raises(errors.InvalidTypeError, match="to_parquet"):
        dataset.snapshot({"a": [1]}).path()
    with pytest.raises(errors.InvalidTypeError, match="not a table"):
        dataset.snapshot(tree).to_pandas()


def test_files_in_memory_and_in_buckets_come_back(tree, s3):
    for url, options in (("memory://files-test", {}), s3):
        store = ml.Store(url, **options)
        snapshot = ml.Dataset("files", store=store).snapshot(tree)
        assert looks(snapshot.path()) == looks(tree)


def test_what_a_disk_must_be_waited_for_is_read_all_the_same(store, tmp_path, monkeypatch):
    made = {f"{number}": bytes([number % 7]) * number for number in range(600)}
    for name, data in made.items():
        (tmp_path / "tree").mkdir(exist_ok=True)
        (tmp_path / "tree" / name).write_bytes(data)
    read = packing._at_hand
    waited = []

    def partly(descriptor, size):
        if size % 3:
            return read(descriptor, size)
        waited.append(size)
        return None

    monkeypatch.setattr(packing, "_at_hand", partly)
    checked_out = ml.Dataset("tree", store=store).snapshot(tmp_path / "tree").path(tmp_path / "out")

    assert {path.name: path.read_bytes() for path in checked_out.iterdir()} == made and len(waited) == 200


@pytest.mark.parametrize("size", [0, 1, 4096, 100_000])
@pytest.mark.parametrize("grown", [-1, 0, 1])
def test_a_file_that_changes_between_the_walk_and_the_reading_is_read_as_it_is(tmp_path, size, grown):
    content = os.urandom(max(size + grown, 0))
    (tmp_path / "a").write_bytes(content)
    descriptor = os.open(tmp_path / "a", os.O_RDONLY)
    try:
        assert packing._at_hand(descriptor, size) in (content, None)
        assert packing._read_all(descriptor, size) == content
    finally:
        os.close(descriptor)
