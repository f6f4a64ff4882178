"""Two values are as alike as they say, and the place where they differ is named."""

import copy
import datetime
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_lite.provenance.likeness import compare_values


class Thing:
    def __init__(self, **parts):
        self.__dict__.update(parts)


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


class Stubborn:
    def __reduce_ex__(self, protocol):
        raise TypeError("not me")


def circle(value):
    found = Thing(value=value)
    found.me = found
    return found


PAIRS = [
    (1, 1.0, "identical", ""),
    (1.0, 1.0 + 1e-9, "equivalent", ""),
    (1.0, 1.1, "different", ""),
    (float("nan"), float("nan"), "identical", ""),
    (float("inf"), float("inf"), "identical", ""),
    (True, 1, "different", ""),
    (1e-12, 2e-12, "different", ""),
    ("a", "b", "different", ""),
    (None, 0, "different", ""),
    ({1, 2}, {2, 1}, "identical", ""),
    ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "different", "['a']['b'][1]"),
    ({"a": 1}, {"b": 1}, "different", ""),
    ([1], [1, 2], "different", ""),
    ((1,), [1], "different", ""),
    (np.array([1.0, np.nan]), np.array([1.0, np.nan]), "identical", ""),
    (np.array([0.0]), np.array([-0.0]), "identical", ""),
    (np.array([1.0, 2.0]), np.array([1.0, 2.0 + 1e-8]), "equivalent", ""),
    (np.array([1.0, np.inf]), np.array([1.0, 5.0]), "different", ""),
    (np.array([1, 2]), np.array([1, 3]), "different", ""),
    (np.array([1.0]), np.array([1.0], "f4"), "different", ""),
    (np.array(["a", None], object), np.array(["a", None], object), "identical", ""),
    (np.array([1 + 1j]), np.array([1 + 1.00000001j]), "equivalent", ""),
    (pd.DataFrame({"a": [1.0]}), pd.DataFrame({"a": [1.0 + 1e-9]}), "equivalent", "['a']"),
    (pd.DataFrame({"a": [1.0]}), pd.DataFrame({"b": [1.0]}), "different", ""),
    (pd.DataFrame({"a": [1]}, index=[0]), pd.DataFrame({"a": [1]}, index=[1]), "different", ".index"),
    (pd.Series(["a"]), pd.Series(["b"]), "different", "[0]"),
    (Thing(a=1, b=[2.0]), Thing(a=1, b=[2.0 + 1e-9]), "equivalent", ".b[0]"),
    (Thing(a=1), Thing(a=1, b=2), "different", ""),
    (Slotted(1), Slotted(1), "identical", ""),
    (Slotted(1), Slotted(2), "different", "[1]['value']"),
    (Stubborn(), Stubborn(), "different", ""),
    (circle(1), circle(1), "identical", ""),
    (circle(1), circle(2), "different", ".value"),
    (datetime.date(2026, 1, 1), datetime.date(2026, 1, 2), "different", ""),
    (lambda x: x + 1, lambda x: x + 1, "identical", ""),
    (lambda x: x + 1, lambda x: x + 2, "different", ""),
    (len, len, "identical", ""),
]


@pytest.mark.parametrize(("one", "other", "degree", "where"), PAIRS)
def test_two_values_are_as_alike_as_this(one, other, degree, where):
    found = compare_values(one, other)
    assert (found.degree, found.where) == (degree, where)
    assert bool(found.why) == (degree != "identical")
    assert compare_values(other, one).degree == degree


def test_the_tolerance_is_the_callers():
    assert compare_values(1.0, 1.01, tolerance=0.1).degree == "equivalent"
    assert compare_values(1.0, 1.0 + 1e-15, tolerance=0).degree == "different"


def test_models_are_compared_by_their_state():
    ensemble = pytest.importorskip("sklearn.ensemble")
    dice = np.random.default_rng(0)
    X, y = dice.normal(size=(60, 3)), dice.integers(0, 2, 60)
    fit = lambda seed, X: ensemble.RandomForestClassifier(3, random_state=seed).fit(X, y)  # noqa: E731
    assert compare_values(fit(0, X), fit(0, X)).degree == "identical"
    assert compare_values(fit(0, X), fit(0, X[::-1])).degree == "different"


def test_tensors_are_compared_by_value():
    torch = pytest.importorskip("torch")
    one, other = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
    assert compare_values(one, copy.deepcopy(one)).degree == "identical"
    found = compare_values(one, other)
    assert found.degree == "different" and "weight" in found.where


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@given(plain)
def test_a_value_is_identical_to_its_copy(value):
    assert compare_values(value, pickle.loads(pickle.dumps(value))).degree == "identical"


@given(plain, plain)
def test_alike_is_the_same_from_both_sides(one, other):
    assert compare_values(one, other).degree == compare_values(other, one).degree


SOURCE = """
class Model:
    def __init__(self, weight):
        self.weight = weight

    def predict(self, X):
        return [self.weight * each for each in X]

    def parent(self):
        return super().__repr__()

def made(weight):
    return Model(weight)
"""


def by_value(source, line=0):
    """Give a function as a pickle by value gives it: with classes of its own."""
    names = {"__name__": "__main__"}
    exec(compile("\n" * line + source, "<cell>", "exec"), names)
    return names


def test_classes_by_value_are_compared_by_what_they_do():
    first, again = by_value(SOURCE), by_value(SOURCE, line=7)
    assert compare_values(first["made"](2.0), again["made"](2.0)).degree == "identical"
    assert compare_values(first["Model"], again["Model"]).degree == "identical"
    found = compare_values(first["made"](2.0), again["made"](3.0))
    assert (found.degree, found.where) == ("different", ".weight")
    edited = by_value(SOURCE.replace("self.weight * each", "self.weight + each"))
    assert compare_values(first["made"](2.0), edited["made"](2.0)).degree == "different"
    imported = by_value("import math as each\n" + SOURCE.replace("self.weight * each", "each.floor(self.weight) * 2"))
    again = by_value(SOURCE.replace("self.weight * each", "each.floor(self.weight) * 2"))
    assert compare_values(imported["made"](2.0), again["made"](2.0)).degree == "identical"
    renamed = by_value(SOURCE.replace("Model", "Other"))
    assert compare_values(first["made"](2.0), renamed["made"](2.0)).degree == "different"


@pytest.mark.parametrize(
    ("one", "other", "degree"),
    [
        (lambda x: np.sin(x), lambda x: np.sin(x), "identical"),
        (lambda x: np.sin(x), lambda x: np.cos(x), "different"),
        (lambda x: x + 1, lambda x: x + 1.0, "different"),
        (lambda x: 1 if x else 2, lambda x: 1 if not x else 2, "different"),
        (lambda xs: [x for x in xs if x], lambda xs: [x for x in xs if x], "identical"),
        (lambda xs: [x for x in xs if x], lambda xs: [x for x in xs if not x], "different"),
        (lambda x, y=1: x + y, lambda x, y=2: x + y, "different"),
        ((lambda a: lambda x: a * x)(1), (lambda a: lambda x: a * x)(1), "identical"),
        ((lambda a: lambda x: a * x)(1), (lambda a: lambda x: a * x)(2), "different"),
    ],
)
def test_functions_are_compared_by_what_they_do(one, other, degree):
    assert compare_values(one, other).degree == degree
