"""Every format keeps what it is given: the contract of a format, tried on real values of real libraries."""

import datetime
import gc
import os
import pickle
import sys
from collections import OrderedDict
from pathlib import Path

import attrs
import numpy as np
import pytest

from mlops_lite import formats
from mlops_lite.errors import DamagedError, InvalidInputError, NewerFormatError, UntrustedError
from mlops_lite.formats.container import Manifest

LARGE = 300_000  # floats: more than a megabyte


def put(store, value, **how):
    with store.objects.batch() as batch:
        return formats.dump(value, batch, **how)


def equal(a, b):
    """Tell whether two values are the same in type and content."""
    if isinstance(a, np.ndarray):
        same = type(b) is (np.ndarray if type(a) is np.memmap else type(a)) and a.dtype == b.dtype
        return same and a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, Path):
        return files_in(a) == files_in(b)
    if hasattr(a, "state_dict"):
        return equal(dict(a.state_dict()), dict(b.state_dict()))
    if type(a).__module__.startswith("torch"):
        return a.dtype == b.dtype and a.stride() == b.stride() and bool((a == b).all())
    return bool(a == b) or (a != a and b != b)


def files_in(path):
    if path.is_file():
        return path.read_bytes()
    return {one.relative_to(path).as_posix(): one.read_bytes() for one in path.rglob("*") if one.is_file()}


def training():
    rng = np.random.default_rng(0)
    return rng.normal(size=(60, 4)), np.arange(60) % 2


def a_tree(folder):
    return {
        "w": np.arange(3.0), ("a", 1): [1.5, float("inf"), -0.0, None, True], "t": (b"x", bytearray(b"y"), 1 + 2j),
        "when": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), "day": datetime.date(2026, 1, 1),
        "span": datetime.timedelta(1, 2, 3), "set": {1, 2}, "frozen": frozenset("ab"), "order": OrderedDict(b=1, a=2),
        "number": np.float32(1.5), "big": 1 << 100, "text": "Grüße \ud83d\ude00 $x", "large": np.arange(LARGE * 1.0),
    }  # fmt: skip


def an_array(folder):
    return np.arange(LARGE * 1.0).reshape(100, -1)


def an_object(folder):
    return pickle.Pickler, slice(1, 2), {"w": np.arange(LARGE * 1.0), "o": np.array([None, "x"], dtype=object)}


def some_files(folder):
    root = folder / "model"
    (root / "sub").mkdir(parents=True)
    (root / "config.json").write_text("{}")
    (root / "empty").write_bytes(b"")
    (root / "sub" / "weights.bin").write_bytes(os.urandom(20 << 20))
    return root


def an_estimator(folder):
    sklearn = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
    return sklearn.LogisticRegression().fit(*training())


def a_module(folder):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    return torch.nn.Sequential(torch.nn.Linear(600, 600), torch.nn.ReLU(), torch.nn.BatchNorm1d(600))


def a_booster(folder):
    xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")
    return xgboost.train({"max_depth": 2}, xgboost.DMatrix(*training()), 3)


def a_light_booster(folder):
    lightgbm = pytest.importorskip("lightgbm", reason="lightgbm is not installed")
    return lightgbm.train({"verbose": -1}, lightgbm.Dataset(*training()), 3)


def a_graph(folder):
    pytest.importorskip("onnx", reason="onnx is not installed")
    skl2onnx = pytest.importorskip("skl2onnx", reason="skl2onnx is not installed")
    return skl2onnx.to_onnx(an_estimator(folder), training()[0][:1].astype(np.float32))


EXAMPLES = {
    "tree": a_tree,
    "numpy": an_array,
    "pickle": an_object,
    "files": some_files,
    "sklearn": an_estimator,
    "torch": a_module,
    "xgboost": a_booster,
    "lightgbm": a_light_booster,
    "onnx": a_graph,
}


def predictions(value):
    """Say what a model gives, for those that say nothing of themselves when compared."""
    X, _ = training()
    name = type(value).__module__.partition(".")[0]
    if name == "xgboost":
        return value.predict(sys.modules["xgboost"].DMatrix(X))
    if name in ("sklearn", "lightgbm"):
        return value.predict(X)
    if name.startswith("onnx"):
        return value.SerializeToString()
    return value


