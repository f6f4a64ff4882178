"""A store, several writers and a dictionary of what it must hold, acted on at random and compared."""

import os
import random
import shutil
import tempfile

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mlops_lite.errors import ConflictError, MlopsLiteError, NotFoundError, StoreUnavailableError
from mlops_lite.store import Store

NAMES = ["flights", "Flights", "a", "a/hint"]
CONTENTS = [b"", b"x", b"y" * 5000, bytes(range(256)) * 20]


class Faulty:
    """A backend that fails, before or after the deed, whenever it is told to."""

    def __init__(self, backend):
        self._inner = backend
        self.plan = []  # what happens to the next writes: None, "before", "after"

    def _perform(self, deed):
        fault = self.plan.pop(0) if self.plan else None
        if fault == "before":
            raise OSError("refused")
        deed()
        if fault == "after":
            raise OSError("reply lost")

    def create(self, path, data):
        if path.startswith("logs"):
            self._perform(lambda: self._inner.create(path, data))
        else:
            self._inner.create(path, data)

    def __getattr__(self, name):
        return getattr(self._inner, name)


class StoreMachine(RuleBasedStateMachine):
    """Three writers that know nothing of each other but the store."""

    @initialize(kind=st.sampled_from(["local", "memory"]))
    def start(self, kind):
        self.folder = tempfile.mkdtemp()
        self.url = self.folder + "/s" if kind == "local" else f"memory://{os.urandom(8).hex()}"
        self.writers = [self.open() for _ in range(3)]
        self.records = {}  # name -> bodies
        self.labels = {}  # name -> label -> stack of numbers
        self.objects = {}  # digest -> contents, of those that a record names

    def open(self):
        store = Store(self.url)
        store.prepare()
        store.backend = Faulty(store.backend)
        return store

    @rule(writer=st.integers(0, 2), name=st.sampled_from(NAMES), picked=st.lists(st.sampled_from(CONTENTS), max_size=3))
    def append(self, writer, name, picked):
        store = self.writers[writer]
        with store.objects.batch() as batch:
            digests = {batch.add(data): data for data in picked}
        number = len(self.records.setdefault(name, [])) + 1
        record = store.log("dataset", name).append({"n": number}, action="snapshot", objects=digests)
        assert record.number == number
        self.records[name].append({"n": number})
        self.objects |= digests

    @rule(writer=st.integers(0, 2), name=st.sampled_from(NAMES), fault=st.sampled_from(["before", "after"]))
    def append_with_a_fault(self, writer, name, fault):
        store = self.writers[writer]
        log = store.log("dataset", name)
        log.backend = store.backend
        store.backend.plan = [fault]
        bodies = self.records.setdefault(name, [])
        try:
            log.append({"n": len(bodies) + 1}, action="snapshot")
        except StoreUnavailableError:
            assert fault == "before"
        else:
            assert fault == "after"
            bodies.append({"n": len(bodies) + 1})
        store.backend.plan = []

    @rule(writer=st.integers(0, 2), name=st.sampled_from(NAMES), label=st.sampled_from("uv"), number=st.integers(1, 4))
    def move(self, writer, name, label, number):
        stacks = self.labels.setdefault(name, {})
        try:
            self.writers[writer].labels("dataset", name).move(label, number)
        except NotFoundError:
            assert number > len(self.records.get(name, []))
            return
        if stacks.setdefault(label, [])[-1:] != [number]:
            stacks[label].append(number)

    @rule(writer=st.integers(0, 2), name=st.sampled_from(NAMES), label=st.sampled_from("uv"))
    def revert(self, writer, name, label):
        stack = self.labels.get(name, {}).get(label, [])
        try:
            self.writers[writer].labels("dataset", name).revert(label)
        except NotFoundError:
            assert len(stack) < 2
        else:
            stack.pop()

    @rule(writer=st.integers(0, 2), name=st.sampled_from(NAMES), expected=st.integers(0, 4))
    def move_if(self, writer, name, expected):
        if not self.records.get(name):
            return
        stacks = self.labels.setdefault(name, {})
        actual = stacks.get("u", [None])[-1]
        try:
            self.writers[writer].labels("dataset", name).move("u", 1, expected=expected or None)
        except ConflictError:
            assert actual != (expected or None)
        else:
            assert actual == (expected or None)
            if stacks.setdefault("u", [])[-1:] != [1]:
                stacks["u"].append(1)

    @rule(name=st.sampled_from(NAMES), lie=st.integers(0, 9))
    def write_a_false_hint(self, name, lie):
        if self.records.get(name):
            folder = self.writers[0].log("dataset", name).folder
            self.writers[0].backend.replace(f"{folder}/hint", b"%012d" % lie)

    @rule(writer=st.integers(0, 2))
    def reopen(self, writer):
        self.writers[writer] = self.open()

    @rule(writer=st.integers(0, 2))
    def collect_garbage(self, writer):
        self.writers[writer].gc(dry_run=False, grace_s=0)
        for store in self.writers:
            store.objects._checked.clear()  # a grace of zero breaks the promise that lets writers remember

    @invariant()
    def the_store_holds_what_it_must(self):
        fresh = Store(self.url)
        for name, bodies in self.records.items():
            assert [dict(record.body) for record in fresh.log("dataset", name).history()] == bodies
        for name, stacks in self.labels.items():
            expected = {label: stack[-1] for label, stack in stacks.items() if stack}
            assert fresh.labels("dataset", name).all() == expected
        for digest, contents in self.objects.items():
            assert fresh.objects.read(digest) == contents

    def teardown(self):
        if hasattr(self, "folder"):
            try:
                assert Store(self.url).verify().ok
            finally:
                shutil.rmtree(self.folder)


StoreMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestStoreMachine = StoreMachine.TestCase


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_a_place_that_fails_now_and_then_loses_nothing(tmp_path, share):
    """Whatever append said it did, it did; whatever it said it did not, it did not."""
    store = Store(tmp_path / "s")
    store.prepare()
    backend = store.backend
    dice = random.Random(3)

    class NowAndThen:
        def __getattr__(self, name):
            found = getattr(backend, name)
            if name not in ("create", "read", "read_many", "exists"):
                return found

            def call(*arguments):
                if dice.random() < share / 2:
                    raise OSError("refused")
                answer = found(*arguments)
                if dice.random() < share / 2:
                    raise OSError("reply lost")
                return answer

            return call

    log = store.log("dataset", "d")
    log.backend = NowAndThen()
    acknowledged, unknown = [], []
    for number in range(200):
        try:
            log.append({"n": number}, action="snapshot")
        except MlopsLiteError as error:
            if error.kind == "unknown_outcome":
                unknown.append(number)
        else:
            acknowledged.append(number)
    written = [record.body["n"] for record in Store(store.url).log("dataset", "d").history()]
    assert len(acknowledged) > 10
    assert set(acknowledged) <= set(written) <= set(acknowledged) | set(unknown)
    assert len(written) == len(set(written))
    assert Store(store.url).verify().ok
