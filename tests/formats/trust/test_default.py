"""Whom to trust by default: oneself, where nobody else can write."""

import os

import pytest

from mlops_lite.errors import InvalidInputError
from mlops_lite.formats.trust import Trust, trust_of
from mlops_lite.formats.trust.default import only_mine
from mlops_lite.store import Store


def test_one_s_own_folder_and_memory_are_trusted(store):
    store.prepare()
    assert trust_of(store).level == "code"
    assert trust_of(Store("memory://default-trust")).level == "code"


@pytest.mark.parametrize("mode", [0o777, 0o757, 0o1777])
def test_a_folder_that_others_can_write_is_not(store, mode):
    store.prepare()
    os.chmod(store.url, mode)
    assert trust_of(store).level == "known"


def test_nor_one_in_a_place_where_others_could_put_another(tmp_path):
    place = tmp_path / "place"
    (place / "store").mkdir(parents=True)
    place.chmod(0o777)
    assert not only_mine(place / "store")
    place.chmod(0o1777)  # sticky: only the owner renames
    assert only_mine(place / "store")


def test_nor_one_of_another_user(tmp_path, monkeypatch):
    store = Store(tmp_path / "store")
    store.prepare()
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert trust_of(store).level == "known"


def test_nor_one_that_is_not_there(tmp_path):
    assert not only_mine(tmp_path / "nowhere")


def test_a_group_is_somebody_else_unless_it_is_one_s_own(tmp_path):
    folder = tmp_path / "store"
    folder.mkdir()
    os.chmod(folder, 0o775)
    import grp
    import pwd

    own = grp.getgrgid(folder.stat().st_gid).gr_name == pwd.getpwuid(os.getuid()).pw_name
    assert only_mine(folder) == own


def test_a_bucket_is_not_trusted_with_code():
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    assert trust_of(Store("s3://bucket/x", key="a", secret="b")).level == "known"


def test_the_nearer_word_wins(store, monkeypatch):
    monkeypatch.setenv("MLOPS_LITE_TRUSTED", "arrays")
    assert trust_of(store).level == "arrays"
    assert trust_of(Store(store.url, trusted="known")).level == "known"
    assert trust_of(Store(store.url, trusted="known"), "code").level == "code"


@pytest.mark.parametrize("given", ["everything", "Code", ["sklearn"], ["sklearn.*"], [3]])
def test_what_is_no_level_is_refused(given):
    with pytest.raises(InvalidInputError):
        Trust.of(given)


def test_a_wrong_word_suggests_the_right_one():
    with pytest.raises(InvalidInputError, match="Did you mean 'known'"):
        Trust.of("knwon")
