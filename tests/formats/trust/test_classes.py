"""Opening a model whose class this process defined leaves the class as it is, and gives what was registered."""

import sys
import types

import pytest

import mlops_lite as ml

SOURCE = """
import math
FACTOR = 3

def helper(x):
    return x * FACTOR

class Base:
    def name(self):
        return "base"

class Model(Base):
    bias = 1
    sizes = [1, 2]

    def __init__(self, k):
        self.k = k

    def predict(self, x):
        return [helper(each) * self.k + self.bias + math.floor(0.5) for each in x]

    def name(self):
        return "model of " + super().name()

    @property
    def double(self):
        return 2 * self.k

    @classmethod
    def made(cls):
        return cls(1)

    @staticmethod
    def nothing(a=1, *, b=2):
        return a + b
"""


@pytest.fixture
def cell(monkeypatch):
    """A module whose code is pickled by value, as that of a notebook."""
    module = types.ModuleType("a_notebook")
    exec(compile(SOURCE, "<cell 1>", "exec"), vars(module))
    yield module
    sys.modules.pop("a_notebook", None)


@pytest.fixture
def registry(store):
    return ml.Registry(store=store)


def files(cls):
    functions = (getattr(each, "fget", None) or getattr(each, "__func__", None) or each for each in vars(cls).values())
    return {each.__code__.co_filename for each in functions if isinstance(each, types.FunctionType)}


def test_the_class_stays_as_it_is(cell, registry):
    version = registry.register("m", cell.Model(2))
    before = dict(vars(cell.Model))

    found = version.load(trusted="code")

    assert type(found) is cell.Model
    assert found.predict([1, 2]) == [7, 13] and found.name() == "model of base" and found.double == 4
    assert files(cell.Model) == {"<cell 1>"} == files(cell.Base)
    assert {name: vars(cell.Model)[name] for name in before if callable(before[name])} == {
        name: value for name, value in before.items() if callable(value)
    }


def test_what_was_registered_is_what_is_opened(cell, registry):
    version = registry.register("m", cell.Model(2))
    cell.FACTOR = 5
    assert version.load(trusted="code").predict([1]) == [7]


def test_an_edited_method_is_opened_as_it_was_registered(cell, registry):
    version = registry.register("m", cell.Model(2))
    cell.Model.predict = lambda self, x: "edited"
    assert version.load(trusted="code").predict([1]) == [7]


def test_another_process_makes_the_class_anew(cell, registry, monkeypatch):
    version = registry.register("m", cell.Model(2))
    from cloudpickle import cloudpickle

    for tracker in ("_DYNAMIC_CLASS_TRACKER_BY_ID", "_DYNAMIC_CLASS_TRACKER_BY_CLASS"):
        monkeypatch.setattr(cloudpickle, tracker, type(getattr(cloudpickle, tracker))())
    found = version.load(trusted="code")
    assert type(found) is not cell.Model
    assert found.predict([1, 2]) == [7, 13] and found.name() == "model of base" and type(found).made().double == 2
