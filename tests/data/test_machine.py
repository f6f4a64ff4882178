"""Weeks of a dataset in seconds: whatever is written, rolled back, collected or forgotten, versions stay themselves."""

import shutil
import tempfile
from unittest import mock

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import mlops_lite as ml
from mlops_lite.data import cut, recognizer, writer
from mlops_lite.store import Store
from mlops_lite.store.cache import Cache

SEEDS = st.integers(0, 10**6)
PLACES = st.floats(0, 1)
SMALL = (
    mock.patch.multiple(cut, _BITS=4, _LEAST_BITS=4),  # parts of 4 to 32 rows
    mock.patch.multiple(writer, _RUN_PARTS=3),
    mock.patch.multiple(recognizer, _LEAST_BYTES=1, _MOST_BYTES=1 << 12),
)


def rows(count, seed):
    """Make rows of several kinds; few texts and nulls, so that parts differ in what they hold."""
    dice = np.random.default_rng(seed)
    return pa.table(
        {
            "id": dice.integers(0, 10**9, count),
            "price": pa.array(np.round(dice.gamma(2, 20, count), 1), mask=dice.random(count) < dice.choice([0, 0.1])),
            "city": pa.array(dice.choice(["Bern", "Oslo", "Rome"], count).tolist(), pa.string()),
            "paid": pa.array(dice.random(count) < 0.5),
        }
    )


class DatasetMachine(RuleBasedStateMachine):
    """One dataset, two stores that open its folder, and a list of tables as the model."""

    @initialize(count=st.integers(0, 300), seed=SEEDS)
    def start(self, count, seed):
        self.patches = [patch.start() for patch in SMALL]
        self.folder = tempfile.mkdtemp()
        self.cache = mock.patch.dict("os.environ", {"MLOPS_LITE_CACHE": f"{self.folder}/cache"})
        self.cache.start()
        self.turn = 0
        self.given = []  # the table of each version
        self.digests = {}
        self.now = rows(count, seed)
        self.snapshot()

    @property
    def dataset(self):
        """Open it anew, as another process would."""
        self.turn += 1
        return ml.Dataset("orders", store=Store(f"{self.folder}/store"))

    def note(self, found, table):
        if found.version > len(self.given):
            self.given.append(table)
        assert found.version == len(self.given)
        self.now = self.given[-1]
        assert self.now.equals(table)

    @rule()
    def snapshot(self):
        before = len(self.given)
        found = self.dataset.snapshot(self.now)
        changed = not self.given or not self.given[-1].equals(self.now)
        assert found.version == before + changed
        self.note(found, self.now)

    @rule(place=PLACES, count=st.integers(1, 60), seed=SEEDS)
    def insert(self, place, count, seed):
        start = int(place * self.now.num_rows)
        new = rows(count, seed).select(self.now.column_names)
        self.now = pa.concat_tables([self.now.slice(0, start), new, self.now.slice(start)])
        self.snapshot()

    @rule(place=PLACES, count=st.integers(1, 100))
    def delete(self, place, count):
        start = int(place * self.now.num_rows)
        self.now = pa.concat_tables([self.now.slice(0, start), self.now.slice(start + count)])
        self.snapshot()

    @rule(place=PLACES, seed=SEEDS)
    def change(self, place, seed):
        if not self.now.num_rows:
            return
        name = self.now.column_names[seed % self.now.num_columns]
        row = min(int(place * self.now.num_rows), self.now.num_rows - 1)
        other = rows(1, seed)[name] if name in rows(1, 0).column_names else self.now[name].slice(0, 1)
        column = pa.chunked_array(
            [*self.now[name].slice(0, row).chunks, *other.chunks, *self.now[name].slice(row + 1).chunks]
        )
        self.now = self.now.set_column(self.now.column_names.index(name), name, column)
        self.snapshot()

    @precondition(lambda self: "paid" in self.now.column_names)
    @rule()
    def drop_a_column(self):
        self.now = self.now.drop_columns(["paid"])
        self.snapshot()

    @precondition(lambda self: "paid" not in self.now.column_names)
    @rule(seed=SEEDS)
    def add_a_column(self, seed):
        self.now = self.now.append_column("paid", rows(self.now.num_rows, seed)["paid"])
        self.snapshot()

    @rule(count=st.integers(1, 80), seed=SEEDS)
    def append(self, count, seed):
        new = rows(count, seed).select(self.now.column_names)
        found = self.dataset.append(new)
        self.note(found, pa.concat_tables([self.now, new]))

    @rule(back=st.integers(0, 5))
    def roll_back(self, back):
        version = max(1, len(self.given) - back)
        found = self.dataset.rollback(version)
        self.note(found, self.given[version - 1])

    @rule(seed=SEEDS)
    def forget_what_is_cached(self, seed):
        entries = [path for path in Cache().folder.rglob("*") if path.is_file()]
        for path in entries[seed % 2 :: 2]:
            path.write_bytes(np.random.default_rng(seed).bytes(path.stat().st_size)) if seed % 3 else path.unlink()

    @rule()
    def collect(self):
        Store(f"{self.folder}/store").gc(dry_run=False, grace_s=0)

    @rule(one=PLACES, two=PLACES)
    def compare(self, one, two):
        first, second = (1 + int(place * (len(self.given) - 1)) for place in (one, two))
        found = self.dataset.diff(first, second)
        assert found.is_empty == (first == second or self.given[first - 1].equals(self.given[second - 1]))
        before, after = self.given[first - 1], self.given[second - 1]
        if before.column_names == after.column_names:
            assert len(found.added) - len(found.removed) == after.num_rows - before.num_rows

    @invariant()
    def every_version_is_what_was_given(self):
        if not self.turn:
            return
        dataset = self.dataset
        assert len(dataset) == len(self.given)
        for number in {1, (len(self.given) + 1) // 2, len(self.given)}:
            found = dataset[number]
            assert found.load().equals(self.given[number - 1])
            assert self.digests.setdefault(found.digest, self.given[number - 1]).equals(self.given[number - 1])

    def teardown(self):
        if hasattr(self, "folder"):
            assert Store(f"{self.folder}/store").verify().ok
            self.cache.stop()
            for patch in SMALL:
                patch.stop()
            shutil.rmtree(self.folder)


TestDataset = DatasetMachine.TestCase
TestDataset.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
