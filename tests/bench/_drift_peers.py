"""Drift checks of other libraries: ``python _drift_peers.py <library> <reference.parquet> <current.parquet> <rounds>``.

Run by ``monitoring.peers`` in the environment of each library, which need not be ours: it imports nothing else of the
project. What can be prepared from the reference is prepared before the clock starts, as ours has its kept profile.
Prints a list of seconds as JSON, and the version of the library.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import pandas as pd


def nannyml(reference: pd.DataFrame, current: pd.DataFrame) -> Callable[[], Any]:
    """Univariate drift of every column, one chunk, by Kolmogorov-Smirnov and chi-squared."""
    from nannyml import UnivariateDriftCalculator

    methods = {"continuous_methods": ["kolmogorov_smirnov"], "categorical_methods": ["chi2"]}
    calculator = UnivariateDriftCalculator(column_names=list(reference), chunk_number=1, **methods)
    calculator.fit(reference)
    return lambda: calculator.calculate(current)


def alibi_detect(reference: pd.DataFrame, current: pd.DataFrame) -> Callable[[], Any]:
    """Kolmogorov-Smirnov and chi-squared of every column, on one array of floats, which is made before the clock."""
    from alibi_detect.cd import TabularDrift

    levels = {name: sorted(reference[name].unique()) for name in reference if name.startswith("c")}

    def coded(frame: pd.DataFrame) -> Any:
        codes = {name: pd.Categorical(frame[name], found).codes for name, found in levels.items()}
        return frame.assign(**codes).fillna(-1.0).to_numpy(dtype=float)

    places = {list(reference).index(name): None for name in levels}
    detector = TabularDrift(coded(reference), p_val=0.05, categories_per_feature=places)
    given = coded(current)
    return lambda: detector.predict(given)


def evidently(reference: pd.DataFrame, current: pd.DataFrame) -> Callable[[], Any]:
    """Its preset for drift of data."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    numbers = [name for name in reference if name.startswith("n")]
    levels = [name for name in reference if name.startswith("c")]
    kinds = DataDefinition(numerical_columns=numbers, categorical_columns=levels)
    before, now = (Dataset.from_pandas(frame, data_definition=kinds) for frame in (reference, current))
    return lambda: Report([DataDriftPreset()]).run(now, before).dict()


PEERS = {"nannyml": nannyml, "alibi-detect": alibi_detect, "evidently": evidently}

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    name, reference, current, rounds = sys.argv[1:]
    read = [pd.read_parquet(path) for path in (reference, current)]
    frames = [frame.astype(dict.fromkeys((c for c in frame if c.startswith("c")), object)) for frame in read]
    check = PEERS[name](*frames)
    times = []
    for _ in range(int(rounds)):
        start = time.perf_counter()
        check()
        times.append(time.perf_counter() - start)
    print(json.dumps({"version": importlib.metadata.version(name), "seconds": times}))
