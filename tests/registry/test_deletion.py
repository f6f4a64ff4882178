"""What only deleted versions need is collected a while later; what anything else needs stays, and loads."""

import os
import shutil
import tempfile
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import mlops_lite as ml
from mlops_lite.errors import NotFoundError
from mlops_lite.registry import Registry
from mlops_lite.store import Store, grace
from mlops_lite.store.grace import GRACE_S

DAY_S = 24 * 3600.0


def age(store, seconds=2 * GRACE_S):
    """Let time pass for all files."""
    for folder, _, names in os.walk(store.url):
        for name in names:
            path = os.path.join(folder, name)
            then = os.stat(path).st_mtime - seconds
            os.utime(path, (then, then))


def objects_of(*versions):
    return set().union(*(version.store.objects.reachable(version._record) for version in versions))


def weights(seed):
    return np.random.default_rng(seed).normal(size=200_000)  # large enough for an object of its own


def test_what_only_a_deleted_version_needs_goes(store, registry):
    kept = registry.register("m", {"a": weights(0), "b": weights(1)})
    gone = registry.register("m", {"a": weights(0), "b": weights(2)})
    registry.delete("m@2")
    age(store)
    found = store.gc()
    assert set(found.removed) == objects_of(gone) - objects_of(kept)
    assert found.nbytes >= weights(2).nbytes
    assert store.gc(dry_run=False).removed == found.removed
    assert (registry.load("m@1")["a"] == weights(0)).all()
    assert store.verify().ok
    assert store.verify(refs=["model/m@2"]).ok
    assert registry.register("m", {"a": weights(0)}).version == 3


def test_another_model_a_run_and_a_deployment_keep_what_they_name(store, registry):
    model = {"a": weights(0)}
    gone = registry.register("m", model, metrics={"auc": 0.5})
    registry.register("other", model)
    with ml.start_run(store=store) as run:
        ml.log_artifact("model", {"b": weights(1)})
    registry.register("m", {"b": weights(1)})
    named = sorted(objects_of(gone))[0]
    store.log("deployment", "prod").append({}, action="deploy", objects=[named])
    registry.delete("m@1")
    registry.delete("m@2")
    age(store)
    store.gc(dry_run=False)
    assert named in store.objects
    assert (registry.load("other@1")["a"] == weights(0)).all()
    assert (ml.get(run.ref, store=store).artifacts["model"].load()["b"] == weights(1)).all()
    assert store.verify().ok


def test_a_deletion_can_be_undone_for_a_week_however_old_the_objects_are(store, registry):
    registry.register("m", {"a": weights(0)})
    age(store)
    registry.delete("m@1")
    found = store.gc(dry_run=False)
    assert (found.removed, found.waiting > 0) == ((), True)
    assert (registry.restore("m@1").load()["a"] == weights(0)).all()
    age(store)
    assert store.gc(dry_run=False).removed == ()


def test_what_was_restored_meanwhile_waits_again(store, registry):
    registry.register("m", {"a": weights(0)})
    registry.delete("m@1")
    age(store)
    registry.restore("m@1")
    registry.delete("m@1")
    assert store.gc(dry_run=False).removed == ()
    age(store)
    assert store.gc(dry_run=False).removed


def test_what_was_collected_cannot_be_restored_and_says_so(store, registry, tmp_path):
    registry.register("m", {"a": weights(0)})
    copy = Store(tmp_path / "copy")
    store.sync(to=copy)
    version = registry.get("m@1")
    registry.delete("m@1")
    age(store)
    store.gc(dry_run=False)
    with pytest.raises(NotFoundError, match="have been removed since"):
        registry.restore("m@1")
    with pytest.raises(NotFoundError, match=r"model/m@1 was deleted"):
        version.load()
    copy.sync(to=store)
    assert (registry.restore("m@1").load()["a"] == weights(0)).all()


def test_a_version_that_was_many_objects_goes_with_its_inventory(store, registry, tmp_path):
    registry.register("m", {f"{number}": np.full(140_000, number) for number in range(300)})
    registry.delete("m@1")
    age(store)
    assert len(store.gc(dry_run=False).removed) > 300
    assert list(store.objects) == []
    assert store.verify().ok
    copy = Store(tmp_path / "copy")
    store.sync(to=copy)
    assert copy.verify().ok
    with pytest.raises(NotFoundError, match="was deleted"):
        Registry(copy).get("m@1")


