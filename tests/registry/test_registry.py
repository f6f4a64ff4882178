"""Versions, aliases, notes, deletion; what cannot be registered leaves nothing behind."""

import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mlops_lite as ml
from mlops_lite.base.ref import Ref
from mlops_lite.errors import (
    ConflictError,
    DamagedError,
    IncompatibleError,
    InUseError,
    InvalidInputError,
    InvalidNameError,
    InvalidTypeError,
    MissingLibraryError,
    NotFoundError,
    UntrustedError,
)
from mlops_lite.formats import _libraries as libraries
from mlops_lite.registry import Registry
from mlops_lite.registry.environment import Environment, EnvironmentWarning
from mlops_lite.registry.register import TrustWarning

X = pd.DataFrame({"age": [31, 45], "city": ["Rome", "Oslo"]})


class Model:
    def predict(self, X):
        return X


def test_a_version_tells_all_that_was_said(registry):
    version = registry.register(
        "team/churn", {"w": np.arange(3.0)}, metrics={"auc": np.float32(0.5), "n": 3}, params={"depth": np.int64(6)},
        tags={"stage": "try"}, message="first", example=X, output=np.array([0, 1]),
    )  # fmt: skip
    for found in (
        version,
        registry.get("team/churn"),
        registry.get("team/churn@1"),
        pickle.loads(pickle.dumps(version)),
    ):
        assert (found.ref, found.name, found.version) == ("model/team/churn@1", "team/churn", 1)
        assert found.metrics == {"auc": 0.5, "n": 3}
        assert found.params == {"depth": 6}
        assert found.tags == {"stage": "try"}
        assert (found.message, found.run, found.dataset) == ("first", None, None)
        assert (found.format, found.trust, found.kind) == ("tree", "arrays", "builtins.dict")
        assert found.signature.names == ("age", "city")
        assert found.signature.output.container == "numpy"
        pd.testing.assert_frame_equal(found.example, X)
        assert found.environment.python.startswith(f"{sys.version_info.major}.")
        assert found.author
        assert found.load()["w"].tolist() == [0, 1, 2]


def test_versions_are_listed_and_become_a_frame(registry):
    for number in range(3):
        registry.register("m", {"w": number}, metrics={"auc": number / 10})
    registry.register("n", 1)
    registry.promote("m@2", "champion")
    found = registry.versions("m")
    assert [version.version for version in found] == [1, 2, 3]
    frame = found.to_frame()
    assert frame["auc"].tolist() == [0.0, 0.1, 0.2]
    assert frame["aliases"].tolist() == ["", "champion", ""]
    assert registry.models() == ["m", "n"]
    assert "champion" in found._repr_html_()
    assert found[1:][0].version == 2


@pytest.mark.parametrize("version", ["@latest", "", "@3", "@-1", "@newest", "@2999-01-01"])
def test_every_way_to_name_the_newest(registry, version):
    for number in range(3):
        registry.register("m", {"w": number})
    registry.promote("m@3", "newest")
    assert registry.get(f"m{version}").version == 3


def test_equal_models_have_equal_digests(registry):
    first, second = registry.register("m", {"w": np.ones(5)}), registry.register("n", {"w": np.ones(5)})
    assert first.digest == second.digest
    assert first.digest != registry.register("m", {"w": np.zeros(5)}).digest


