"""Calls that check the signature, with MLflow: ``python _serving_peers.py <folder> <calls>``.

Run by ``deployment.peers`` in the environment of MLflow, which need not be ours: it imports nothing else of the
project. The inputs are the Parquet files in the folder, and a row of 30 zeros. The model gives back a constant; the
signature is inferred from the input. Prints the median seconds of a call for each input as JSON.
"""

from __future__ import annotations

import json
import logging
import statistics
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd


class Zero(mlflow.pyfunc.PythonModel):
    """The cheapest model."""

    answer = np.zeros(1)

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        """Give back a constant."""
        return self.answer


def per_call(predict: Any, X: Any, calls: int) -> float:
    """Time a call; the median of seven rounds."""
    times = []
    for _ in range(8):
        begin = time.perf_counter()
        for _ in range(calls):
            predict(X)
        times.append((time.perf_counter() - begin) / calls)
    return statistics.median(times[1:])


def main(path: str, calls: int) -> dict[str, Any]:
    """Measure all inputs."""
    found: dict[str, Any] = {"version": mlflow.__version__}
    inputs = {file.stem: pd.read_parquet(file) for file in Path(path).glob("*.parquet")}
    for place, (name, X) in enumerate({"numpy": np.zeros((1, 30)), **inputs}.items()):
        signature = mlflow.models.infer_signature(X, Zero.answer)
        where = f"{path}/mlflow-{place}"
        mlflow.pyfunc.save_model(where, python_model=Zero(), signature=signature, pip_requirements=["mlflow"])
        found[name] = per_call(mlflow.pyfunc.load_model(where).predict, X, calls)
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
