"""Estimates of NannyML: ``python _nannyml.py <binary | classes | regression> <reference.parquet> <current.parquet>``.

Run by ``monitoring.estimates`` in the environment of NannyML, which need not be ours: it imports nothing else of the
project. Prints each metric with its value and its sampling error, as JSON.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

import pandas as pd

METRICS = ["roc_auc", "f1", "precision", "recall", "accuracy"]


def estimator(task: str) -> Any:
    """Prepare CBPE or DLE, with one chunk."""
    from nannyml import CBPE, DLE

    common = {"y_pred": "prediction", "y_true": "target", "chunk_number": 1}
    if task == "regression":
        return DLE(feature_column_names=["x0", "x1", "x2"], metrics=["mae", "rmse"], **common)
    score = "score" if task == "binary" else {name: f"score_{name}" for name in "abc"}
    problem = "classification_binary" if task == "binary" else "classification_multiclass"
    return CBPE(problem_type=problem, y_pred_proba=score, metrics=METRICS, **common)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    task, reference, current = sys.argv[1:]
    estimated = estimator(task).fit(pd.read_parquet(reference)).estimate(pd.read_parquet(current))
    frame = estimated.filter(period="analysis").to_df()
    names = sorted({name for name, _ in frame.columns if name != "chunk"})
    print(json.dumps({n: (float(frame[n, "value"].iloc[0]), float(frame[n, "sampling_error"].iloc[0])) for n in names}))
