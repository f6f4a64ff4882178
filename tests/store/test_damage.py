"""Every file of a store, cut short or with one bit turned over: the check names it, and reading says so."""

import os
import random
import shutil
from pathlib import Path

import pytest

import mlops_lite as ml
from mlops_lite.errors import MlopsLiteError
from mlops_lite.store import Store

PASSING = ("hint", ".gitignore")  # a guess, and a convenience: nothing believes them


def lives(url):
    """Give every kind of file that a store has."""
    store = Store(url)
    with store.objects.batch() as batch:
        many = [batch.add(f"{number}".encode()) for number in range(300)]
    store.log("dataset", "flights").append({"rows": 1}, action="snapshot", objects=many)
    store.log("dataset", "flights").append({"rows": 2}, action="snapshot", objects=many[:2])
    store.labels("dataset", "flights").move("golden", 2)
    for _ in range(3):
        with ml.start_run(store=store):
            ml.log(loss=[0.5, 0.25])
            ml.log(loss=0.125)
            ml.log_artifact("notes.txt", b"text")
    store.runs.sync()
    store.runs.compact()
    with ml.start_run(store=store):
        ml.log(loss=0.5)
    store.runs.sync()
    other = Store(f"{url}-other")
    other.log("dataset", "flights").append({"rows": 9}, action="snapshot")
    other.sync(store)
    return store


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLOPS_LITE_CACHE", str(tmp_path_factory.mktemp("cache")))
        store = lives(str(tmp_path_factory.mktemp("store") / "s"))
        assert store.verify().ok
    return Path(store.url)


def files(root):
    return sorted(path for path in root.rglob("*") if path.is_file() and path.name not in PASSING)


def test_a_store_has_files_of_every_kind(whole):
    kinds = {"/".join(path.relative_to(whole).parts[:2]) for path in files(whole)}
    assert {"logs/dataset", "logs/dataset-label", "runs/data", "runs/done", "runs/segments", "store.json"} <= kinds
    assert any(kind.startswith("forks/") for kind in kinds) and any(kind.startswith("objects/") for kind in kinds)


def damaged(root, path, edit):
    data = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(edit(data))
    return data


def cut(dice):
    return lambda data: data[: dice.randrange(len(data))]


def turn(dice):
    def edit(data):
        points = [start for start in range(0, len(data), 32) if data[start] == 0xA7 and data[start + 1] in (1, 2)]
        bit = dice.randrange(len(data) * 8)
        if points and data[0] == 0xA7:  # a journal: a bit of its last point (zeros that fill up a block mean nothing)
            bit = points[-1] * 8 + dice.randrange(256)
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        return bytes(changed)

    return edit


@pytest.mark.parametrize("damage", [cut, turn])
def test_the_check_names_every_damaged_file(whole, damage, tmp_path):
    shutil.copytree(whole, tmp_path / "s")
    dice = random.Random(11)
    chosen = files(tmp_path / "s")
    objects = [path for path in chosen if "objects" in path.parts]
    chosen = [path for path in chosen if path not in objects] + dice.sample(objects, 8)
    for path in chosen:
        name = path.relative_to(tmp_path / "s").as_posix()
        if name.startswith("runs/data") and damage is cut:
            continue  # what a killed process leaves: nothing that was acknowledged
        data = damaged(tmp_path / "s", path, damage(dice))
        try:
            found = Store(tmp_path / "s").verify()
        except MlopsLiteError as error:
            assert name == "store.json" and "store.json" in str(error)
        else:
            assert not found.ok, name
            named = {fault.path for fault in found.damaged}
            assert any(name == one or name.startswith(one) for one in named), (name, str(found))
        path.write_bytes(data)
    assert Store(tmp_path / "s").verify().ok


@pytest.mark.parametrize("damage", [cut, turn])
def test_reading_says_so(whole, damage, tmp_path):
    shutil.copytree(whole, tmp_path / "s")
    dice = random.Random(12)
    for path in [path for path in files(tmp_path / "s") if "logs" in path.parts or path.name == "store.json"]:
        data = damaged(tmp_path / "s", path, damage(dice))
        with pytest.raises(MlopsLiteError):
            store = Store(tmp_path / "s")
            for kind in store.kinds():
                for name in store.names(kind):
                    list(store.log(kind, name).history())
        path.write_bytes(data)


def test_what_is_gone_is_named_and_a_copy_gives_it_back(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "s")
    dice = random.Random(13)
    objects = [path for path in files(tmp_path / "s") if "objects" in path.parts]
    for path in dice.sample(objects, 5):
        path.unlink()
    store = Store(tmp_path / "s")
    assert len(store.verify().missing) >= 5
    Store(whole).sync(store)
    assert store.verify().ok


def test_a_cut_object_is_given_back_by_a_copy_too(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "s")
    path = next(path for path in files(tmp_path / "s") if "objects" in path.parts and path.stat().st_size > 1)
    os.truncate(path, 1) if os.access(path, os.W_OK) else damaged(tmp_path / "s", path, lambda data: data[:1])
    assert not Store(tmp_path / "s").verify().ok
    Store(whole).sync(Store(tmp_path / "s"))
    assert Store(tmp_path / "s").verify().ok


def test_a_name_that_hides_a_folder_is_no_object(tmp_path):
    store = Store(tmp_path / "s")
    digest = store.objects.put(b"x")
    path = store.objects.path(digest)
    path.unlink()
    path.mkdir()
    with pytest.raises(MlopsLiteError):
        store.objects.read(digest)
