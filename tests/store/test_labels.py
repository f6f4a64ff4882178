"""Labels move by compare-and-swap and go back as often as they went forward."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_lite.errors import ConflictError, InvalidNameError, NotFoundError
from mlops_lite.store import Store


@pytest.fixture
def store():
    store = Store(f"memory://{os.urandom(8).hex()}")
    for _ in range(4):
        store.log("model", "churn").append({}, action="register")
    return store


def test_a_stale_expectation_names_who_moved_it(store, monkeypatch):
    monkeypatch.setenv("MLOPS_LITE_AUTHOR", "ann")
    labels = store.labels("model", "churn")
    labels.move("champion", 1, expected=None)
    labels.move("champion", 2, expected=1)
    with pytest.raises(ConflictError, match=r"names version 2, not 1: ann moved it at \d{4}") as caught:
        labels.move("champion", 3, expected=1)
    assert caught.value.actual == 2
    assert labels.get("champion") == 2


def test_moving_to_where_it_is_makes_no_record(store):
    labels = store.labels("model", "churn")
    labels.move("champion", 1)
    labels.move("champion", 1)
    assert len(labels.history()) == 1


def test_a_label_names_only_what_exists(store):
    with pytest.raises(NotFoundError, match="There are versions 1 to 4"):
        store.labels("model", "churn").move("champion", 9)


@pytest.mark.parametrize("label", ["latest", "3", "2026-01-01", "-1", "fork:x", ""])
def test_a_label_that_reads_as_a_version_is_refused(store, label):
    with pytest.raises(InvalidNameError):
        store.labels("model", "churn").move(label, 1)


def test_a_removed_label_is_gone_and_its_history_stays(store):
    labels = store.labels("model", "churn")
    labels.move("champion", 1)
    labels.remove("champion")
    assert labels.all() == {}
    assert [(move.before, move.number) for move in labels.history("champion")] == [(None, 1), (1, None)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.one_of(st.integers(1, 4), st.none())), max_size=12))
def test_labels_are_stacks(steps):
    store = Store(f"memory://{os.urandom(8).hex()}")
    for _ in range(4):
        store.log("model", "churn").append({}, action="register")
    labels = store.labels("model", "churn")
    model = {"a": [], "b": []}
    for label, number in steps:
        if number is None and len(model[label]) < 2:
            with pytest.raises(NotFoundError):
                labels.revert(label)
        elif number is None:
            model[label].pop()
            labels.revert(label)
        else:
            if model[label][-1:] != [number]:
                model[label].append(number)
            labels.move(label, number)
        assert labels.all() == {name: stack[-1] for name, stack in model.items() if stack}
