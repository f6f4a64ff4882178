import multiprocessing
import threading

import numpy as np
import pandas as pd
import pytest

import mlops_lite as ml
from mlops_lite import errors


@pytest.fixture
def dataset(tmp_path):
    return ml.Dataset("rows", store=ml.Store(tmp_path / "store"))


def _append(dataset, first, count):
    for number in range(first, first + count):
        dataset.append(pd.DataFrame({"a": [number]}))


def test_processes_that_append_at_once_lose_no_row(dataset):
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_append, args=(dataset, 10 * worker, 5)) for worker in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0] * 4
    assert sorted(dataset.load()["a"]) == sorted(10 * worker + n for worker in range(4) for n in range(5))
    assert len(dataset) == 20


def test_a_stream_that_was_overtaken_is_refused_and_nothing_is_lost(dataset):
    dataset.snapshot(pd.DataFrame({"a": [0]}))

    def stream():
        yield pd.DataFrame({"a": [1]})
        other = threading.Thread(target=_append, args=(dataset, 2, 1))
        other.start()
        other.join()

    with pytest.raises(errors.ConflictError, match="got version 2 while rows were appended to version 1"):
        dataset.append(stream())
    assert list(dataset.load()["a"]) == [0, 2]


def test_a_number_of_numpy_is_a_version(dataset):
    _append(dataset, 0, 2)
    for version in dataset.versions().to_frame()["version"]:
        assert dataset[version].version == version
    assert dataset[np.int8(-1)].version == 2


def test_one_parent_need_not_be_in_a_list(dataset):
    made = dataset.snapshot(pd.DataFrame({"a": [0]}))
    child = ml.Dataset("child", store=dataset.store)

    assert child.snapshot(pd.DataFrame({"b": [0]}), parents=made.ref).parents == (made.ref,)
    assert made.ref in child.append(pd.DataFrame({"b": [1]}), parents=made).parents
    assert dataset.store.verify(made.ref).checked
    assert dataset.store.sync("memory://one-ref", only=made.ref).records == 1


def test_each_column_is_named_once(dataset):
    made = dataset.snapshot(pd.DataFrame({"ab": [0], "c": [1]}))
    with pytest.raises(errors.InvalidInputError, match="twice"):
        made.load(columns=["ab", "ab"])
    with pytest.raises(errors.InvalidInputError, match="no column"):
        made.load(columns=[])
    assert list(made.load(columns="ab").columns) == ["ab"]


def test_nan_names_no_row(dataset):
    with pytest.raises(errors.InvalidInputError, match="'k' is null in 1 row"):
        dataset.snapshot(pd.DataFrame({"k": [1, None, 3]}), key="k")
    assert len(dataset) == 0


@pytest.mark.parametrize(
    ("index", "said"),
    [
        (["x"], "labels without a name, not a range"),
        (pd.Index([5], name="id"), "labels called 'id', not a range"),
        (pd.MultiIndex.from_tuples([(1, 2)], names=["a", None]), "labels called 'a' and labels without a name"),
    ],
)
def test_another_kind_of_index_is_refused_with_the_way_to_a_plain_one(dataset, index, said):
    dataset.snapshot(pd.DataFrame({"a": [0]}))

    with pytest.raises(errors.InvalidInputError, match=rf"{said}.*frame\.reset_index\(\)"):
        dataset.append(pd.DataFrame({"a": [1]}, index=index))

    assert len(dataset) == 1


def test_labels_that_must_be_unique_stay_so(dataset):
    rows = pd.DataFrame({"a": [0]}, index=["x"]).set_flags(allows_duplicate_labels=False)
    dataset.snapshot(rows)

    with pytest.raises(errors.InvalidInputError, match="could come twice"):
        dataset.append(rows)

    numbered = ml.Dataset("numbered", store=dataset.store)
    numbered.snapshot(rows.reset_index(drop=True))
    assert not numbered.append(rows.reset_index(drop=True)).load().flags.allows_duplicate_labels
