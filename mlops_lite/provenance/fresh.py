"""A virtual environment made from the packages that a run recorded, and a call made again inside it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from mlops_lite.base import progress
from mlops_lite.base.digest import sha256
from mlops_lite.errors import InvalidInputError, MissingLibraryError
from mlops_lite.store.address import told as address
from mlops_lite.tracking.facts import Environment
from mlops_lite.tracking.run import Run

__all__ = ["interpreter", "replay_in", "requirements"]

_OURS = ("attrs", "cattrs", "cloudpickle", "fsspec", "numpy", "pandas", "pyarrow", "scipy", "tqdm")
_PACKAGE = Path(__file__).parents[1]


def requirements(environment: Environment) -> str:
    """List what to install: the recorded packages, and what else this library needs, as it is installed here.

    Parameters
    ----------
    environment : Environment

    Returns
    -------
    str
        As ``pip install -r`` takes it.
    """
    lines = [line for line in environment.requirements.splitlines() if line and not _is_ours(line)]
    named = {name.lower().replace("_", "-") for name in environment.packages}
    lines += [f"{name}=={metadata.version(name)}" for name in _OURS if name not in named]
    return "\n".join(lines) + "\n"


def _is_ours(line: str) -> bool:
    if line.startswith("-e "):
        return line == f"-e {_PACKAGE.parent}"
    return line.replace("-", "_").startswith(("mlops_lite=", "mlops_lite @"))


def interpreter(run: Run) -> Path:
    """Give the Python of an environment with a run's packages; made once, and kept in the cache folder.

    Raises
    ------
    MissingLibraryError
        A package cannot be installed.
    """
    wanted = requirements(run.environment)
    python = _python(run.environment.python)
    cache, key = run.store.cache, sha256(f"{python}\n{wanted}".encode())[:24]
    folder = cache.path("environments", key)
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
        try:
            _make(making, python, wanted, run)
            os.replace(making, folder)  # a virtual environment may be moved as long as only its Python is used
        except OSError:
            if not folder.exists():  # else another process was faster
                raise
        finally:
            shutil.rmtree(making, ignore_errors=True)
    return _executable(folder)


def _python(version: str) -> str:
    """Find the interpreter of the recorded version; where there is none, this one has to do."""
    minor = ".".join(version.split(".")[:2])
    if minor != f"{sys.version_info.major}.{sys.version_info.minor}":
        found = shutil.which(f"python{minor}")
        if found is not None:
            return found
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def _make(folder: Path, python: str, wanted: str, run: Run) -> None:
    with progress.bar(total=2, description="making an environment") as bar:
        _call([python, "-m", "venv", str(folder)], run)
        bar.update()
        listed = folder / "requirements.txt"
        listed.write_text(wanted)
        _call([str(_executable(folder)), "-m", "pip", "install", "-q", "--no-deps", "-r", str(listed)], run)
        bar.update()


def _call(command: list[str], run: Run) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip() and "[notice]" not in line]
        raise MissingLibraryError(
            f"The packages of run {run.id} cannot be installed: {' '.join(said[-3:])}",
            remedy="Run it with those of this process: ml.reproduce(run, environment='current').",
        )


def _executable(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def replay_in(python: Path, original: Run, code: str, given: Mapping[str, Any]) -> Run:
    """Make the call of a run again in another interpreter.

    Raises
    ------
    InvalidInputError
        The store cannot be reached from another process, or the call cannot be made there.
    """
    store = original.store
    if store.url.startswith("memory:"):
        raise InvalidInputError(
            f"Another process cannot reach the store at {store.url}.", remedy="Use a store in a folder or bucket."
        )
    told = {
        "store": address(store) | {"trusted": "code"},
        "run": original.id,
        "code": code,
        "given": _pickled(given),
        "path": _search_path(original),
    }
    with tempfile.TemporaryDirectory() as folder:
        _lend(Path(folder))
        done = subprocess.run(
            [str(python), "-m", "mlops_lite.provenance.replay"],
            input=json.dumps(told),
            capture_output=True,
            text=True,
            check=False,
            env=_variables(folder, original),
            cwd=_folder(original),
        )
    last = done.stdout.splitlines()[-1:] or [""]
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise InvalidInputError(f"The run {original.id} cannot be made again in its environment: {said[0]}")
    return Run(store, last[0])


def _lend(folder: Path) -> None:
    """Lend this library to an environment, and nothing else of where it is installed."""
    try:
        (folder / "mlops_lite").symlink_to(_PACKAGE, target_is_directory=True)
    except OSError:  # Windows asks for a privilege
        shutil.copytree(_PACKAGE, folder / "mlops_lite")


def _variables(folder: str, original: Run) -> dict[str, str]:
    found = {name: value for name, value in os.environ.items() if name not in ("MLOPS_LITE_RUN", "PYTHONHOME")}
    found["PYTHONPATH"] = folder
    seed = original.environment.details.get("threads", {}).get("PYTHONHASHSEED")
    return {**found, "PYTHONHASHSEED": seed} if seed else found


def _search_path(original: Run) -> list[str]:
    """Say where the modules of the project lie, for what is imported only inside a function."""
    code = original.code
    if code is None or code.module == "__main__" or not os.path.isabs(code.file):
        return [os.path.dirname(code.file)] if code is not None and os.path.isabs(code.file) else []
    return [str(Path(code.file).parents[code.module.count(".")])]


def _folder(original: Run) -> str | None:
    folder = str(original.facts.get("process", {}).get("folder", ""))
    return folder if os.path.isdir(folder) else None


def _pickled(given: Mapping[str, Any]) -> str:
    import cloudpickle

    return cloudpickle.dumps(dict(given)).hex() if given else ""
