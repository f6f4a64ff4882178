"""What other tools take to keep versions of a table: run by the interpreter that has them, see ``data.peers``.

``python -m tests.bench._data_peers <peer> <folder>`` prints JSON: for each step the seconds until all is on the disk,
and the bytes that were added.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench import seconds
from tests.bench.data import TUNED, blocks, made, size_of

ROUNDS = 3
STEPS = ("first", "unchanged", "changed", "appended")


def durable(path: str, function: Callable[[], Any]) -> float:
    """Time a call and the wait for the disk that these tools leave out."""
    return seconds(lambda: (function(), subprocess.run(["sync", "-f", path], check=True)))


def deltalake(path: str) -> Callable[[Any, bool], Any]:
    """Overwrite a Delta table, or append to it, compressed as ours."""
    from deltalake import WriterProperties, write_deltalake

    def keep(table: Any, append: bool) -> None:
        mode = "append" if append else "overwrite"
        write_deltalake(f"{path}/orders", table, mode=mode, writer_properties=WriterProperties(compression="ZSTD"))

    return keep


def dvc(path: str) -> Callable[[Any, bool], Any]:
    """Write the tuned file and add it, in one process; DVC knows nothing of rows, so to append is to write all."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from dvc.repo import Repo

    os.makedirs(path)
    repository = Repo.init(path, no_scm=True)
    held: list[Any] = []

    def keep(table: Any, append: bool) -> None:
        if append:
            table = pa.concat_tables([*held, table])
        held[:] = [table]
        pq.write_table(table, f"{path}/orders.parquet", **TUNED)
        repository.add(f"{path}/orders.parquet")

    return keep


def mlops_lite(path: str) -> Callable[[Any, bool], Any]:
    """Ours."""
    import mlops_lite as ml

    dataset = ml.Dataset("orders", store=path)
    return lambda table, append: dataset.append(table) if append else dataset.snapshot(table)


PEERS = {"deltalake": deltalake, "dvc": dvc, "mlops_lite": mlops_lite}


def measure(peer: str, folder: str) -> dict[str, tuple[float, int]]:
    """Keep a table, the same again, one with 1 % of its rows changed, and 1 % of rows more; each several times."""
    table = made()
    given = (table, table, blocks(table, 0.01, 5), made(table.num_rows // 100, seed=4))
    found: dict[str, list[tuple[float, int]]] = {step: [] for step in STEPS}
    for number in range(ROUNDS):
        path = f"{folder}/{peer}-{number}"
        keep = PEERS[peer](path)
        before = 0
        for step, value in zip(STEPS, given, strict=True):
            took = durable(folder, functools.partial(keep, value, step == "appended"))
            after = stored(path)
            found[step].append((took, after - before))
            before = after
    times = {step: statistics.median(took for took, _ in rounds) for step, rounds in found.items()}
    return {step: (times[step], rounds[-1][1]) for step, rounds in found.items()}


def stored(path: str) -> int:
    """Count the bytes of the store; the file that DVC was shown is the user's."""
    return size_of(path) - (size_of(f"{path}/orders.parquet") if Path(path, "orders.parquet").exists() else 0)


if __name__ == "__main__":
    if importlib.util.find_spec(sys.argv[1]) is not None:
        print(json.dumps(measure(sys.argv[1], sys.argv[2])))
