"""Plug-ins are found by file name and by entry point, and loaded when asked for."""

import sys
from importlib import metadata

import pytest

from mlops_lite.base import extension
from mlops_lite.base.extension import Extensions
from mlops_lite.errors import NotFoundError


@pytest.fixture
def parts(tmp_path, monkeypatch):
    package = tmp_path / "some_parts"
    package.mkdir()
    for name, text in (("__init__", ""), ("one", "value = 1"), ("two", "raise ImportError('no two')"), ("_own", "")):
        (package / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    points = [metadata.EntryPoint("three", "json:dumps", "some.parts")]
    monkeypatch.setattr(extension.metadata, "entry_points", lambda group: points if group == "some.parts" else [])
    yield Extensions("some_parts", group="some.parts")
    for name in [name for name in sys.modules if name.startswith("some_parts")]:
        del sys.modules[name]


def test_files_and_entry_points_are_listed_and_none_is_loaded(parts):
    assert parts.names() == ["one", "three", "two"]
    assert "some_parts.one" not in sys.modules


def test_a_part_is_loaded_by_name(parts):
    import json

    assert parts.load("one").value == 1
    assert parts.load("three") is json.dumps


def test_an_unknown_name_lists_those_that_are_there(parts):
    with pytest.raises(
        NotFoundError, match=r"There is no part named 'tow'\. Did you mean 'two'\? Known: one, three, two"
    ):
        parts.load("tow")


def test_what_a_part_lacks_is_its_own_error(parts):
    with pytest.raises(ImportError, match="no two"):
        parts.load("two")
