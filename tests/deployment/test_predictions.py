"""The prediction log keeps what was asked and answered, as it was, and never breaks a call."""

import contextlib
import os
import pickle
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mlops_lite as ml
from mlops_lite.deployment.blocks import Blocks
from mlops_lite.deployment.inputs import kept, restored
from mlops_lite.errors import InvalidInputError, InvalidTypeError, SignatureError
from tests.deployment.conftest import register


def frame(rows=2, start=0):
    place = np.arange(start, start + rows)
    return pd.DataFrame(
        {
            "age": place * 1.5,
            "city": [f"city {one}" for one in place],
            "visits": place,
            "vip": place % 2 == 0,
            "since": pd.Timestamp("2026-01-01") + pd.to_timedelta(place, unit="D"),
            "plan": pd.Categorical(["a", "b"] * (rows // 2) + ["a"] * (rows % 2), categories=["a", "b"]),
            "score_of_bank": pd.array([1, None] * (rows // 2) + [1] * (rows % 2), dtype="Int64"),
        }
    )


def everything():
    """A frame with a column of every type that pandas has."""
    times = pd.date_range("2026-01-01", periods=3, tz="Europe/Rome")
    return pd.DataFrame(
        {
            "times": times,
            "plain": times.tz_localize(None),
            "spans": times - times[0],
            "periods": pd.period_range("2026-01", periods=3, freq="M"),
            "levels": pd.Categorical(["b", "a", None], categories=["b", "a"], ordered=True),
            "text": ["a", None, "c"],
            "string": pd.array(["a", None, "c"], dtype="string"),
            "numpy": pd.array(["a", None, "c"], dtype=pd.StringDtype("python")),
            "arrow": pd.array([1, None, 3], dtype=pd.ArrowDtype(pa.int64())),
            "masked": pd.array([1.5, None, 3], dtype="Float64"),
            "flags": pd.array([True, None, False], dtype="boolean"),
            "ranges": pd.interval_range(0, 3),
            "sparse": pd.arrays.SparseArray([0, 0, 1]),
            "object": pd.Series([(1,), None, {2}], dtype=object),
            "small": np.arange(3, dtype=np.int8),
        }
    )


@pytest.fixture
def live(store, open_handles):
    register(store, 1, 2)
    ml.deploy("churn@1", to="prod", store=store)
    return lambda **options: open_handles("prod", store=store, log={"flush_s": 3600, **options})


def test_every_call_is_kept(live, store):
    handle = live()
    given = frame(4)
    assert handle.predict(given.iloc[:2], request_id="a").tolist() == [1, 1]
    handle.predict(given.iloc[2:3], request_id="b", key=7)
    handle.predict_proba(given.iloc[3:], request_id=["c"], key="x")
    found = handle.predictions()
    assert found["request_id"].tolist() == ["a/0", "a/1", "b", "c"]
    assert found["prediction"].tolist()[:3] == [1, 1, 1]
    assert found["score"].tolist()[3] == pytest.approx(0.1)
    assert found["key"].tolist()[2:] == ["7", "x"]
    assert set(found["model"]) == {"model/churn@1"}
    assert found["deployment"].tolist() == [1] * 4
    assert handle.predictions(method="predict_proba")["request_id"].tolist() == ["c"]
    assert (found["seconds"] > 0).all()
    assert (pd.Timestamp.now("UTC") - found["time"]).max() < pd.Timedelta("1min")
    for column in ("age", "city", "visits", "vip", "since"):
        assert found[column].tolist() == given[column].tolist()
    assert found["plan"].astype(str).tolist() == given["plan"].astype(str).tolist()
    assert found["score_of_bank"].isna().tolist() == [False, True, False, True]
    assert ml.workspace.origin(found) == "deployment/prod@1"


@pytest.mark.parametrize("kind", ["numpy", "dict", "records", "arrow", "polars", "one record", "text"])
def test_inputs_of_every_kind_are_kept(store, open_handles, kind):
    given, names = {
        "numpy": (np.array([[1.0, 2.0], [3.0, 4.0]]), ["0", "1"]),
        "dict": ({"a": [1, 3], "b": ["x", "y"]}, ["a", "b"]),
        "records": ([{"a": 1, "b": "x"}, {"a": 3, "b": "y"}], ["a", "b"]),
        "arrow": (pa.table({"a": [1, 3], "b": ["x", "y"]}), ["a", "b"]),
        "polars": (None, ["a", "b"]),
        "one record": ({"a": 1, "b": "x"}, ["a", "b"]),
        "text": (["first", "second"], ["input"]),
    }[kind]
    if kind == "polars":
        given = pytest.importorskip("polars").DataFrame({"a": [1, 3], "b": ["x", "y"]})
    rows = 1 if kind == "one record" else 2
    ml.Registry(store).register("some", lambda X: np.arange(rows))
    ml.deploy("some@1", to="prod", store=store)
    handle = open_handles("prod", store=store, log={"flush_s": 3600})
    handle.predict(given)
    found = handle.predictions()
    assert found["prediction"].tolist() == list(range(rows))
    assert set(names) <= set(found.columns)
    if kind not in ("numpy", "text"):
        assert found["a"].tolist() == [1, 3][:rows]


def test_what_was_kept_does_not_change_with_what_was_given(live):
    handle = live()
    table, array, other = frame(2), np.zeros((1, 3)), pl.DataFrame({"shade": ["red"]})
    handle.predict(table)
    handle.predict(array)
    handle.predict(other)
    other[0, "shade"] = "blue"
    table.loc[0, "age"] = 99.0
    table.loc[0, "city"] = "elsewhere"
    table["visits"] = 99
    array[:] = 99
    found = handle.predictions()
    assert found["age"].tolist()[:2] == [0.0, 1.5]
    assert found["city"].tolist()[:2] == ["city 0", "city 1"]
    assert found["visits"].tolist()[:2] == [0, 1]
    assert found["0"].tolist()[2] == 0.0
    assert found["shade"].dropna().tolist() == ["red"]


def unpickled():
    """Give a frame whose type of objects is equal to numpy's, and another one."""
    return pickle.loads(pickle.dumps(pd.DataFrame({"a": pd.Series([{1}, None], dtype=object)})))


@pytest.mark.parametrize(
    "table",
    [frame(3), frame(1), pd.DataFrame({3: [1], "x": ["y"]}), pd.DataFrame({"a": []}), everything(), unpickled()],
)
def test_a_frame_comes_back_as_it_was(table):
    held = kept(table)
    assert type(held) is Blocks
    pd.testing.assert_frame_equal(restored(held), table.reset_index(drop=True))


MIXED = {
    "category and text": (pd.DataFrame({"a": pd.Categorical(["x"])}), [{"a": "y"}], ["x", "y"]),
    "number and text": (pd.DataFrame({"a": [1]}), [{"a": "y"}], ["1", "y"]),
    "whole and broken": (pd.DataFrame({"a": [1]}), [{"a": 0.5}], [1.0, 0.5]),
    "truth and number": (pd.DataFrame({"a": [True]}), pd.DataFrame({"a": [0.5]}), ["true", "0.5"]),
    "lists and text": (pd.DataFrame({"a": [[1, 2]]}), [{"a": "y"}], ["[1, 2]", "y"]),
    "time and text": (pd.DataFrame({"a": pd.to_datetime(["2026-01-01"])}), [{"a": "y"}], None),
    "nothing and text": ([{"a": None}], [{"a": "y"}], [None, "y"]),
    "large and small text": (pl.DataFrame({"a": ["x"]}), [{"a": "y"}], ["x", "y"]),
}


@pytest.mark.parametrize(("first", "second", "expected"), MIXED.values(), ids=MIXED)
def test_what_callers_send_in_several_types_is_kept_all_the_same(store, open_handles, first, second, expected):
    register(store, 1)
    ml.deploy("churn@1", to="prod", store=store)
    live = open_handles("prod", store=store, log={"flush_s": 3600}, check=False)
    live.predict(first)
    live.predict(second)

    found = live.predictions()

    assert len(found) == 2
    if expected is not None:
        assert [None if each is None or each != each else each for each in found["a"]] == expected


@pytest.mark.parametrize("flushed", [False, True])
def test_a_refused_call_does_not_change_what_the_others_gave(store, open_handles, flushed):
    register(store, 1, example=pd.DataFrame({"a": [1.0], "b": ["x"]}))
    ml.deploy("churn@1", to="prod", store=store)
    live = open_handles("prod", store=store, log={"flush_s": 3600})
    for rows in ([{"a": "many", "b": "x"}], [{"a": 1.0, "b": "x"}], [{"a": "2", "b": 3}], [{"a": 0.5, "b": "y"}]):
        with contextlib.suppress(SignatureError):
            live.predict(rows)
        if flushed:
            live.predictions()  # each call a segment of its own

    found = live.predictions()

    assert len(found) == 4 and found["error"].notna().sum() == 2
    assert found["a"].dtype == float
    assert found[found["error"].isna()][["a", "b"]].to_dict("list") == {"a": [1.0, 0.5], "b": ["x", "y"]}
    assert "'a' has the type" in found["error"].dropna().iloc[0]


def test_a_call_without_rows_breaks_nothing(live):
    handle = live()
    handle.predict(frame(0))
    assert len(handle.predictions()) == 0
    handle.predict(frame(2))
    assert len(handle.predictions()) == 2


def test_only_chosen_columns_are_kept(live):
    handle = live(inputs=["age"])
    handle.predict(frame())
    assert {"city", "visits"}.isdisjoint(handle.predictions().columns)
    bare = live(inputs=False)
    bare.predict(frame())
    assert "age" not in bare.predictions(version="churn@1").iloc[2:].dropna(axis=1, how="all").columns


def test_columns_are_redacted_before_anything_is_written(live, store):
    handle = live(redact={"city": "mask", "visits": "hash", "vip": "drop", "key": "hash"}, secret="pepper")
    handle.predict(frame(2), key="customer-77")
    found = handle.predictions()
    assert found["city"].tolist() == ["•••"] * 2
    assert "vip" not in found
    assert found["visits"].nunique() == 2
    assert all(len(one) == 32 for one in found["visits"])
    again = live(redact={"key": "hash"}, secret="pepper")
    again.predict(frame(1), key="customer-77")
    assert again.predictions()["key"].nunique() == 1
    for digest in store.objects:
        assert b"customer-77" not in store.objects.read(digest)


def test_a_hash_without_a_secret_is_refused(live, monkeypatch):
    with pytest.raises(InvalidInputError, match="needs a secret"):
        live(redact={"city": "hash"})
    with pytest.raises(InvalidInputError, match="cannot be redacted by 'shred'"):
        live(redact={"city": "shred"})
    monkeypatch.setenv("MLOPS_LITE_REDACTION_KEY", "pepper")
    live(redact={"city": "hash"})


def test_labels_come_later_and_the_last_one_counts(live):
    handle = live()
    handle.predict(frame(2), request_id=["a", "b"])
    assert handle.label("a", 1) == 1
    assert handle.label(["a", "b"], np.array([0, 1])) == 2
    assert handle.predictions().set_index("request_id")["label"].to_dict() == {"a": 0, "b": 1}
    with pytest.raises(InvalidTypeError, match="not of one kind"):
        handle.label(["a", "b"], [1, "yes"])
    with pytest.raises(InvalidInputError, match="2 ids and 1 labels"):
        handle.label(["a", "b"], [1])


def test_errors_are_kept_and_raised(store, open_handles):
    from tests.deployment.conftest import Constant

    ml.Registry(store).register("churn", Constant(1, failing=1.0))
    ml.deploy("churn@1", to="prod", store=store)
    handle = open_handles("prod", store=store, log={"flush_s": 3600})
    with pytest.raises(RuntimeError, match="the model failed"):
        handle.predict(np.zeros((2, 2)), request_id="a")
    found = handle.predictions()
    assert found["error"].tolist() == ["RuntimeError: the model failed"]
    assert found["request_id"].tolist() == ["a"]


def test_drops_are_counted_and_told(live, store):
    handle = live(capacity=10)
    for _ in range(30):
        handle.predict(frame(1))
    assert handle.dropped == 20
    assert len(handle.predictions()) == 10
    assert store.log("prediction", "prod").newest().body["dropped"] == 20
    assert "20" in str(handle)


def test_a_log_that_cannot_be_written_waits_and_breaks_no_call(live, store, tmp_path, monkeypatch):
    handle = live()
    handle.predict(frame(1))
    monkeypatch.setattr(type(store.objects), "put", _refuse)
    assert handle._wiring.log.flush() == 0
    assert handle.predict(frame(1)).tolist() == [1]
    assert handle.dropped == 0
    monkeypatch.undo()
    assert len(handle.predictions()) == 2


def _refuse(*args):
    raise ml.errors.StoreUnavailableError("away")


def test_a_value_that_cannot_be_copied_breaks_no_call(store, open_handles):
    class Stubborn:
        def __copy__(self):
            raise RuntimeError("no copies")

    ml.Registry(store).register("some", lambda X: 1)
    ml.deploy("some@1", to="prod", store=store)
    handle = open_handles("prod", store=store, log={"flush_s": 3600})
    assert handle.predict(Stubborn()) == 1
    assert handle.dropped == 1


def test_the_background_writer_flushes(store, open_handles, row):
    register(store, 1)
    ml.deploy("churn@1", to="prod", store=store)
    handle = open_handles("prod", store=store, log={"flush_s": 0.05})
    handle.predict(row)
    end = time.monotonic() + 10
    while store.log("prediction", "prod").newest() is None:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert store.log("prediction", "prod").newest().body["rows"] == 1


def test_threads_lose_nothing(live, row):
    handle = live()
    handle.predict(row)

    def call():
        for _ in range(500):
            handle.predict(row)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        handle._wiring.log.flush()
    for thread in threads:
        thread.join()
    found = handle.predictions()
    assert len(found) == 2001
    assert found["request_id"].is_unique


def test_since_and_until(live, row):
    handle = live()
    handle.predict(row)
    handle._wiring.log.flush()
    between = pd.Timestamp.now("UTC")
    time.sleep(0.002)
    handle.predict(row)
    assert len(handle.predictions(until=between)) == 1
    assert len(handle.predictions(since=between)) == 1
    assert len(handle.predictions(since=pd.Timedelta("1h"))) == 2
    assert len(handle.predictions(since="2999-01-01")) == 0
    assert {"request_id", "time", "model", "prediction"} <= set(handle.predictions(since="2999-01-01").columns)


def test_names_of_ours_are_not_taken(store, open_handles):
    register(store, 1)
    ml.deploy("churn@1", to="prod", store=store)
    handle = open_handles("prod", store=store, log={"flush_s": 3600})
    handle.predict(pd.DataFrame({"time": [5.0], "label": [6.0]}))
    found = handle.predictions()
    assert found["input_time"].tolist() == [5.0]
    assert found["input_label"].tolist() == [6.0]


def test_without_a_log_nothing_is_kept(store, open_handles, row):
    register(store, 1)
    ml.deploy("churn@1", to="prod", store=store)
    handle = open_handles("prod", store=store)
    handle.predict(row)
    assert len(handle.predictions()) == 0
    assert store.names("prediction") == []


def test_the_segments_are_kept_alive_and_verified(live, store, row):
    handle = live()
    handle.predict(row)
    handle._wiring.log.flush()
    assert store.verify().ok
    assert store.gc(dry_run=False, grace_s=0).removed == ()
    assert len(handle.predictions()) == 1


def test_a_handle_that_nobody_has_any_more_leaves_what_it_kept_and_no_thread(store, row):
    import gc

    register(store, 1, 2)
    ml.deploy("churn@1", to="prod", store=store)
    ml.deploy("churn@2", to="prod", shadow=True, store=store)
    before = threading.active_count()
    handle = ml.Deployment("prod", store=store, log={"flush_s": 3600})
    handle.predict(row)
    handle._wiring.drain()
    assert threading.active_count() >= before + 3
    del handle
    gc.collect()
    end = time.monotonic() + 10
    while threading.active_count() > before or store.log("prediction", "prod").newest() is None:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert store.log("prediction", "prod").newest().body["rows"] == 2


@pytest.mark.parametrize("handles", [1, 2])
def test_what_waits_is_written_when_the_program_ends(store, row, handles):
    register(store, 1)
    ml.deploy("churn@1", to="prod", store=store)
    code = f"""
import sys
import numpy as np
import mlops_lite as ml
handles = [ml.Deployment("prod", store=ml.Store(sys.argv[1]), log={{"flush_s": 3600}}) for _ in range({handles})]
for handle in handles:
    handle.predict(np.zeros((2, 3)))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code, store.url], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    live = ml.Deployment("prod", store=store, follow=None)
    assert len(live.predictions()) == 2 * handles


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_writes_what_it_was_asked_itself(live, store, row):
    handle = live()
    handle.predict(row, request_id="parent")
    child = os.fork()
    if child == 0:
        try:
            handle.predict(row, request_id="child")
            handle.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert sorted(handle.predictions()["request_id"]) == ["child", "parent"]