def test_a_copy_of_one_version_knows_of_deletions_up_to_it(store, registry, tmp_path):
    for number in range(3):
        registry.register("m", {"a": weights(number)})
    registry.delete("m@1")
    age(store)
    store.gc(dry_run=False)
    registry.delete("m@3")
    copy = Store(tmp_path / "copy")
    store.sync(to=copy, only=["model/m@2"])
    assert copy.verify().ok
    assert [one.version for one in Registry(copy).versions("m")] == [2]
    Registry(copy).register("m", {"a": 1})
    assert Registry(copy).get("m@3").load() == {"a": 1}


def test_notes_on_a_log_that_diverged_do_not_strike_the_other_sides_versions(store, registry, tmp_path):
    other = Registry(Store(tmp_path / "other"))
    registry.register("m", {"a": 1})
    other.register("m", {"a": 2})
    registry.delete("m@1")
    done = store.sync(to=other.store)
    assert done.labels == ("model/m",)
    assert other.load("m@1") == {"a": 2}


def test_a_writer_does_not_build_on_a_version_that_was_deleted(store, registry):
    model = {"a": weights(0)}
    registry.register("m", model)
    registry.delete("m@1")
    age(store)
    reopened = Registry(Store(store.url))
    register_and_collect = reopened.store.objects.batch

    def collecting(reachable=()):
        batch = register_and_collect(reachable)
        Store(store.url).gc(dry_run=False)
        return batch

    with mock.patch.object(reopened.store.objects, "batch", collecting):
        reopened.register("m", model)
    assert (registry.load("m@2")["a"] == weights(0)).all()
    assert store.verify().ok


class DeletionMachine(RuleBasedStateMachine):
    """Versions come, go and come back while weeks pass and collectors work."""

    @initialize()
    def start(self):
        self.folder = tempfile.mkdtemp()
        self.registry = Registry(Store(f"{self.folder}/s"))
        self.models = {}  # ref -> what was registered
        self.gone = {}  # ref -> when it was deleted
        self.passed = 0.0
        elapsed = grace.elapsed
        self.patch = mock.patch.object(grace, "elapsed", lambda: elapsed() + self.passed)
        self.patch.start()

    @rule(days=st.sampled_from([1, 3, 8]))
    def time_passes(self, days):
        self.passed += days * DAY_S
        age(self.registry.store, days * DAY_S)

    @rule(name=st.sampled_from("ab"), seeds=st.lists(st.integers(0, 3), min_size=1, max_size=2))
    def register(self, name, seeds):
        model = {str(place): weights(seed) for place, seed in enumerate(seeds)}
        version = Registry(Store(f"{self.folder}/s")).register(name, model)
        self.models[str(version.ref)] = model

    @precondition(lambda self: len(self.models) > len(self.gone))
    @rule(data=st.data())
    def delete(self, data):
        ref = data.draw(st.sampled_from(sorted(self.models.keys() - self.gone.keys())))
        self.registry.delete(ref)
        self.gone[ref] = self.passed

    @precondition(lambda self: self.gone)
    @rule(data=st.data())
    def restore(self, data):
        ref = data.draw(st.sampled_from(sorted(self.gone)))
        try:
            self.registry.restore(ref)
        except NotFoundError:
            assert self.passed - self.gone[ref] > GRACE_S
        else:
            del self.gone[ref]

    @rule()
    def collect(self):
        self.registry.store.gc(dry_run=False)

    @invariant()
    def what_is_there_loads(self):
        for ref in self.models.keys() - self.gone.keys():
            loaded = self.registry.load(ref)
            assert all((loaded[place] == array).all() for place, array in self.models[ref].items())

    def teardown(self):
        if not hasattr(self, "folder"):
            return
        try:
            store = Store(f"{self.folder}/s")
            assert store.verify().ok
            age(store)
            store.gc(dry_run=False)
            alive = (self.registry.get(ref) for ref in self.models.keys() - self.gone.keys())
            assert set(store.objects) == objects_of(*alive)
            assert store.verify().ok
        finally:
            self.patch.stop()
            shutil.rmtree(self.folder)


DeletionMachine.TestCase.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestDeletionMachine = DeletionMachine.TestCase
