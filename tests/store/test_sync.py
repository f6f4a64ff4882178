"""Two stores become one without losing a record, renumbering one, or moving a label."""

import pytest

from mlops_lite.errors import NotFoundError
from mlops_lite.store import Store


@pytest.fixture
def pair(tmp_path):
    return Store(tmp_path / "a"), Store(tmp_path / "b")


def add(store, name, text, **options):
    digest = store.objects.put(text.encode())
    return store.log("dataset", name).append({"text": text}, action="snapshot", objects=[digest], **options)


def test_a_store_is_copied_whole_and_only_once(pair):
    a, b = pair
    for number in range(3):
        add(a, "flights", f"{number}")
    a.labels("dataset", "flights").move("golden", 2)
    done = a.sync(b)
    assert (done.records, done.objects, done.ok) == (4, 3, True)
    assert [r.digest for r in a.log("dataset", "flights").history()] == [
        r.digest for r in Store(b.url).log("dataset", "flights").history()
    ]
    assert b.labels("dataset", "flights").all() == {"golden": 2}
    assert b.verify().ok
    again = a.sync(b)
    assert (again.records, again.objects) == (0, 0)


def test_a_part_comes_with_all_that_it_points_at(pair):
    a, b = pair
    source = add(a, "raw", "raw")
    add(a, "raw", "raw, later")
    add(a, "clean", "clean", parents=[source.ref])
    add(a, "other", "other")
    a.sync(b, only=["dataset/clean@1"])
    assert b.names("dataset") == ["clean", "raw"]
    assert len(b.log("dataset", "raw")) == 1
    assert b.verify().ok


def test_diverged_logs_keep_the_incoming_tail_beside(pair):
    a, b = pair
    add(a, "flights", "shared")
    a.sync(b)
    add(a, "flights", "from a")
    add(a, "flights", "more from a")
    a.labels("dataset", "flights").move("golden", 3)
    add(b, "flights", "from b")
    b.labels("dataset", "flights").move("golden", 1)
    done = a.sync(b)
    assert not done.ok
    (fork,) = done.forks
    assert b.log("dataset", "flights").find(-1).body["text"] == "from b"
    assert b.log("dataset", "flights").find(fork.partition("@")[2]).body["text"] == "more from a"
    assert b.labels("dataset", "flights").all() == {"golden": 1}
    assert b.verify().ok
    assert a.sync(b).records == 0
    new = b.adopt(fork)
    assert [(record.number, record.body["text"]) for record in new] == [(3, "from a"), (4, "more from a")]
    assert new[0].parents[0].ref.startswith("dataset/flights@fork:")
    assert [record.number for record in b.adopt(fork)] == [3, 4]


def test_both_ways_end_with_both_sides_complete(pair):
    a, b = pair
    for store, name in ((a, "x"), (b, "y")):
        add(store, name, f"only {name}")
    add(a, "z", "a's")
    add(b, "z", "b's")
    first, second = a.sync(b), b.sync(a)
    assert len(first.forks) == len(second.forks) == 1
    for store in pair:
        assert store.names("dataset") == ["x", "y", "z"]
        assert store.verify().ok
        texts = {store.log("dataset", "z").find(1).body["text"]}
        texts |= {
            store.log("dataset", "z").find(ref.partition("@")[2]).body["text"]
            for ref in (first.forks if store is b else second.forks)
        }
        assert texts == {"a's", "b's"}


def test_objects_of_a_fork_survive_garbage_collection(pair):
    import os

    a, b = pair
    add(a, "z", "a's")
    add(b, "z", "b's")
    a.sync(b)
    for digest in b.objects:
        os.utime(b.objects.path(digest), (0, 0))
    assert b.gc(dry_run=False).removed == ()


def test_a_copy_that_stops_anywhere_leaves_nothing_dangling(pair, monkeypatch):
    a, b = pair
    for number in range(3):
        source = add(a, "raw", f"raw {number}")
        add(a, "clean", f"clean {number}", parents=[source.ref])
    create = b.backend.create
    count = 0

    def failing(path, data):
        nonlocal count
        count += 1
        if count % 2 == 0:
            raise OSError("gone")
        create(path, data)

    monkeypatch.setattr(b.backend, "create", failing)
    for _ in range(20):
        try:
            done = a.sync(b)
        except OSError:
            found = Store(b.url)
            assert found.verify().ok
            for record in found.log("dataset", "clean").history():
                parent = record.parents[0].ref
                assert found.log("dataset", "raw").read(int(parent.rpartition("@")[2]))
        else:
            break
    assert done.ok
    assert len(Store(b.url).log("dataset", "clean")) == 3