def test_every_format_has_an_example():
    assert set(formats.FORMATS.names()) == set(EXAMPLES)


@pytest.fixture(params=sorted(EXAMPLES))
def example(request, tmp_path):
    return request.param, EXAMPLES[request.param](tmp_path)


class TestEveryFormat:
    def test_is_chosen_for_its_values(self, example, store):
        name, value = example
        assert put(store, value).format == name

    def test_gives_back_what_it_was_given(self, example, store):
        _, value = example
        found = formats.load(put(store, value), store, trusted="code")
        assert equal(predictions(value), predictions(found))

    def test_writes_the_same_bytes_for_the_same_value(self, example, store):
        _, value = example
        assert put(store, value).manifest == put(store, value).manifest

    def test_needs_no_more_trust_than_it_says(self, example, store):
        _, value = example
        stored = put(store, value)
        formats.load(stored, store, trusted=stored.level)

    def test_refuses_a_level_below(self, example, store):
        _, value = example
        stored = put(store, value)
        below = {"arrays": None, "known": "arrays", "code": "known"}[stored.level]
        if below is None:
            pytest.skip("nothing is below")
        with pytest.raises(UntrustedError) as caught:
            formats.load(stored, store, trusted=below, what="model/m@1")
        assert "model/m@1" in str(caught.value)
        assert caught.value.needed == stored.level

    def test_lives_in_a_bucket_as_well(self, example):
        _, value = example
        from mlops_lite.store import Store

        store = Store(f"memory://formats-{os.urandom(4).hex()}")
        found = formats.load(put(store, value), store, trusted="code")
        assert equal(predictions(value), predictions(found))

    def test_says_damaged_and_never_untrusted_when_a_byte_is_wrong(self, example, store):
        _, value = example
        stored = put(store, value)
        for digest in stored.objects:
            path = store.objects.path(digest)
            whole = path.read_bytes()
            path.chmod(0o644)
            path.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
            for trusted in (stored.level, "code"):
                with pytest.raises(DamagedError):
                    formats.load(stored, store, trusted=trusted, verify="always")
            path.write_bytes(whole)

    def test_names_its_arrays_without_opening_them(self, example, store, monkeypatch):
        _, value = example
        reader = formats.reader(put(store, value), store)
        monkeypatch.setattr(pickle, "loads", None)
        monkeypatch.setattr(pickle, "Unpickler", None)
        found = formats.leaves(reader)
        assert len({leaf.path for leaf in found}) == len(found) > 0


ARRAYS = {
    "C": lambda: np.arange(LARGE * 1.0).reshape(100, -1),
    "Fortran": lambda: np.asfortranarray(np.arange(LARGE * 1.0).reshape(100, -1)),
    "transposed": lambda: np.arange(LARGE * 1.0).reshape(50, 20, -1).transpose(2, 0, 1),
    "strided": lambda: np.arange(LARGE * 2.0)[::2],
    "reversed": lambda: np.arange(LARGE * 1.0)[::-1],
    "broadcast": lambda: np.broadcast_to(np.float64(3), (100, 3000)),
    "datetime64": lambda: np.arange(LARGE).astype("M8[ns]"),
    "timedelta64": lambda: np.arange(LARGE).astype("m8[s]"),
    "text": lambda: np.array(["a", "longer"] * 100_000),
    "structured": lambda: np.zeros(LARGE, [("a", "i4"), ("b", "f8", (2,))]),
    "big-endian": lambda: np.arange(LARGE).astype(">i8"),
    "complex": lambda: np.arange(LARGE) * 1j,
    "small": lambda: np.arange(3),
    "scalar": lambda: np.array(1.5),
    "empty": lambda: np.zeros((0, 3)),
    "middling": lambda: np.arange(2000.0),
}


