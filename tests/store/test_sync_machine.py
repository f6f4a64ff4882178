"""Two stores that go their own ways and meet at random: no record is ever lost, renumbered or changed."""

import shutil
import tempfile

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mlops_lite.base.record import Record
from mlops_lite.errors import NotFoundError
from mlops_lite.store import Store, forks, layout

SIDES = st.integers(0, 1)
NAMES = st.sampled_from(["raw", "clean"])


class SyncMachine(RuleBasedStateMachine):
    """What each side must know is kept as digests of records."""

    @initialize()
    def start(self):
        self.folder = tempfile.mkdtemp()
        self.known = [set(), set()]  # of each side: digests of all records that it has seen
        self.logs = [{}, {}]  # of each side: the digests of each log, in order
        self.contents = {}

    def store(self, side):
        return Store(f"{self.folder}/{side}")

    @rule(side=SIDES, name=NAMES, content=st.sampled_from([b"x", b"y" * 3000]), linked=st.booleans())
    def append(self, side, name, content, linked):
        store = self.store(side)
        digest = store.objects.put(content)
        parents = []
        if linked and len(store.log("dataset", "raw")):
            parents = [store.log("dataset", "raw").newest().ref]
        record = store.log("dataset", name).append({}, action="snapshot", objects=[digest], parents=parents)
        self.contents[digest] = content
        self.known[side].add(record.digest)
        self.logs[side].setdefault(name, []).append(record.digest)

    @rule(side=SIDES, name=NAMES, number=st.integers(1, 3))
    def move(self, side, name, number):
        try:
            self.store(side).labels("dataset", name).move("golden", number)
        except NotFoundError:
            assert number > len(self.logs[side].get(name, []))

    @rule(side=SIDES)
    def sync(self, side):
        source, target = self.store(side), self.store(1 - side)
        before = {name: target.labels("dataset", name).all() for name in ("raw", "clean")}
        diverged = {
            name
            for name, ours in self.logs[side].items()
            if any(one != other for one, other in zip(ours, self.logs[1 - side].get(name, []), strict=False))
        }
        done = source.sync(target)
        assert {ref.partition("@")[0].partition("/")[2] for ref in done.forks} == diverged
        self.known[1 - side] |= self.known[side]
        for name, ours in self.logs[side].items():
            theirs = self.logs[1 - side].setdefault(name, [])
            if name in diverged:
                assert target.labels("dataset", name).all() == before[name]
            elif len(ours) > len(theirs):
                theirs[:] = ours
        again = source.sync(target)
        assert (again.records, again.objects, again.forks) == (0, 0, done.forks)

    @rule(side=SIDES)
    def adopt(self, side):
        store = self.store(side)
        kept = [(stat, Record.decode(store.backend.read(stat.path))) for stat in forks.forks(store)]
        versions = [(stat, record) for stat, record in kept if not layout.is_label_kind(record.kind)]
        for stat, record in versions[:1]:  # moves of labels that diverged are only shown
            head = stat.path.split("/")[1]
            new = store.adopt(f"{record.kind}/{record.name}@fork:{head[:16]}/{record.number}")
            log = self.logs[side][record.name]
            log += [one.digest for one in new if one.digest not in log]
            self.known[side].update(log)

    @invariant()
    def every_side_has_what_it_saw(self):
        if not hasattr(self, "folder"):
            return
        for side in (0, 1):
            store = self.store(side)
            found = {Record.decode(store.backend.read(stat.path)).digest for stat in forks.forks(store)}
            for name, expected in self.logs[side].items():
                digests = [record.digest for record in store.log("dataset", name).history()]
                assert digests == expected
                found.update(digests)
                labels = store.labels("dataset", name).all()
                assert all(number <= len(expected) for number in labels.values())
            assert self.known[side] <= found

    def teardown(self):
        if hasattr(self, "folder"):
            try:
                for side in (0, 1):
                    assert self.store(side).verify().ok
                    assert self.store(side).gc(dry_run=False, grace_s=0) is not None
                    assert self.store(side).verify().ok
            finally:
                shutil.rmtree(self.folder)


SyncMachine.TestCase.settings = settings(
    max_examples=30, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestSyncMachine = SyncMachine.TestCase
