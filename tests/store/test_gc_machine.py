"""Weeks of writers and collectors, played in a second: nothing that a record names is ever removed."""

import os
import shutil
import tempfile
import time
from unittest import mock

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mlops_lite.base.digest import sha256
from mlops_lite.errors import DamagedError
from mlops_lite.store import Store, grace
from mlops_lite.store.grace import GRACE_S

DAY_S = 24 * 3600.0
CONTENTS = {sha256(data): data for data in (b"a", b"b" * 5000, b"c")}
WRITERS = st.integers(0, 2)


class CollectorMachine(RuleBasedStateMachine):
    """Writers keep batches open for days and commit records days after them; time passes for files and processes."""

    @initialize()
    def start(self):
        self.folder = tempfile.mkdtemp()
        self.stores = [Store(f"{self.folder}/s") for _ in range(3)]
        for store in self.stores:
            store.prepare()
        self.batches = [None] * 3
        self.written = [set() for _ in range(3)]  # of each writer: acknowledged, and named by no record of his yet
        self.named = {}  # digest -> contents
        self.passed = 0.0
        elapsed = grace.elapsed
        self.patch = mock.patch.object(grace, "elapsed", lambda: elapsed() + self.passed)
        self.patch.start()

    def files(self):
        return [os.path.join(folder, name) for folder, _, names in os.walk(f"{self.folder}/s") for name in names]

    @rule(days=st.sampled_from([0.5, 2, 3, 4, 8]))
    def time_passes(self, days):
        self.passed += days * DAY_S
        for file in self.files():
            found = os.stat(file)
            os.utime(file, (found.st_atime, found.st_mtime - days * DAY_S))

    @rule(writer=WRITERS, content=st.sampled_from(list(CONTENTS.values())))
    def add(self, writer, content):
        batch = self.batches[writer] or self.stores[writer].objects.batch()
        batch.add(content)
        self.batches[writer] = batch

    @rule(writer=WRITERS)
    def commit(self, writer):
        batch, self.batches[writer] = self.batches[writer], None
        if batch is None:
            return
        try:
            batch.__exit__(None, None, None)
        except DamagedError:
            assert any(digest not in self.stores[0].objects for digest in batch.digests)
        else:
            self.written[writer] |= batch.digests

    @rule(writer=WRITERS, log=st.sampled_from("xy"))
    def append(self, writer, log):
        store, digests = self.stores[writer], self.written[writer]
        try:
            store.log("dataset", log).append({}, action="snapshot", objects=digests)
        except DamagedError as error:
            assert error.digest not in store.objects  # refused: it was left alone for longer than the grace period
            self.written[writer] = set()
        else:
            self.named |= {digest: CONTENTS[digest] for digest in digests}
            self.written[writer] = set()

    @rule(writer=WRITERS)
    def collect(self, writer):
        self.stores[writer].gc(dry_run=False)

    @rule(writer=WRITERS)
    def begin_anew(self, writer):
        self.stores[writer] = Store(f"{self.folder}/s")
        self.batches[writer], self.written[writer] = None, set()

    @invariant()
    def what_records_name_is_there(self):
        for digest, content in self.named.items():
            assert self.stores[0].objects.read(digest) == content

    def teardown(self):
        if hasattr(self, "folder"):
            self.patch.stop()
            try:
                assert Store(f"{self.folder}/s").verify().ok
            finally:
                shutil.rmtree(self.folder)


CollectorMachine.TestCase.settings = settings(
    max_examples=80, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestCollectorMachine = CollectorMachine.TestCase


def test_an_upload_longer_than_the_grace_period_loses_nothing(tmp_path):
    """The case in slow motion: reuse at the last moment, nine days of upload, a collection, the record."""
    store = Store(tmp_path / "s")
    digest = store.objects.put(b"reused")

    def age(seconds):
        path = store.objects.path(digest)
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - seconds))

    age(3 * DAY_S)
    passed = 0.0
    elapsed = grace.elapsed
    with mock.patch.object(grace, "elapsed", lambda: elapsed() + passed):
        batch = store.objects.batch()
        batch.add(b"reused")
        assert batch.reused == 6
        passed = 3.6 * DAY_S
        age(passed)
        batch.__exit__(None, None, None)
        store.log("dataset", "d").append({}, action="snapshot", objects=[digest])
    assert store.objects.path(digest).stat().st_mtime > time.time() - DAY_S  # made young before it was named
    age(GRACE_S * 2)
    assert store.gc(dry_run=False).removed == ()
