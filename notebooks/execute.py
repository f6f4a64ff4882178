"""Run every notebook in an empty folder and keep what it printed: ``python notebooks/execute.py [name …]``.

The tests run the notebooks too, and compare nothing: what is kept is for readers. Outputs stay small.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent


def execute(path: Path, folder: str) -> Any:
    """Run a notebook from top to bottom, with a store and a cache of its own.

    Parameters
    ----------
    path : Path
    folder : str
        The working directory of its kernel.

    Returns
    -------
    nbformat.NotebookNode
        The notebook with its outputs.
    """
    notebook = nbformat.read(path, as_version=4)
    environment = os.environ | {
        "MLOPS_LITE_CACHE": str(Path(folder) / "cache"),
        "MLOPS_LITE_PROGRESS": "0",
        "MLOPS_LITE_AUTHOR": "ada",
        "OMP_NUM_THREADS": "1",  # beside other work, threads wait for each other longer than they work
        "PYTHONPATH": str(HERE.parent),
    }
    environment.pop("MLOPS_LITE_STORE", None)
    client = NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": folder}}, record_timing=False
    )
    client.execute(env=environment)
    return _tidy(notebook, folder)


def _tidy(notebook: Any, folder: str) -> Any:
    """Take out what says where and when it ran rather than what happened."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            for place in (output, output.get("data", {})):
                for key, text in place.items():
                    if isinstance(text, str):
                        place[key] = text.replace(folder, ".").replace(str(HERE.parent), ".")
    return notebook


def main() -> None:
    """Run those that are named, or all."""
    wanted = [HERE / f"{name.removesuffix('.ipynb')}.ipynb" for name in sys.argv[1:]] or sorted(HERE.glob("*.ipynb"))
    for path in wanted:
        with tempfile.TemporaryDirectory() as folder:
            nbformat.write(execute(path, folder), path)
        sys.stdout.write(f"{path.name}: {path.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
