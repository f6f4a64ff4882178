"""Registering and opening with MLflow: ``python _model_peers.py <folder> <MiB of each of four arrays> <rounds>``.

Run by ``models.peers`` in the environment of MLflow, which need not be ours: it imports nothing else of the project.
MLflow keeps its records in SQLite and its artifacts in a folder; requirements are given, or it would look for them in
a process of its own, for seconds. It does not wait for the disk: the files that it wrote are synced here. Prints the
median seconds of each case as JSON.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import mlflow
import numpy as np


class Arrays(mlflow.pyfunc.PythonModel):
    """A model that holds arrays."""

    def __init__(self, arrays: dict[str, Any]) -> None:
        self.arrays = arrays

    def predict(self, context: Any, model_input: list[str]) -> list[str]:
        """Give back what comes."""
        return model_input


def forest() -> Any:
    """Grow the forest that ours grows."""
    from sklearn.datasets import load_digits
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(100, random_state=0).fit(*load_digits(return_X_y=True))


def median(function: Callable[[], Any], rounds: int) -> float:
    """Time a call, after one that warms up."""
    times = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def main(path: str, mib: int, rounds: int) -> dict[str, Any]:
    """Measure all cases."""
    mlflow.set_tracking_uri(f"sqlite:///{path}/mlflow.db")
    mlflow.set_experiment(experiment_id=mlflow.create_experiment("bench", artifact_location=f"file://{path}/artifacts"))
    model = forest()
    held = Arrays({f"w{i}": np.random.default_rng(i).random(mib * 131_072) for i in range(4)})

    def named(name: str) -> dict[str, Any]:
        return {"registered_model_name": name, "pip_requirements": ["mlflow"]}

    def durably(register: Callable[[], Any]) -> None:
        before = set(Path(path, "artifacts").rglob("*"))
        register()
        for file in set(Path(path, "artifacts").rglob("*")) - before:
            descriptor = os.open(file, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)

    kind = {"serialization_format": "cloudpickle"}
    cases = {
        "register a forest": partial(durably, lambda: mlflow.sklearn.log_model(model, name="f", **named("f"), **kind)),
        "open a forest": lambda: mlflow.sklearn.load_model("models:/f/1"),
        "register arrays": partial(durably, lambda: mlflow.pyfunc.log_model(name="a", python_model=held, **named("a"))),
        "open arrays": lambda: mlflow.pyfunc.load_model("models:/a/1"),
    }
    return {name: median(function, rounds) for name, function in cases.items()} | {"version": mlflow.__version__}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