def test_a_fork_that_is_not_there_is_named(pair):
    a, _ = pair
    add(a, "z", "text")
    with pytest.raises(NotFoundError, match="There is no fork"):
        a.log("dataset", "z").find("fork:abcd1234/2")


def test_runs_come_with_their_points_and_artifacts(pair):
    import mlops_lite as ml

    a, b = pair
    with a, ml.start_run(experiment="e") as run:
        ml.log(loss=0.5)
        ml.log_artifact("notes.txt", b"text")
    with a, ml.start_run(experiment="e"):
        pass
    a.sync(b, only=[f"run/{run.id}"])
    with b:
        (copied,) = ml.runs()
        assert copied.metrics["loss"] == 0.5
        assert copied.artifacts["notes.txt"].path().read_bytes() == b"text"
    a.sync(b)
    with b:
        assert len(ml.runs()) == 2


def test_labels_that_moved_on_both_sides_are_reported_and_left(pair):
    a, b = pair
    for number in range(3):
        add(a, "flights", f"{number}")
    a.sync(b)
    a.labels("dataset", "flights").move("golden", 1)
    b.labels("dataset", "flights").move("golden", 2)
    done = a.sync(b)
    assert (done.forks, done.labels, done.ok) == ((), ("dataset/flights",), False)
    assert "labels left as they are there  dataset/flights" in str(done)
    assert b.labels("dataset", "flights").all() == {"golden": 2}


def test_a_label_never_arrives_before_the_version_that_it_names(pair, monkeypatch):
    """Somebody registers and labels a version while the synchronisation makes its list."""
    from mlops_lite.store import sync

    a, b = pair
    add(a, "flights", "1")
    a.labels("dataset", "flights").move("golden", 1)
    reachable = a.objects.reachable

    def meanwhile(record):
        monkeypatch.setattr(a.objects, "reachable", reachable)
        other = Store(a.url)
        add(other, "flights", "2")
        other.labels("dataset", "flights").move("golden", 2)
        return reachable(record)

    monkeypatch.setattr(a.objects, "reachable", meanwhile)
    sync.synchronise(a, b)
    assert b.labels("dataset", "flights").all().get("golden", 1) <= len(b.log("dataset", "flights"))
    assert a.sync(b).ok
    assert b.labels("dataset", "flights").all() == {"golden": 2}


def test_forks_travel_on(pair, tmp_path):
    a, b = pair
    c = Store(tmp_path / "c")
    add(a, "z", "a's")
    add(b, "z", "b's")
    (fork,) = a.sync(b).forks
    assert b.sync(c).records == 2
    assert c.log("dataset", "z").find(fork.partition("@")[2]).body["text"] == "a's"
    assert c.verify().ok
    assert b.sync(a).records == 1  # a's own record is no fork of a's


def test_what_was_made_from_things_elsewhere_is_copied_without_them(pair):
    from mlops_lite.base.record import Parent

    a, b = pair
    add(
        a,
        "clean",
        "clean",
        parents=[Parent("dataset/raw@7", "0" * 64, "another store"), Parent("run/01J", "", "another")],
    )
    assert a.sync(b).records == 1
    assert a.sync(b, only=["dataset/clean"]).records == 0
    assert b.verify().ok


def test_the_newest_record_of_a_copied_log_is_hinted_at(pair):
    a, b = pair
    for number in range(5):
        add(a, "flights", f"{number}")
    a.sync(b)
    assert b.backend.read("logs/dataset/flights/hint") == b"000000000005"


def test_a_store_is_copied_to_itself_in_no_time(pair):
    a, _ = pair
    add(a, "flights", "text")
    done = a.sync(a)
    assert (done.records, done.objects, done.ok) == (0, 0, True)


def test_an_empty_store_copies_nothing_and_makes_nothing(pair):
    a, b = pair
    assert a.sync(b).ok
    assert not b.exists and not a.exists
