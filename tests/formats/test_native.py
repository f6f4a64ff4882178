"""xgboost, lightgbm, ONNX and folders: in their own formats, with everything that matters kept."""

import os
import stat

import numpy as np
import pytest

from mlops_lite import formats
from mlops_lite.errors import DamagedError, InvalidInputError, MissingLibraryError
from mlops_lite.formats.container import Manifest, Place
from mlops_lite.formats.container.known import Before
from tests.formats.test_formats import put, training

X, Y = training()


class TestXgboost:
    xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")

    @pytest.mark.parametrize("name", ["XGBClassifier", "XGBRegressor", "XGBRFClassifier", "XGBRFRegressor"])
    def test_wrappers_keep_hyperparameters_and_predictions(self, name, store):
        fitted = getattr(self.xgboost, name)(n_estimators=3, max_depth=2, monotone_constraints=None).fit(X, Y)
        stored = put(store, fitted)
        found = formats.load(stored, store, trusted="known")
        assert stored.format == "xgboost"
        assert type(found) is type(fitted)
        mine, theirs = fitted.get_params(), found.get_params()
        assert {key: mine[key] for key in mine if key != "missing"} == {
            key: theirs[key] for key in mine if key != "missing"
        }
        assert np.array_equal(found.predict(X), fitted.predict(X))
        if hasattr(fitted, "classes_"):
            assert np.array_equal(found.predict_proba(X), fitted.predict_proba(X))
            assert found.classes_.tolist() == [0, 1]

    def test_early_stopping_is_remembered(self, store):
        fitted = self.xgboost.XGBClassifier(n_estimators=50, early_stopping_rounds=2)
        fitted.fit(X, Y, eval_set=[(X, Y[::-1])], verbose=False)
        found = formats.load(put(store, fitted), store, trusted="known")
        assert (found.best_iteration, found.best_score) == (fitted.best_iteration, fitted.best_score)
        assert found.evals_result() == fitted.evals_result()

    def test_names_of_columns_stay(self, store):
        import pandas as pd

        frame = pd.DataFrame(X, columns=list("abcd"))
        fitted = self.xgboost.XGBClassifier(n_estimators=2).fit(frame, Y)
        found = formats.load(put(store, fitted), store, trusted="known")
        assert found.feature_names_in_.tolist() == list("abcd")

    def test_more_than_plain_hyperparameters_are_pickled(self, store):
        def objective(y, p):
            return p - y, np.ones_like(p)

        fitted = self.xgboost.XGBRegressor(n_estimators=2, objective=objective).fit(X, Y)
        assert put(store, fitted).format == "sklearn"
        own = self.xgboost.XGBRegressor(n_estimators=2).fit(X, Y)
        own.remark = "mine"
        stored = put(store, own)
        assert stored.format == "sklearn"
        assert formats.load(stored, store, trusted="known").remark == "mine"

    def test_another_class_name_in_the_store_is_damage(self, store):
        raw = bytes(self.xgboost.train({}, self.xgboost.DMatrix(X, Y), 1).save_raw("ubj"))
        with store.objects.batch() as batch:
            digest = batch.add(raw)
            facts = {"class": "config_context", "params": {}, "fitted": {}}
            stored = batch.add(Manifest("xgboost", facts, ((digest, len(raw)),), (Place(0, 0, len(raw)),)).encode())
        with pytest.raises(DamagedError, match="no model of xgboost"):
            formats.load(stored, store, trusted="known")


class TestLightgbm:
    lightgbm = pytest.importorskip("lightgbm", reason="lightgbm is not installed")

    def test_the_best_iteration_is_remembered(self, store):
        data = self.lightgbm.Dataset(X, Y)
        stop = self.lightgbm.early_stopping(2, verbose=False)
        fitted = self.lightgbm.train(
            {"verbose": -1, "objective": "binary"}, data, 30,
            valid_sets=[self.lightgbm.Dataset(X, Y[::-1], reference=data)], callbacks=[stop],
        )  # fmt: skip
        found = formats.load(put(store, fitted), store, trusted="known")
        assert found.best_iteration == fitted.best_iteration
        assert found.num_trees() == fitted.num_trees()
        assert np.array_equal(found.predict(X), fitted.predict(X))

    def test_wrappers_open_at_known(self, store):
        fitted = self.lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(X, Y)
        stored = put(store, fitted)
        assert stored.level == "known", stored.reason
        assert np.array_equal(formats.load(stored, store, trusted="known").predict(X), fitted.predict(X))


