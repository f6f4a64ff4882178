"""Inspecting and comparing open nothing."""

import pickle

import numpy as np
import pytest

import mlops_lite as ml


@pytest.fixture
def sealed(monkeypatch):
    """Whoever unpickles from now on fails."""

    def seal():
        monkeypatch.setattr(pickle, "loads", None)
        monkeypatch.setattr(pickle, "Unpickler", None)

    return seal


def scale(values):
    return values * 2


class TestInspect:
    def test_it_tells_the_level_the_names_and_the_source(self, registry, sealed):
        registry.register("m", [lambda values: values + 17])
        sealed()
        found = registry.inspect("m")
        assert (found.level, found.format) == ("code", "pickle")
        assert "by value" in found.reason
        assert any("values + 17" in one.source for one in found.by_value)
        assert all(name.startswith("cloudpickle.") for name in found.beyond)
        assert "values + 17" in found._repr_html_()
        assert "nothing was opened" in str(found)

    def test_it_judges_from_the_bytes_and_not_from_the_record(self, store, registry):
        version = registry.register("m", scale)
        body = {**version._record.body, "level": "arrays", "reason": ""}
        store.log("model", "m").append(body, action="register", objects=version._record.objects)
        assert registry.get("m@2").trust == "arrays"
        assert registry.inspect("m@2").level == "code"

    def test_it_tells_what_is_new_since_the_version_before(self, registry):
        registry.register("m", [slice(1)])
        registry.register("m", [slice(1), scale])
        assert registry.inspect("m@1").new == ()
        assert registry.inspect("m@2").new == (f"{__name__}.scale",)

    def test_a_tree_needs_nothing(self, registry):
        registry.register("m", {"w": np.zeros(3)})
        found = registry.inspect("m")
        assert (found.level, found.names, found.beyond) == ("arrays", (), ())
        registry.approve("m")
        assert registry.inspect("m").approved


class TestDiff:
    def test_it_tells_which_arrays_changed_and_by_how_much(self, registry, sealed):
        rng = np.random.default_rng(0)
        model = {f"w{i}": rng.random(200_000) for i in range(4)}
        registry.register("m", model, metrics={"auc": 0.8}, params={"depth": 6})
        model["w1"] = model["w1"].copy()
        model["w1"][:100] += 3
        model["new"] = model.pop("w3")
        registry.register("m", model, metrics={"auc": 0.9}, params={"depth": 6, "seed": 1})
        sealed()
        diff = registry.diff("m", 1, 2)
        assert {one.path: one.change for one in diff.arrays} == {
            "['w0']": "same", "['w1']": "changed", "['w2']": "same", "['new']": "added", "['w3']": "removed",
        }  # fmt: skip
        (changed,) = [one for one in diff.arrays if one.change == "changed"]
        assert changed.share == pytest.approx(100 / 200_000)
        assert changed.largest == pytest.approx(3)
        before = model["w1"].copy()
        before[:100] -= 3
        assert changed.relative == pytest.approx(np.sqrt(100 * 9) / np.linalg.norm(before))
        assert [(one.name, one.before, one.after) for one in diff.metrics] == [("auc", 0.8, 0.9)]
        assert [(one.name, one.before, one.after) for one in diff.params] == [("seed", None, 1)]
        frame = diff.to_frame()
        assert frame.set_index("path")["change"]["['w1']"] == "changed"
        assert "w1" in diff._repr_html_()

    def test_equal_versions_are_the_same(self, registry):
        for _ in range(2):
            registry.register("m", {"w": np.zeros(5)})
        diff = registry.diff("m")
        assert diff.same
        assert diff.changed == ()

    def test_across_names_and_layouts(self, registry):
        a = np.arange(12.0).reshape(3, 4)
        registry.register("a", {"w": a, "s": 1})
        registry.register("b", {"w": np.asfortranarray(a), "s": 2})
        (change,) = registry.diff("a@1", "b@1").arrays
        assert (change.change, change.largest) == ("changed", 0.0)  # the memory order changed, no number did

    def test_an_estimator_by_the_paths_of_its_attributes(self, registry, sealed):
        linear = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
        X, y = np.random.default_rng(0).normal(size=(50, 3)), np.arange(50) % 2
        registry.register("m", linear.LogisticRegression(C=1.0).fit(X, y))
        registry.register("m", linear.LogisticRegression(C=0.1).fit(X, y))
        sealed()
        diff = registry.diff("m", 1, 2)
        assert {".coef_", ".intercept_"} <= {one.path for one in diff.changed}
        assert [(one.name, one.before, one.after) for one in diff.params] == [("C", 1.0, 0.1)]

    def test_tensors(self, registry):
        torch = pytest.importorskip("torch", reason="torch is not installed")
        net = torch.nn.Linear(20, 30)
        registry.register("m", net)
        with torch.no_grad():
            net.weight[0, 0] += 1
        registry.register("m", net)
        (change,) = registry.diff("m", 1, 2).changed
        assert change.path == "._parameters['weight']"
        assert change.share == pytest.approx(1 / 600)

    def test_files(self, registry, tmp_path):
        folder = tmp_path / "model"
        folder.mkdir()
        (folder / "a").write_text("1")
        (folder / "b").write_text("1")
        registry.register("m", folder)
        (folder / "b").write_text("2")
        registry.register("m", folder)
        assert [(one.path, one.change) for one in registry.diff("m", 1, 2).arrays] == [("a", "same"), ("b", "changed")]

    def test_the_signature_and_the_code_of_the_runs(self, store, registry):
        import pandas as pd

        def train(value):
            with store, ml.start_run(store=store):
                return registry.register("m", {"w": value}, example=pd.DataFrame({"a": [value]}))

        train(1)
        train(1.5)
        diff = registry.diff("m", 1, 2)
        assert diff.signature == ("The type of 'a' changed from int64 to double.",)