def test_eight_writers_leave_no_gap(tmp_path):
    url = str(tmp_path / "store")
    code = (
        "import sys, mlops_lite as ml\n"
        "registry = ml.Registry(sys.argv[1])\n"
        "for i in range(5): registry.register('m', {'w': [int(sys.argv[2]), i]})"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    writers = [subprocess.Popen([sys.executable, "-c", code, url, str(i)], env=environment) for i in range(8)]
    assert [writer.wait(120) for writer in writers] == [0] * 8
    found = Registry(url).versions("m")
    assert [version.version for version in found] == list(range(1, 41))
    assert len({tuple(version.load()["w"]) for version in found}) == 40


class TestBadInput:
    @pytest.mark.parametrize(
        ("how", "error", "said"),
        [
            ({"name": "churn@2"}, InvalidNameError, "separates a name from its version"),
            ({"name": ""}, InvalidNameError, "empty"),
            ({"model": threading.Lock()}, InvalidInputError, "model cannot be stored"),
            ({"model": {"a": [threading.Lock()]}}, InvalidInputError, r"model\['a'\]\[0\] cannot be stored"),
            ({"metrics": {"auc": "high"}}, InvalidTypeError, "'auc' is 'high', which is not a number"),
            ({"metrics": {"auc": None}}, InvalidTypeError, "not a number"),
            ({"metrics": {"auc": True}}, InvalidTypeError, "not a number"),
            ({"metrics": {"auc": float("nan")}}, InvalidInputError, "NaN"),
            ({"metrics": {"auc": np.zeros(3)}}, InvalidTypeError, "not one number"),
            ({"metrics": {3: 0.5}}, InvalidTypeError, "cannot name a metric"),
            ({"tags": {"x": object()}}, InvalidTypeError, "tags: A object cannot"),
            ({"params": {"x": object()}}, InvalidTypeError, "params"),
            ({"dataset": "nothing@1"}, NotFoundError, "nothing"),
            ({"dataset": X}, InvalidTypeError, "from which snapshot"),
            ({"dataset": "model/m@1"}, InvalidInputError, "a dataset is expected"),
            ({"example": object()}, InvalidTypeError, "No signature"),
            ({"model": Path("/nowhere/at/all")}, InvalidInputError, "There is no file or folder"),
            ({"format": "tree", "model": print}, InvalidInputError, "does not take"),
            ({"format": "tre"}, NotFoundError, "Did you mean 'tree'"),
        ],
    )
    def test_is_a_clear_error_and_leaves_nothing_behind(self, store, how, error, said):
        registry = Registry(store)
        arguments = {"name": "m", "model": {"w": 1}, **how}
        with pytest.raises(error, match=said):
            registry.register(arguments.pop("name"), arguments.pop("model"), **arguments)
        assert registry.models() == []
        assert list(store.objects) == []

    def test_a_function_that_forgot_to_return_makes_no_version(self, registry):
        with pytest.raises(InvalidInputError, match="The model is None"):
            registry.register("churn", None)
        assert registry.register("churn", None, format="tree").load() is None

    def test_the_text_of_a_path_is_not_taken_for_the_file(self, registry, tmp_path):
        (tmp_path / "model.bin").write_bytes(b"weights")
        with pytest.raises(InvalidInputError, match=r"there is a file.*pathlib\.Path"):
            registry.register("m", str(tmp_path / "model.bin"))
        assert registry.models() == []
        assert registry.register("m", tmp_path / "model.bin").load().read_bytes() == b"weights"
        assert registry.register("m", "a text that is a model").load() == "a text that is a model"

    def test_what_is_not_there_says_what_is(self, registry):
        registry.register("churn", 1)
        registry.promote("churn@1", "champion")
        with pytest.raises(NotFoundError, match="Did you mean 'churn'"):
            registry.get("churm")
        with pytest.raises(NotFoundError, match=r"no version 2\. There is only version 1; alias: champion\."):
            registry.get("churn@2")
        with pytest.raises(NotFoundError, match=r"no alias 'best'\. There is only version 1; alias: champion\."):
            registry.get("churn@best")
        with pytest.raises(NotFoundError, match=r"demote\('churn', 'champion'\) takes it away"):
            registry.revert("churn", "champion")
        registry.demote("churn", "champion")
        with pytest.raises(NotFoundError, match=r"no alias 'champion'\. There is only version 1, and no alias\."):
            registry.get("churn@champion")
        registry.promote("churn@1", "champion")
        with pytest.raises(NotFoundError, match="Did you mean 'champion'"):
            registry.get("churn@champio")
        with pytest.raises(NotFoundError):
            registry.versions("churm")

    def test_a_ref_of_another_kind_is_refused(self, registry):
        with pytest.raises(InvalidInputError, match="a model is expected"):
            registry.get("dataset/flights@1")


class TestAliases:
    @pytest.fixture
    def registry(self, registry):
        for number in range(3):
            registry.register("m", {"w": number})
        return registry

    def test_move_and_go_back_any_number_of_times(self, registry):
        for number in (1, 2, 3):
            registry.promote(f"m@{number}", "champion", message=f"to {number}")
        assert [registry.revert("m", "champion").body["number"] for _ in range(2)] == [2, 1]
        with pytest.raises(NotFoundError, match="no holder before"):
            registry.revert("m", "champion")
        moves = registry.history("m", "champion")
        assert [(move.before, move.number, move.message) for move in moves] == [
            (None, 1, "to 1"), (1, 2, "to 2"), (2, 3, "to 3"), (3, 2, None), (2, 1, None),
        ]  # fmt: skip
        assert all(move.author and move.time for move in moves)

    def test_a_stale_expectation_says_who_moved_it_and_when(self, registry, monkeypatch):
        monkeypatch.setenv("MLOPS_LITE_AUTHOR", "ada")
        registry.promote("m@2", "champion")
        with pytest.raises(ConflictError, match=r"names version 2, not 1: ada moved it at 20\d\d-"):
            registry.promote("m@3", "champion", expected=1)
        with pytest.raises(ConflictError, match="is not set, not 1"):
            registry.promote("m@3", "challenger", expected=1)
        registry.promote("m@3", "challenger", expected=None)
        assert registry.get("m@champion").version == 2

    @pytest.mark.parametrize("alias", ["2", "latest", "2026-01-01", "-1", "a@b", "", "fork:1"])
    def test_one_that_reads_as_a_version_is_refused(self, registry, alias):
        with pytest.raises(InvalidNameError):
            registry.promote("m@1", alias)

    def test_are_told_by_the_version(self, registry):
        registry.promote("m@1", "b")
        registry.promote("m@1", "a")
        assert registry.get("m@1").aliases == ("a", "b")
        registry.demote("m", "a")
        assert registry.get("m@1").aliases == ("b",)


class TestLater:
    def test_notes_tags_and_approvals_are_added(self, registry):
        version = registry.register("m", {"w": 1}, tags={"a": 1, "b": 1})
        registry.note(version, "slow on Mondays")
        registry.tag("m@1", b=2, c=3)
        registry.approve("m@1", "looked at it")
        assert [note.text for note in version.notes] == ["slow on Mondays"]
        assert version.tags == {"a": 1, "b": 2, "c": 3}
        assert [(one.digest, one.text) for one in version.approvals] == [(version.digest, "looked at it")]
        assert registry.register("m", {"w": 2}).version == 2

    def test_a_deleted_version_is_not_found_and_comes_back(self, registry):
        for number in range(3):
            registry.register("m", {"w": number})
        registry.delete("m@3", message="bad data")
        assert registry.get("m").version == 2
        assert [version.version for version in registry.versions("m")] == [1, 2]
        with pytest.raises(NotFoundError, match=r"was deleted\. registry.restore"):
            registry.get("m@3")
        assert registry.register("m", {"w": 9}).version == 4
        assert registry.restore("m@3").load() == {"w": 2}
        assert len(registry.versions("m")) == 4

    def test_a_model_without_versions_left_says_so(self, registry):
        registry.register("m", 1)
        registry.delete("m@1")
        with pytest.raises(NotFoundError, match="All versions"):
            registry.get("m")
        assert len(registry.versions("m")) == 0

    def test_what_is_used_is_not_deleted_by_accident(self, store, registry):
        version = registry.register("m", {"w": 1})
        registry.promote("m@1", "champion")
        store.log("deployment", "prod").append({"model": version.ref}, action="deploy", parents=[version.ref])
        with ml.start_run(store=store) as run:
            registry.load("m@1")
        with pytest.raises(InUseError) as caught:
            registry.delete("m@1")
        assert set(caught.value.users) == {"the alias 'champion'", "deployment/prod@1", str(run.ref)}
        assert registry.get("m@1").version == 1
        registry.delete("m@1", force=True)

    def test_an_open_run_uses_it_and_a_deleted_one_does_not(self, store, registry):
        registry.register("m", {"w": 1})
        with ml.start_run(store=store) as run:
            registry.load("m@1")
            with pytest.raises(InUseError, match=str(run.ref)):
                registry.delete("m@1")
        run.delete()
        registry.delete("m@1")

    def test_the_run_that_made_it_does_not_need_it(self, store, registry):
        with ml.start_run(store=store):
            registry.register("m", {"w": 1})
        registry.delete("m@1")


class TestInsideARun:
    def test_run_inputs_and_last_metrics_are_taken_from_it(self, store, registry):
        store.log("dataset", "flights").append({}, action="snapshot")
        with ml.start_run(store=store) as run:
            ml.log(auc=0.7)
            ml.log(auc=0.9, loss=0.1)
            run.uses(Ref("dataset/flights@1"))
            version = registry.register("m", {"w": 1}, metrics={"loss": 0.2})
        assert version.run == run.ref
        assert version.metrics == {"auc": 0.9, "loss": 0.2}
        assert version.datasets == ("dataset/flights@1",)
        assert version.dataset == "dataset/flights@1"
        assert set(version.parents) == {run.ref, "dataset/flights@1"}
        assert run.outputs == (version.ref,)

    def test_a_loaded_model_is_an_input(self, store, registry):
        registry.register("m", {"w": 1})
        with ml.start_run(store=store) as run:
            registry.load("m@1")
        assert run.inputs == ("model/m@1",)


class TestOpening:
    def test_a_digest_opens_exactly_that_content(self, registry):
        version = registry.register("m", {"w": 1})
        assert registry.load("m", digest=version.digest) == registry.load("m", digest=version.digest[:8]) == {"w": 1}
        with pytest.raises(DamagedError, match="was expected"):
            registry.load("m", digest="0" * 64)
        with pytest.raises(InvalidInputError, match="too short"):
            registry.load("m", digest=version.digest[:7])

    def test_a_damaged_part_is_named_and_nothing_is_opened(self, store, registry):
        version = registry.register("m", {f"w{i}": np.full(200_000, i) for i in range(4)})
        manifest_object = sorted(version._record.objects)
        large = [digest for digest in manifest_object if store.objects.size(digest) > 1_000_000]
        path = store.objects.path(large[0])
        path.chmod(0o644)
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
        with pytest.raises(DamagedError, match=r"model/m@1: object \d of 5 is damaged. Nothing was opened"):
            registry.load("m")

    def test_a_missing_object_is_damage_too(self, store, registry):
        version = registry.register("m", {"w": np.zeros(200_000)})
        for digest in version._record.objects:
            if store.objects.size(digest) > 1_000_000:
                store.objects.path(digest).unlink()
        with pytest.raises(DamagedError, match="is missing"):
            registry.load("m")

    def test_once_verified_is_not_hashed_again_on_this_machine(self, registry, monkeypatch):
        registry.register("m", {"w": np.zeros(200_000)})
        registry.load("m")
        from mlops_lite.store import objects

        hashed = []
        monkeypatch.setattr(objects, "sha256", lambda data: hashed.append(len(data)) or "0" * 64)
        monkeypatch.setattr(objects, "_compare", lambda expected, actual: None)
        registry.load("m")
        assert max(hashed, default=0) < 1_000_000
        registry.load("m", verify=True)
        assert max(hashed) > 1_000_000

    def test_trust_is_the_reader_s(self, registry, store):
        registry.register("m", Model())
        assert isinstance(registry.load("m"), Model)
        with pytest.raises(UntrustedError, match=r"model/m@1 needs trusted='code'.*Model"):
            registry.load("m", trusted="known")
        assert isinstance(registry.load("m", trusted=[f"{Model.__module__}.Model"]), Model)
        known = ml.Store(store.url, trusted="known")
        with pytest.raises(UntrustedError):
            Registry(known).load("m")

    def test_the_environment_variable_sets_the_level_of_a_machine(self, registry, monkeypatch):
        registry.register("m", Model())
        monkeypatch.setenv("MLOPS_LITE_TRUSTED", "known")
        with pytest.raises(UntrustedError):
            registry.load("m")
        monkeypatch.setenv("MLOPS_LITE_TRUSTED", f"{Model.__module__}.Model,other.Name")
        assert isinstance(registry.load("m"), Model)

    def test_a_store_that_others_can_write_opens_known_things_only(self, store, registry):
        registry.register("m", Model())
        for folder in ("", "objects", "logs"):
            path = os.path.join(store.url, folder)
            os.chmod(path, 0o777)
            with pytest.raises(UntrustedError):
                registry.load("m")
            os.chmod(path, 0o755)
        assert registry.load("m")

    def test_registering_for_others_warns_of_what_they_will_be_asked(self, store):
        shared = Registry(ml.Store(store.url, trusted="known"))
        with pytest.warns(TrustWarning, match="needs trusted='code'.*Model"):
            shared.register("m", Model())

    def test_workers_get_the_version_by_pickle(self, registry):
        version = registry.register("m", {"w": 1})
        assert pickle.loads(pickle.dumps(version)).load() == {"w": 1}

    def test_get_opens_the_ref_of_a_model(self, store, registry):
        registry.register("m", {"w": 1})
        with store:
            assert ml.get("model/m@1").load() == {"w": 1}


class TestEnvironments:
    @pytest.fixture
    def version(self, registry):
        sklearn = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
        return registry.register("m", sklearn.LogisticRegression().fit([[0], [1]], [0, 1]))

    def made_with(self, version, monkeypatch, **packages):
        changed = Environment("3.11", {**version.environment.packages, **packages})
        monkeypatch.setattr(type(version), "environment", property(lambda self: changed))

    def test_what_the_model_imports_is_noted(self, version):
        assert set(version.environment.packages) >= {"numpy", "scikit-learn"}
        assert "pytest" not in version.environment.packages

    def test_a_minor_difference_warns_with_the_line_to_type(self, version, monkeypatch):
        major, minor, *_ = libraries.installed("numpy").split(".")
        self.made_with(version, monkeypatch, numpy=f"{major}.{int(minor) + 1}.0")
        with pytest.warns(EnvironmentWarning, match=rf"pip install 'numpy=={major}\.{int(minor) + 1}\.0'"):
            version.load()

    @pytest.mark.parametrize("package", ["numpy", "scikit-learn"])
    def test_a_major_difference_is_refused_unless_allowed(self, version, monkeypatch, package):
        self.made_with(version, monkeypatch, **{package: "99.0.0"})
        with pytest.raises(IncompatibleError, match=rf"pip install '{package}==99\.0\.0'"):
            version.load()
        with pytest.warns(EnvironmentWarning):
            version.load(environment="warn")
        version.load(environment="ignore")

    def test_a_later_scikit_learn_s_model_is_refused(self, version, monkeypatch):
        major, minor, *_ = libraries.installed("scikit-learn").split(".")
        self.made_with(version, monkeypatch, **{"scikit-learn": f"{major}.{int(minor) + 1}.0"})
        with pytest.raises(IncompatibleError):
            version.load()

    def test_a_missing_library_names_the_line_to_type(self, version, monkeypatch):
        self.made_with(version, monkeypatch, **{"no-such-library": "1.2.3"})
        with pytest.raises(MissingLibraryError, match=r"pip install 'no-such-library==1\.2\.3'"):
            version.load()

    def test_a_mode_that_is_none_is_refused(self, version):
        with pytest.raises(InvalidInputError, match="is none of"):
            version.load(environment="loose")


def test_only_what_changed_is_stored(store, registry):
    model = {f"w{i}": np.random.default_rng(i).random(300_000) for i in range(4)}
    registry.register("m", model)
    before = sum(store.objects.size(digest) for digest in store.objects)
    model["w2"] = model["w2"] + 1
    registry.register("m", model)
    grown = sum(store.objects.size(digest) for digest in store.objects) - before
    assert grown < 1.001 * model["w2"].nbytes + 4096


def test_a_store_on_s3_gives_the_same(s3):
    url, options = s3
    registry = Registry(ml.Store(url, **options))
    registry.register("m", {"w": np.arange(300_000.0), "s": np.arange(3)})
    version = registry.register("m", {"w": np.arange(300_000.0), "s": np.arange(4)})
    assert version.load()["w"][-1] == 299_999
    registry.promote(version, "champion")
    assert registry.load("m@champion")["s"].tolist() == [0, 1, 2, 3]
    with pytest.warns(TrustWarning):
        registry.register("n", Model())
    with pytest.raises(UntrustedError):
        registry.load("n")