class TestOnnx:
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")

    def test_the_graph_runs_the_same(self, store):
        runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
        convert = pytest.importorskip("skl2onnx", reason="skl2onnx is not installed")
        from sklearn.linear_model import LogisticRegression

        fitted = LogisticRegression().fit(X, Y)
        found = formats.load(put(store, convert.to_onnx(fitted, X[:1].astype(np.float32))), store, trusted="known")
        session = runtime.InferenceSession(found.SerializeToString(), providers=["CPUExecutionProvider"])
        given = session.run(None, {session.get_inputs()[0].name: X.astype(np.float32)})[0]
        assert given.tolist() == fitted.predict(X).tolist()

    def test_weights_in_other_files_are_refused(self, store):
        tensor = self.onnx.helper.make_tensor("w", self.onnx.TensorProto.FLOAT, [1], [1.0])
        tensor.data_location = self.onnx.TensorProto.EXTERNAL
        graph = self.onnx.helper.make_graph([], "g", [], [], [tensor])
        with pytest.raises(InvalidInputError, match="another file"):
            put(store, self.onnx.helper.make_model(graph))


class TestFiles:
    @pytest.fixture
    def folder(self, tmp_path):
        root = tmp_path / "model"
        (root / "sub").mkdir(parents=True)
        (root / "run.sh").write_text("echo")
        (root / "run.sh").chmod(0o755)
        (root / "sub" / "weights.bin").write_bytes(os.urandom(20 << 20))
        return root

    def test_a_changed_tail_stores_its_block_only(self, folder, store):
        first = put(store, folder)
        with open(folder / "sub" / "weights.bin", "ab") as file:
            file.write(b"tail")
        with store.objects.batch() as batch:
            formats.dump(folder, batch, before=Before(formats.manifest(first, store), store.objects))
        assert batch.written < 9 << 20

    def test_the_copy_is_made_once_and_again_when_it_was_touched(self, folder, store):
        stored = put(store, folder)
        found = formats.load(stored, store, trusted="arrays")
        assert found.name == "model"
        assert (found / "run.sh").stat().st_mode & stat.S_IXUSR
        before = (found / "sub" / "weights.bin").stat().st_ino
        assert formats.load(stored, store) == found
        assert (found / "sub" / "weights.bin").stat().st_ino == before
        (found / "run.sh").chmod(0o644)
        (found / "run.sh").write_text("other")
        (found / "sub" / "weights.bin").unlink()
        again = formats.load(stored, store)
        assert (again / "run.sh").read_text() == "echo"
        assert (again / "sub" / "weights.bin").stat().st_size == 20 << 20

    def test_one_file_comes_back_under_its_name(self, folder, store):
        found = formats.load(put(store, folder / "run.sh"), store)
        assert (found.name, found.read_text()) == ("run.sh", "echo")

    def test_a_link_that_leads_out_is_refused(self, folder, store):
        (folder / "passwords").symlink_to("/etc/passwd")
        with pytest.raises(InvalidInputError, match="leads out"):
            put(store, folder)

    @pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "a//b", "", "a\\b", "a\0b"])
    def test_a_path_that_leads_out_of_the_copy_is_damage(self, path, store):
        with store.objects.batch() as batch:
            digest = batch.add(b"x")
            facts = {"name": "model", "folder": True,
                     "files": [{"path": path, "executable": False, "parts": [0], "size": 1}]}  # fmt: skip
            stored = batch.add(Manifest("files", facts, ((digest, 1),), (Place(0, 0, 1),)).encode())
        with pytest.raises(DamagedError, match="leads out"):
            formats.load(stored, store)


def test_a_missing_library_names_the_line_to_type(store, monkeypatch):
    import sys

    xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")
    stored = put(store, xgboost.train({}, xgboost.DMatrix(X, Y), 1))
    monkeypatch.setitem(sys.modules, "xgboost", None)
    with pytest.raises(MissingLibraryError, match="pip install xgboost"):
        formats.load(stored, store, trusted="known")
