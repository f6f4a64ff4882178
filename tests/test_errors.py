"""One tree of errors: drawn in the docstring, with stable kinds, and the built-in class a Python person expects."""

import copy
import inspect
import pickle
import re

import pytest

from mlops_lite import errors
from mlops_lite.errors import ConflictError, MlopsLiteError, NotFoundError, suggest

ALL = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, MlopsLiteError)]


@pytest.mark.parametrize("cls", ALL)
def test_an_error_survives_pickling_with_all_it_knows(cls):
    error = cls("What happened.", remedy="The way out.", name="flights", number=3)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is cls
        assert (str(again), again.kind, again.name, again.number) == (str(error), cls.kind, "flights", 3)
        assert (again.message, again.remedy) == ("What happened.", "The way out.")
    assert str(error) == "What happened. The way out." and str(cls("Only this.")) == "Only this."


def test_every_kind_is_one_of_a_kind():
    kinds = [cls.kind for cls in ALL]
    assert len(kinds) == len(set(kinds)) > 10
    assert all(re.fullmatch(r"[a-z_]+", kind) for kind in kinds)


def test_the_tree_in_the_docstring_is_the_tree():
    drawn = re.findall(r"[├└]── (\w+Error)\s.*?(?:\((\w+)\))?$", errors.__doc__, re.MULTILINE)
    assert {name for name, _ in drawn} == {cls.__name__ for cls in ALL if cls is not MlopsLiteError}
    for name, builtin in drawn:
        bases = {base.__name__ for base in getattr(errors, name).__mro__}
        assert not builtin or builtin in bases, f"{name} is no {builtin}"


@pytest.mark.parametrize("cls", ALL)
def test_every_error_is_exported_and_says_what_it_means(cls):
    assert cls.__name__ in errors.__all__ and cls.__doc__


def test_a_fact_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'ConflictError' object has no attribute 'actual'"):
        ConflictError("x").actual


def test_python_people_catch_what_they_expect():
    with pytest.raises(LookupError):
        raise NotFoundError("gone")


def test_the_nearest_name_is_suggested_and_long_lists_are_cut():
    assert suggest("flight", ["weather", "flights"]) == "Did you mean 'flights'? Known: flights, weather."
    assert suggest("zzz", ["a", "b"]) == "Known: a, b."
    assert suggest("a", []) == ""
    assert suggest("n", [f"name{number:02d}" for number in range(20)]).endswith("name07 and 12 more.")