class TestArrays:
    @pytest.mark.parametrize("kind", ARRAYS)
    @pytest.mark.parametrize("inside", ["array", "tree", "object"])
    def test_type_shape_and_memory_order_stay(self, kind, inside, store):
        array = ARRAYS[kind]()
        value = {"array": array, "tree": {"x": array}, "object": {"x": array, "y": slice(None)}}[inside]
        found = formats.load(put(store, value), store, trusted="known")
        found = found if inside == "array" else found["x"]
        assert equal(array, found)
        assert found.flags.writeable
        if array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous:
            assert found.flags.f_contiguous

    def test_a_memory_map_is_stored_as_an_array(self, tmp_path, store):
        mapped = np.memmap(tmp_path / "x", np.float64, "w+", shape=(LARGE,))
        mapped[:] = 2
        assert equal(np.asarray(mapped), formats.load(put(store, {"x": mapped}), store)["x"])

    @pytest.mark.parametrize("size", [5, LARGE])
    def test_masked_and_record_arrays_stay_what_they_are(self, size, store):
        masked = np.ma.masked_array(np.arange(size * 1.0), np.arange(size) % 2 == 0, fill_value=-1)
        records = np.zeros(size, [("a", "i4")]).view(np.recarray)
        a, b = formats.load(put(store, [masked, records, slice(1)]), store, trusted="known")[:2]
        assert type(a) is np.ma.MaskedArray
        assert a.fill_value == -1
        assert np.array_equal(a.mask, masked.mask)
        assert np.array_equal(a.data, masked.data)
        assert type(b) is np.recarray
        assert b.a.shape == (size,)

    def test_large_ones_are_objects_of_their_own_and_small_ones_share(self, store):
        stored = put(store, {"a": np.arange(LARGE * 1.0), **{f"s{i}": np.arange(600.0) + i for i in range(50)}})
        manifest = formats.manifest(stored, store)
        assert len(manifest.objects) == 2
        assert all(place.offset % 64 == 0 for place in manifest.parts)

    def test_equal_ones_are_stored_once_and_mapped_apart(self, store):
        stored = put(store, {"a": np.zeros(LARGE), "b": np.zeros(LARGE)})
        assert stored.nbytes < 1.1 * LARGE * 8
        found = formats.load(stored, store)
        found["a"][0] = 5
        assert found["b"][0] == 0

    def test_one_that_is_there_twice_stays_one(self, store):
        array = np.zeros(LARGE)
        for value in ({"a": array, "b": array}, {"a": array, "b": array, "c": slice(1)}):
            found = formats.load(put(store, value), store, trusted="known")
            assert found["a"] is found["b"]

    def test_writing_into_a_loaded_one_leaves_the_store_alone(self, store):
        stored = put(store, {"a": np.zeros(LARGE), "b": np.zeros(600)})
        found = formats.load(stored, store)
        found["a"][:] = 1
        found["b"][:] = 1
        again = formats.load(stored, store, verify="always")
        assert again["a"].sum() == again["b"].sum() == 0

    def test_read_only_and_copied_on_request(self, store):
        stored = put(store, {"a": np.zeros(LARGE), "b": np.zeros(600)})
        fixed = formats.load(stored, store, readonly=True)
        assert not fixed["a"].flags.writeable
        assert not fixed["b"].flags.writeable
        copied = formats.load(stored, store, copy=True)
        copied["a"][0] = copied["b"][0] = 1

    def test_very_many_do_not_use_up_the_file_descriptors(self, store, monkeypatch):
        from mlops_lite.formats.container import reader

        monkeypatch.setattr(reader, "_MOST_MAPS", 3)
        model = {f"w{i}": np.full(LARGE, i * 1.0) for i in range(6)}
        found = formats.load(put(store, model), store)
        assert [array[0] for array in found.values()] == list(range(6))
        found["w5"][0] = 9
        assert formats.load(put(store, model), store)["w5"][0] == 5

    def test_maps_outlive_the_deletion_of_their_object(self, store):
        stored = put(store, np.arange(LARGE * 1.0))
        found = formats.load(stored, store)
        for digest in stored.objects:
            store.objects.path(digest).unlink()
        part = found[10:20]
        del found
        gc.collect()
        assert part.tolist() == list(range(10, 20))

    def test_non_contiguous_ones_are_copied_one_at_a_time(self, store, monkeypatch):
        """Never two copies at once: each may take as much memory as the largest array."""
        import weakref

        from mlops_lite.formats import numpy as arrays

        original, copies, most = arrays.octets, [], []

        def octets(value):
            found = original(value)
            copies.append(weakref.ref(found))
            most.append(sum(one() is not None for one in copies))
            return found

        monkeypatch.setattr(arrays, "octets", octets)
        put(store, {f"w{i}": np.arange(LARGE * 2.0)[::2] for i in range(4)})
        assert most == [1, 1, 1, 1]


