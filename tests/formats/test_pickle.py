"""Any object: what cannot be stored is named by its path; code by value needs its Python."""

import sys
import threading
import types

import numpy as np
import pytest

from mlops_lite import formats
from mlops_lite.errors import IncompatibleError, InvalidInputError
from tests.formats.test_formats import put


class Holder:
    def __init__(self, **held):
        vars(self).update(held)


class Slotted:
    __slots__ = ("inner",)

    def __init__(self, inner):
        self.inner = inner


def closing_over(value):
    return lambda: value


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (lambda: threading.Lock(), "model"),
        (lambda: {"a": [1, {"b": threading.Lock()}]}, "model['a'][1]['b']"),
        (lambda: Holder(steps=[Holder(lock=threading.Lock())]), "model.steps[0].lock"),
        (lambda: Slotted((1, threading.Lock())), "model.inner[1]"),
        (lambda: closing_over(threading.Lock()), "model(…value)"),
        (lambda: Holder(file=sys.stdout), "model.file"),
        (lambda: Holder(stream=(i for i in range(3))), "model.stream"),
    ],
)
def test_what_cannot_be_stored_is_named_by_its_path(make, path, store):
    with pytest.raises(InvalidInputError) as caught:
        put(store, make())
    assert str(caught.value).startswith(f"{path} cannot be stored")
    assert caught.value.path == path
    assert list(store.objects) == []


def test_a_class_of_a_deleted_module_goes_by_value(store):
    module = types.ModuleType("gone_tomorrow")
    exec("class Model:\n    def predict(self, X):\n        return X", module.__dict__)
    sys.modules["gone_tomorrow"] = module
    model = module.Model()
    del sys.modules["gone_tomorrow"]
    assert formats.load(put(store, model), store, trusted="code").predict(2) == 2


def test_a_lambda_of_a_deleted_module_goes_by_value(store):
    module = types.ModuleType("gone_too")
    sys.modules["gone_too"] = module
    exec("offset = 2\ndouble = lambda x: x * offset", module.__dict__)
    del sys.modules["gone_too"]
    assert formats.load(put(store, module.double), store, trusted="code")(4) == 8


def test_functions_and_classes_of_a_notebook_go_by_value(store):
    scope = {"__name__": "__main__"}
    exec("class Model:\n    def predict(self, X):\n        return helper(X)\ndef helper(X):\n    return X + 1", scope)
    stored = put(store, scope["Model"]())
    assert stored.level == "code"
    assert "by value" in stored.reason
    assert formats.load(stored, store, trusted="code").predict(1) == 2


def test_code_by_value_refuses_another_python(store, monkeypatch):
    stored = put(store, lambda x: x + 1)
    from mlops_lite.formats import pickle as pickles

    monkeypatch.setattr(pickles, "_python", lambda: "3.99")
    with pytest.raises(IncompatibleError, match=r"code of Python 3\.\d+; this is 3\.99"):
        formats.load(stored, store, trusted="code")


def test_an_object_without_code_by_value_does_not_ask_for_a_python(store, monkeypatch):
    stored = put(store, Holder(x=np.zeros(10)))
    from mlops_lite.formats import pickle as pickles

    monkeypatch.setattr(pickles, "_python", lambda: "3.99")
    assert formats.load(stored, store, trusted="code").x.sum() == 0


def test_the_source_of_what_goes_by_value_is_recorded(store):
    stored = put(store, closing_over(3))
    told = formats.manifest(stored, store).facts["by_value"]
    assert any("return lambda: value" in one["source"] for one in told)


def test_frames_inside_keep_their_columns_out_of_the_pickle(store):
    import pandas as pd

    frame = pd.DataFrame({"a": np.arange(300_000.0), "s": [f"text {i}" for i in range(300_000)]})
    stored = put(store, Holder(frame=frame))
    manifest = formats.manifest(stored, store)
    assert manifest.parts[manifest.facts["head"]].length < 5000
    pd.testing.assert_frame_equal(formats.load(stored, store, trusted="code").frame, frame)


def test_deep_nesting_is_an_error_and_not_a_crash(store):
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(InvalidInputError, match="nested too deeply"):
        put(store, deep)


class TwoPartsError(Exception):
    """Pickles, and cannot be made again: exceptions are made from their message alone."""

    def __init__(self, code, why):
        super().__init__(f"{code}: {why}")


def test_what_cannot_be_made_again_is_said_of_the_version_with_what_to_do(store):
    stored = put(store, Holder(last=TwoPartsError(3, "no")))
    with pytest.raises(
        IncompatibleError, match=r"model/x@1 could not be made again: its pickle raised TypeError"
    ) as caught:
        formats.load(stored, store, trusted="code", what="model/x@1")
    assert isinstance(caught.value.__cause__, TypeError)
    assert "register it again" in str(caught.value)


def test_a_class_that_is_not_there_any_more_is_said_of_the_version(store, monkeypatch):
    stored = put(store, Holder(x=1))
    monkeypatch.delattr(sys.modules[__name__], "Holder")
    with pytest.raises(IncompatibleError, match=r"model/x@1 could not be made again: its pickle raised AttributeError"):
        formats.load(stored, store, trusted="code", what="model/x@1")
