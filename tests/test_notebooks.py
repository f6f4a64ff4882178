"""Every notebook runs from top to bottom; what it keeps is small, and the quickstart is short."""

import ast
import importlib.util
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
FEATURES = {"quickstart", "data", "runs", "models", "monitoring", "deployment"}

pytestmark = pytest.mark.filterwarnings("default")  # of kernels and their sockets


def load_runner():
    spec = importlib.util.spec_from_file_location("execute", FOLDER / "execute.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def code(path):
    notebook = nbformat.read(path, as_version=4)
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")


def test_there_is_one_for_each_feature():
    assert {path.stem for path in NOTEBOOKS} >= FEATURES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path, tmp_path):
    notebook = load_runner().execute(path, str(tmp_path))
    errors = [out for cell in notebook.cells for out in cell.get("outputs", ()) if out.output_type == "error"]
    assert errors == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_it_keeps_is_whole_and_small(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert path.stat().st_size < 200_000
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code"), "run notebooks/execute.py"
    text = path.read_text()
    assert "/tmp/" not in text
    assert "Traceback" not in text


def test_the_quickstart_takes_fifteen_lines():
    lines = [line for line in code(FOLDER / "quickstart.ipynb").splitlines() if line.strip() and line.strip()[0] != "#"]
    assert len(lines) <= 15
    ast.parse("\n".join(lines))