class TestManifests:
    def test_one_of_a_newer_format_says_so(self):
        with pytest.raises(NewerFormatError, match="pip install --upgrade"):
            Manifest.decode(b'{"manifest":2,"format":"tree","facts":{},"objects":[],"parts":[]}')

    @pytest.mark.parametrize(
        "text",
        [
            b"[]",
            b"{}",
            b"nonsense",
            b'{"manifest":1,"format":"tree","facts":{},"objects":[["ab",1]],"parts":[]}',
            b'{"manifest":1,"format":"tree","facts":{},"objects":[],"parts":[[0,0,1]]}',
            b'{"manifest":1,"format":"tree","facts":{},"objects":[["' + b"ab" * 32 + b'",10]],"parts":[[0,5,6]]}',
            b'{"manifest":1,"format":"tree","facts":{},"objects":[["' + b"ab" * 32 + b'",10]],"parts":[[-1,0,6]]}',
            b'{"manifest":1,"format":"tree","facts":{},"objects":[["' + b"ab" * 32 + b'",10]],"parts":[[0,-6,6]]}',
        ],
    )
    def test_a_malformed_one_is_damaged(self, text):
        with pytest.raises(DamagedError):
            Manifest.decode(text)

    def test_one_that_lacks_a_fact_is_damaged(self, example, store):
        _, value = example
        whole = formats.manifest(put(store, value), store)
        if not whole.facts:
            pytest.skip("needs none")
        with store.objects.batch() as batch:
            stored = batch.add(attrs.evolve(whole, facts={}).encode())
        with pytest.raises(DamagedError, match="does not say"):
            formats.load(stored, store, trusted="code")

    def test_only_what_changed_is_written(self, store):
        from mlops_lite.formats.container.known import Before

        model = {f"w{i}": np.random.default_rng(i).random(LARGE) for i in range(4)}
        first = put(store, model)
        model["w2"] = model["w2"] + 1
        with store.objects.batch() as batch:
            formats.dump(model, batch, before=Before(formats.manifest(first, store), store.objects))
        assert batch.written < 1.001 * model["w2"].nbytes + 4096

    def test_read_only_maps_are_not_hashed_again(self, store, monkeypatch):
        from mlops_lite.formats.container import known

        stored = put(store, {"a": np.random.default_rng(0).random(LARGE)})
        found = formats.load(stored, store, readonly=True)
        monkeypatch.setattr(known, "sha256", None)
        with store.objects.batch(stored.objects) as batch:
            again = formats.dump(found, batch)
        assert again.manifest == stored.manifest
        assert batch.written == 0

    def test_writable_maps_are_hashed_again(self, store):
        stored = put(store, {"a": np.zeros(LARGE)})
        found = formats.load(stored, store)
        found["a"][-1] = 1
        assert put(store, found).manifest != stored.manifest

    def test_a_slice_of_a_map_is_not_taken_for_the_whole(self, store):
        stored = put(store, np.arange(LARGE * 2.0))
        half = formats.load(stored, store, readonly=True)[:LARGE]
        assert equal(np.array(half), formats.load(put(store, half), store))


def test_a_format_by_name_must_take_the_value(store):
    with pytest.raises(InvalidInputError, match="does not take"):
        put(store, print, format="numpy")
    assert put(store, {"a": 1}, format="pickle").format == "pickle"
