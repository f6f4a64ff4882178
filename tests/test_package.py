"""The package as a whole: what it exports, what importing it loads."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import mlops_lite as ml

HEAVY = ("numpy", "pandas", "scipy", "pyarrow", "fsspec", "attrs", "cattrs", "tqdm")


def test_importing_loads_no_library():
    code = f"import sys, mlops_lite; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


@pytest.mark.parametrize("name", ml.__all__)
def test_every_public_name_can_be_had(name):
    assert getattr(ml, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    said = subprocess.run(
        [sys.executable, "-c", "import mlops_lite; mlops_lite.Datset"], capture_output=True, text=True
    )
    assert "Did you mean: 'Dataset'?" in said.stderr
    with pytest.raises(AttributeError, match="no attribute 'snapshoot'"):
        ml.snapshoot


def test_type_checkers_see_the_same_names():
    """Add a public name in both places: to _HOMES, and to the imports under TYPE_CHECKING."""
    tree = ast.parse(Path(ml.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.asname: f"{node.module}.{alias.name}" for node in block.body for alias in node.names}
    assert seen.keys() == ml._HOMES.keys()
    for name, path in seen.items():
        home, _, last = path.rpartition(".")
        assert last == name
        assert getattr(importlib.import_module(home), name) is getattr(ml, name)
