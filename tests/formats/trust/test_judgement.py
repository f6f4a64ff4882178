"""A judgement is made once for each content on a machine, and only a good one is remembered."""

import pickle

from mlops_lite.formats import trust
from mlops_lite.formats.trust import judgement, machine, names
from mlops_lite.store.cache import Cache


def test_a_known_pickle_is_not_followed_again(tmp_path, monkeypatch):
    cache = Cache(tmp_path)
    head = pickle.dumps({"a": [1.5, 2.5]}, protocol=5)
    assert trust.judge(head, marks=cache).level == "known"
    monkeypatch.setattr(judgement, "_memory", {})
    monkeypatch.setattr(machine, "read", None)
    assert trust.judge(head, marks=cache).level == "known"


def test_one_that_needs_code_is_never_remembered(tmp_path):
    cache = Cache(tmp_path)
    head = pickle.dumps(print, protocol=5)
    for _ in range(2):
        assert trust.judge(head, marks=cache).level == "code"
    assert not list(tmp_path.rglob("*"))


def test_what_a_reader_s_own_names_allowed_is_not_remembered_for_others(tmp_path):
    cache = Cache(tmp_path)
    head = pickle.dumps(print, protocol=5)
    assert trust.judge(head, frozenset({"builtins.print"}), cache).level == "known"
    assert trust.judge(head, marks=cache).level == "code"


def test_another_list_judges_anew(tmp_path, monkeypatch):
    cache = Cache(tmp_path)
    head = pickle.dumps({"a": 1}, protocol=5)
    trust.judge(head, marks=cache)
    monkeypatch.setattr(names, "version", lambda: "another")
    monkeypatch.setattr(judgement, "_memory", {})
    followed = []
    real = machine.read
    monkeypatch.setattr(machine, "read", lambda data: followed.append(1) or real(data))
    trust.judge(head, marks=cache)
    assert followed
