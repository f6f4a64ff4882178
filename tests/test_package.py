"""The package as a whole: what it exports, what importing it loads."""

import subprocess
import sys

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
    with pytest.raises(AttributeError, match="no attribute 'snapshoot'"):
        ml.snapshoot
